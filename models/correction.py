"""Correction of labels by the most similar cells: what Pan et al. 2019 add to a network.

Two cells that look alike mostly belong to one class, so where a cell's label disagrees with those of
its nearest neighbours, the label is the likelier mistake. How far neighbours are trusted is read off
the labels themselves: if a label agrees with the truth with correlation r, and neighbours share their
class, then labels of neighbours correlate by r². The square root of their correlation is the say that
neighbours get. Where features say nothing, labels of neighbours are uncorrelated and nothing changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.contract import Scores

_BLOCK = 512
"""Rows of the table of similarities at once: 11 MB for the final set in place of 54."""
_STANDARD_ERRORS = 2.0
"""Correlation that is taken for chance: labels that know nothing get a say in about one case of forty."""


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """The k most similar other cells of each cell: places and weights (cosines), both (n, k)."""

    places: npt.NDArray[np.intp]
    weights: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Correction:
    """Corrected scores, and the say (0 to 1) that neighbours had in them."""

    scores: Scores
    trust: float


def corrected(features: npt.NDArray[Any], scores: Scores, neighbours: int) -> Correction:
    """Blend each cell's score with the weighted vote of its most similar cells.

    `features` (n, d) say which cells are alike (cosine); `scores` (n,) are the first probabilities
    of ALL, whose labels vote. A pure function; the order of the cells does not matter.
    """
    count = min(neighbours, len(scores) - 1)
    labels = (scores > 0.5).astype(np.float64)
    if count < 1 or labels.min() == labels.max():
        return Correction(scores, 0.0)
    near = nearest(features, count)
    share = near.weights / near.weights.sum(axis=1, keepdims=True)
    votes = (share * labels[near.places]).sum(axis=1)
    trust = _trust(near, labels)
    return Correction(np.clip((1 - trust) * scores + trust * votes, 0.0, 1.0), trust)


def nearest(features: npt.NDArray[Any], count: int) -> Neighbours:
    """The `count` most similar other cells of each cell, by the cosine of their features."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    directions = (features / np.maximum(lengths, 1e-12)).astype(np.float64)
    places, weights = [], []
    for start in range(0, len(directions), _BLOCK):
        block = directions[start : start + _BLOCK]
        alike = block @ directions.T
        alike[np.arange(len(block)), start + np.arange(len(block))] = -np.inf  # a cell has no vote for itself
        # Stable and whole, where argpartition would do: of equally similar cells always the same are near.
        closest = np.argsort(-alike, axis=1, kind="stable")[:, :count]
        places.append(closest)
        weights.append(np.take_along_axis(alike, closest, axis=1))
    return Neighbours(np.concatenate(places), np.maximum(np.concatenate(weights), 1e-6))


def _trust(near: Neighbours, labels: npt.NDArray[np.float64]) -> float:
    """Square root of the correlation of labels between neighbours, less what chance could give."""
    apart = labels - labels.mean()
    together = (near.weights * apart[:, None] * apart[near.places]).sum() / near.weights.sum()
    chance = _STANDARD_ERRORS * np.sqrt(2.0 / near.places.size)
    return float(np.sqrt(np.clip(together / (apart**2).mean() - chance, 0.0, 1.0)))
