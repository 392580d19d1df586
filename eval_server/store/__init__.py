"""What the server keeps: phases, submissions, verdicts, tokens; it knows no HTTP."""
