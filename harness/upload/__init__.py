"""Handing in what was made here or elsewhere: to an evaluation server of ours."""
