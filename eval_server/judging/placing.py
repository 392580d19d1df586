"""Where entries stand: rank, rank set and groups of a board, by the exact subject swap under Holm.

The same functions as `comparing`, for the primary test alone: a board with 200 entries has 19,900 pairs,
and a new entry costs 200 of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eval_server.judging.comparing import ALPHA
from eval_server.judging.verdict import Verdict
from eval_server.scoring import ranking
from eval_server.scoring.counts import Floats, Ints, stacked
from eval_server.scoring.exact import swap_tests
from eval_server.scoring.ladder import cell_step, climb, clustered_step
from eval_server.scoring.metrics import METRICS, Metric


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """The places of entries in board order; `groups` are (start, stop) of what cannot be told apart.

    Rank sets are None, and there are no groups, where the subjects are not known.
    """

    ranks: tuple[int, ...] = ()
    rank_sets: tuple[tuple[int, int], ...] | None = None
    groups: tuple[tuple[int, int], ...] = ()
    p_holm: Floats | None = None

    def holm_between(self, one: int, other: int) -> float | None:
        """The adjusted p of two places (row numbers) within the family of all pairs of the board."""
        return None if self.p_holm is None else float(self.p_holm[one, other])


class PairTable:
    """The p values of pairs that were tested already, by the verdicts' identities."""

    def __init__(self) -> None:
        self._place: dict[str, int] = {}
        self._p: Floats = np.full((0, 0), np.nan)

    def rows(self, keys: Sequence[str]) -> Ints:
        """Where these verdicts lie in the table; it grows for new ones and forgets old ones in time."""
        if len(self._place) > 2 * len(keys) + 64:
            self._forget([key for key in keys if key in self._place])
        for key in keys:
            self._place.setdefault(key, len(self._place))
        if len(self._place) > len(self._p):
            grown = np.full((2 * len(self._place), 2 * len(self._place)), np.nan)
            grown[: len(self._p), : len(self._p)] = self._p
            self._p = grown
        return np.array([self._place[key] for key in keys], dtype=np.int64)

    def known(self, first: Ints, second: Ints) -> Floats:
        return self._p[first, second]

    def keep(self, first: Ints, second: Ints, p: Floats) -> None:
        self._p[first, second] = self._p[second, first] = p

    def _forget(self, kept: Sequence[str]) -> None:
        old = np.array([self._place[key] for key in dict.fromkeys(kept)], dtype=np.int64)
        self._p = self._p[np.ix_(old, old)]
        self._place = {key: at for at, key in enumerate(dict.fromkeys(kept))}


def places(verdicts: Sequence[Verdict], metric_name: str, table: PairTable) -> Places:
    """The places of verdicts that are in board order already, the best first."""
    if not verdicts:
        return Places()
    values = np.array([_value(verdict, metric_name) for verdict in verdicts])
    ranks = tuple(int(rank) for rank in ranking.rank(values))
    if any(verdict.tally is None for verdict in verdicts):
        return Places(ranks)
    better, p_holm = _better(verdicts, METRICS[metric_name], table)
    return Places(ranks, tuple(ranking.rank_sets(better)), tuple(ranking.groups(better)), p_holm)


def released(verdicts: Sequence[Verdict], metric_name: str) -> list[int]:
    """The Ladder of Blum and Hardt (2015): which of a team's verdicts, in order, is shown after each.

    A new one is shown only where it beats the one shown so far by more than the standard error of their
    difference over subjects (over cells where the subjects are not known); else the old number is repeated,
    so that many looks teach little.
    """

    def step(best: int, new: int) -> float:
        return _spread(METRICS[metric_name], verdicts[best], verdicts[new])

    return [rung.leader for rung in climb([_value(verdict, metric_name) for verdict in verdicts], step)]


def _spread(metric: Metric, best: Verdict, new: Verdict) -> float:
    """The standard error of two verdicts' difference; NaN, no step up, where it cannot be estimated."""
    if best.tally is None or new.tally is None:
        return cell_step(*((~each.cells.correct).astype(np.float64) for each in (best, new)))
    return clustered_step(stacked([best.tally, new.tally]), 0, 1, metric)


def _value(verdict: Verdict, metric: str) -> float:
    found = verdict.metrics.get(metric)
    return float("-inf") if found is None else found


def _better(
    verdicts: Sequence[Verdict], metric: Metric, table: PairTable
) -> tuple[npt.NDArray[np.bool_], Floats]:
    """The significance map, and the adjusted p values as a symmetric matrix."""
    first, second = (side.astype(np.int64) for side in np.triu_indices(len(verdicts), 1))
    rows = table.rows([verdict.sha256 for verdict in verdicts])
    p = table.known(rows[first], rows[second])
    missing = np.flatnonzero(np.isnan(p))
    tally = stacked([verdict.tally for verdict in verdicts if verdict.tally is not None])
    if len(missing):
        p[missing] = swap_tests(metric, tally, first[missing], second[missing]).p
        table.keep(rows[first[missing]], rows[second[missing]], p[missing])
    value = metric.value(tally.tp.sum(axis=1), tally.tn.sum(axis=1), tally.positives, tally.negatives)
    adjusted = ranking.holm(p)
    matrix = np.ones((len(verdicts), len(verdicts)))
    matrix[first, second] = matrix[second, first] = adjusted
    difference = value[first] - value[second]
    return ranking.better_than(len(verdicts), first, second, difference, adjusted < ALPHA), matrix
