"""What is one submission worth, and beside another? Predictions meet the truth here, and nowhere else."""
