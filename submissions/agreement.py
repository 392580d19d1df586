"""Scores held against the labels they stand beside: what disagrees, and which mistake that looks like."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from submissions.labels import places
from submissions.predictions import THRESHOLD

FEW = 20
"""Below so many cells a column of high scores may be chance."""


def contradictions(labels: npt.NDArray[np.uint8], scores: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """Where a score says the other class than the label; exactly one half contradicts neither."""
    against = np.where(labels == 1, scores < THRESHOLD, scores > THRESHOLD)
    return np.flatnonzero(against)


def disagreement(
    labels: npt.NDArray[np.uint8],
    scores: npt.NDArray[np.float64],
    lines: Sequence[int],
    column: str = "the scores",
) -> tuple[str, ...]:
    """A remark where labels and scores disagree, with the lines; nothing elsewhere."""
    at = contradictions(labels, scores)
    if not at.size:
        return ()
    where = places(sorted(lines[index] for index in at.tolist()))
    said = f"label and score disagree in {at.size:,} of {len(labels):,} lines ({where}): the label counts"
    return (f"{said}{_looks_like(labels, scores, at.size, column)}",)


def _looks_like(
    labels: npt.NDArray[np.uint8], scores: npt.NDArray[np.float64], wrong: int, column: str
) -> str:
    """The column that this one seems to be, where the disagreement has a shape."""
    if (scores >= THRESHOLD).all() and (labels == 0).any():
        return (
            f"; {column} is never below one half, as the confidence in a label is: "
            "if that is meant, call the column `confidence`"
        )
    if 2 * wrong > len(labels):
        return (
            f"; {column} seems to be the probability of HEM: if that is meant, call the column `p_hem`, "
            "or give 1 minus it"
        )
    return ""


def all_called(scores: npt.NDArray[np.float64], column: str) -> tuple[str, ...]:
    """A remark where a table of scores alone has none below one half, as confidences have none."""
    if len(scores) < FEW or not (scores >= THRESHOLD).all():
        return ()
    called = "no cell" if (scores > THRESHOLD).all() else "only a cell with exactly one half"
    return (
        f"no score in {column} is below one half, so that {called} is called HEM: if these are confidences "
        "in a label, add that label and call the column `confidence`",
    )
