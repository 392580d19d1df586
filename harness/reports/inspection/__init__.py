"""`harness inspect`: what a run is, how its epochs went, what it gets wrong, and where its network looks."""
