"""What the command line shows and writes about many entries: leaderboard, page, seeds, cards."""
