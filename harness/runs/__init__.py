"""A run: its folder, its plan, its workflow, and where its numbers came from."""
