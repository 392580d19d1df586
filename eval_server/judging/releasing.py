"""The Ladder at a board: which of a team's verdicts is shown after each of its submissions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from eval_server.judging.placing import value_of
from eval_server.judging.verdict import Verdict
from eval_server.scoring.counts import stacked
from eval_server.scoring.ladder import cell_step, climb, step_of
from eval_server.scoring.metrics import Metric


def released(verdicts: Sequence[Verdict], metric: Metric) -> list[int]:
    """The Ladder of Blum and Hardt (2015): which of a team's verdicts, in order, is shown after each.

    A new one is shown only where it beats the one shown so far by more than the standard error of their
    difference over subjects (over cells where the subjects are not known or cannot tell it); else the old
    number is repeated, so that many looks teach little.
    """

    def step(best: int, new: int) -> float:
        return _spread(metric, verdicts[best], verdicts[new])

    return [rung.leader for rung in climb([value_of(verdict, metric.name) for verdict in verdicts], step)]


def _spread(metric: Metric, best: Verdict, new: Verdict) -> float:
    """The standard error of two verdicts' difference over subjects, or over cells where those cannot tell."""
    before, after = ((~each.cells.correct).astype(np.float64) for each in (best, new))
    if best.tally is None or new.tally is None:
        return cell_step(before, after)
    return step_of(stacked([best.tally, new.tally]), 0, 1, (before, after), metric)
