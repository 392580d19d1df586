"""What pages show: documents and verdicts turned into words, rows and pictures; pure functions."""
