"""The treaty: what is predicted, in which order, and how it travels."""
