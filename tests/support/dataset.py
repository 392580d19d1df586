"""Small drawn data sets for tests, in the published layout."""

from __future__ import annotations

from pathlib import Path

from harness.data.published import published
from harness.data.synthetic import draw


def a_dataset(folder: Path, cells: int = 48, seed: int = 0) -> Path:
    """Draw about so many cells (24 or more, 0.6 MB each) into a new or empty folder; returns the folder.

    A half of them is preliminary (all 28 subjects from 56 cells on), a sixth final; the rest trains,
    with both classes in every fold. From 118 cells on every one of the 118 subjects has one.
    """
    draw(folder, scale=cells / len(published()), seed=seed)
    return folder
