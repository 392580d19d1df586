"""Predictions: one label, and perhaps one score, for every cell of a phase."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from submissions.cells import Label
from submissions.phases import Phase

THRESHOLD = 0.5
"""A cell is called ALL when its score lies above this."""


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """Labels (uint8, 0 = HEM, 1 = ALL) and scores (float64, the probability of ALL), one per cell.

    Both arrays follow `phase.cells` and are read-only. Raises ValueError when a length, a label or
    a score breaks the treaty: scores are finite and lie in [0, 1].
    """

    phase: Phase
    labels: npt.NDArray[np.uint8]
    scores: npt.NDArray[np.float64] | None = field(default=None)

    def __post_init__(self) -> None:
        labels = np.array(self.labels)
        if labels.shape != (len(self.phase),):
            raise ValueError(
                f"phase {self.phase.name} has {len(self.phase)} cells, found {labels.size} labels"
            )
        if not np.isin(labels, (Label.HEM, Label.ALL)).all():
            raise ValueError(f"labels are 0 or 1, found {sorted(set(labels.tolist()) - {0, 1})[:3]}")
        object.__setattr__(self, "labels", _frozen(labels.astype(np.uint8)))
        if self.scores is None:
            return
        scores = np.array(self.scores, dtype=np.float64)
        if scores.shape != labels.shape:
            raise ValueError(f"{labels.size} labels need as many scores, found {scores.size}")
        outside = ~((scores >= 0) & (scores <= 1))
        if outside.any():
            at = int(np.flatnonzero(outside)[0])
            raise ValueError(f"scores lie in [0, 1], found {scores[at]} for {self.phase.cells[at]}")
        object.__setattr__(self, "scores", _frozen(scores))

    @classmethod
    def from_scores(cls, phase: Phase, scores: npt.NDArray[np.float64]) -> Predictions:
        """Predictions whose labels are ALL exactly where the score lies above one half."""
        return cls(phase, (np.asarray(scores) > THRESHOLD).astype(np.uint8), scores)

    @property
    def positives(self) -> int:
        """How many cells are called ALL."""
        return int(self.labels.sum())


def _frozen(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    array.flags.writeable = False
    return array
