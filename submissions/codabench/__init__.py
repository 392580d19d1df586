"""The challenge on Codabench and CodaLab: a bundle that runs there, and what is wrong with others."""
