"""What is measured on a cell without learning: its descriptors, and the store that keeps them."""
