"""The Ladder: a public best that moves only when a submission is clearly better than the last best.

Blum and Hardt 2015: publish a new best only if it beats the old one by more than the standard error of
their difference, else repeat the old number. It keeps many submissions from learning the test set.

The standard error is that over subjects. Where subjects cannot tell it (a class with a single one, or no
spread at all) it is that over cells, which is smaller: a board must not freeze for want of subjects.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eval_server.scoring.counts import TIE, Floats, Tally
from eval_server.scoring.differences import errors
from eval_server.scoring.intervals import CR3
from eval_server.scoring.metrics import WEIGHTED_F1, Metric

Step = Callable[[int, int], float]
"""How much submission `new` must gain over submission `best`: step(best, new), NaN for "never"."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One submission: its true score, the best that is published after it, and whether it moved that."""

    score: float
    published: float
    improved: bool
    leader: int


def climb(scores: Sequence[float], step: Step) -> list[Rung]:
    """The published best after every submission, in order; larger scores are better."""
    rungs: list[Rung] = []
    leader = 0
    for at, score in enumerate(scores):
        improved = at == 0 or score > scores[leader] + step(leader, at) + TIE
        leader = at if improved else leader
        rungs.append(Rung(score, scores[leader], improved, leader))
    return rungs


def by_cells(losses: npt.ArrayLike) -> list[Rung]:
    """The parameter-free Ladder on losses per cell (rows: submissions); a rung's score is -mean loss."""
    table = np.asarray(losses, dtype=float)
    return climb(
        [float(row) for row in -table.mean(axis=1)], lambda best, new: cell_step(table[best], table[new])
    )


def cell_step(best: Floats, new: Floats) -> float:
    """Standard error of the difference of two mean losses over cells; NaN (no step up) for a single cell."""
    return float((new - best).std(ddof=1) / np.sqrt(len(best))) if len(best) > 1 else np.nan


def by_subjects(
    table: Tally, metric: Metric = WEIGHTED_F1, losses: npt.ArrayLike | None = None
) -> list[Rung]:
    """The Ladder in its clustered form: the step is the subject-level standard error of the difference.

    `losses` by cell (rows: submissions) step in where that cannot be estimated.
    """
    value: Floats = metric.value(table.tp.sum(axis=1), table.tn.sum(axis=1), table.positives, table.negatives)
    cells = None if losses is None else np.asarray(losses, dtype=float)

    def step(best: int, new: int) -> float:
        if cells is None:
            return clustered_step(table, best, new, metric)
        return step_of(table, best, new, (cells[best], cells[new]), metric)

    return climb(value.tolist(), step)


def step_of(
    table: Tally, best: int, new: int, losses: tuple[Floats, Floats], metric: Metric = WEIGHTED_F1
) -> float:
    """The step over subjects, or over cells where the subjects cannot tell their spread."""
    found = clustered_step(table, best, new, metric)
    return cell_step(*losses) if np.isnan(found) else found


def clustered_step(table: Tally, best: int, new: int, metric: Metric = WEIGHTED_F1) -> float:
    """Standard error of the difference of two rows; NaN (no step up) where it cannot be estimated.

    With CR3 it is never smaller than what a single subject moves: one cell more is no step up.
    """
    found = errors(metric, table, np.array([new]), np.array([best]), leverage=CR3)
    return float(found.se[0])
