"""Correction of labels by vote, as Pan, Liu, Xia and Shen published it (2019, and their released program).

In a vote every cell asks the cells that are most like it, itself among them. Of seven, four that are normal
make a leukemic cell normal, and five that are leukemic make a normal cell leukemic. All cells change at once.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from models.contract import Scores

Labels = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]
_BLOCK = 512
"""Rows of the table of similarities at once: 11 MB for the final set in place of 54."""


def matched(scores: Scores, share: float) -> Labels:
    """Labels of which this share is ALL: the cells with the highest scores."""
    labels = np.zeros(len(scores), dtype=bool)
    labels[np.argsort(-scores, kind="stable")[: round(share * len(scores))]] = True
    return labels


def alike(vectors: npt.NDArray[np.float32], count: int) -> Places:
    """The `count` cells whose vectors (n, d) are most like each cell's, itself among them: (n, k)."""
    found = []
    for start in range(0, len(vectors), _BLOCK):
        block = vectors[start : start + _BLOCK] @ vectors.T
        rows = np.arange(len(block))
        block[rows, start + rows] = np.inf  # of two equal vectors, too, a cell is the most like itself
        found.append(np.argsort(-block, axis=1, kind="stable")[:, :count])
    return np.concatenate(found)


def voted(labels: Labels, places: Places) -> Labels:
    """The labels (True is ALL) after one vote of each cell's nearest, itself among them."""
    asked = places.shape[1]
    leukemic = labels[places].sum(axis=1)
    stay = asked - leukemic < (asked + 1) // 2
    turn = leukemic >= (asked + 3) // 2
    return np.where(labels, stay, turn)


def swept(labels: Labels, codebooks: Iterable[Places], rounds: int) -> Labels:
    """The labels after so many votes by each codebook's neighbours, one codebook after the other."""
    for places in codebooks:
        for _ in range(rounds):
            labels = voted(labels, places)
    return labels


def scores_within(labels: Labels, first: Scores) -> Scores:
    """Scores that say these labels (above one half is ALL), and within each label the order of the first."""
    inside = np.clip(first, 1e-6, 1 - 1e-6)
    return np.where(labels, 1 + inside, inside) / 2
