"""The reproduction of the paper, held to numbers from another path."""
