"""Uploads that look like a design to learn labels by: ones that have nothing to do with the team's others.

Whoever trains models hands in labels that agree with each other far more than by chance, because all of
them follow the cells. Random labels, by which counts can be solved for, agree with nothing. The measure is
phi, the correlation of two sets of labels; its size alone counts, so that labels the wrong way round are no
design.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

ALIKE = 0.2
"""Labels whose phi is at least so large, either way, have something to do with each other."""
MANY = 3
"""So many uploads that are unlike all before them make a team's uploads look like a design."""


def unlike_all_before(uploads: Sequence[npt.NDArray[np.uint8]]) -> list[int]:
    """Which of these sets of labels, in order of arrival, are unlike every earlier one.

    The first has nothing before it, and labels that are all the same say nothing of cells: neither counts.
    """
    if len(uploads) < 2:
        return []
    table = np.asarray(uploads, dtype=np.float32)
    varied = table.std(axis=1) > 0
    table -= table.mean(axis=1, keepdims=True)
    table /= np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-6)
    sizes = np.where(varied, np.abs(table @ table.T), 0)
    return [
        at
        for at in range(1, len(uploads))
        if varied[at] and varied[:at].any() and sizes[at, :at].max() < ALIKE
    ]


def looks_designed(uploads: Sequence[npt.NDArray[np.uint8]]) -> bool:
    """Whether these labels, in order of arrival, look like a design."""
    return len(unlike_all_before(uploads)) >= MANY
