"""What Codabench runs: `score.py`, one file that imports the standard library only."""
