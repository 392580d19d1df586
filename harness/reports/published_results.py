"""What was published about the official phases, to show beside local entries."""

from __future__ import annotations

PUBLISHED = {
    "prelim": (
        ("Pan et al.: neighborhood correction", 0.9250, "book chapter abstract"),
        ("Xiao et al.: DeepMEN", 0.903, "book chapter abstract"),
        ("Prellberg and Kramer: SE-ResNeXt50, 8 rotations", 0.8981, "the paper, best of 24 seeds"),
        ("Prellberg and Kramer: SE-ResNeXt50, 8 rotations", 0.8966, "challenge leaderboard"),
        ("Marzahl et al.", 0.8746, "publication page"),
        ("Shi et al.", 0.869, "book chapter abstract; said to be accuracy"),
    ),
    "final": (
        ("Pan et al.: neighborhood correction", 0.9104, "challenge leaderboard, rank 1"),
        ("deepshad", 0.8947, "challenge leaderboard, rank 2"),
        ("Prellberg and Kramer: SE-ResNeXt50, 8 rotations", 0.8891, "challenge leaderboard, rank 3"),
        ("Xiao et al.: DeepMEN", 0.8856, "challenge leaderboard, rank 4"),
        ("Shi et al.", 0.8798, "challenge leaderboard, rank 5"),
        ("Marzahl et al.", 0.8284, "publication page"),
    ),
}
"""Published weighted F1 of the official phases: reference rows, never ranked."""
