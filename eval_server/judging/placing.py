"""Where entries stand: the one computation behind every board, the command line's and the server's.

A pair's p depends on its two verdicts alone and is remembered; what belongs to the whole board (Holm, rank
sets, groups) comes on top. So a board with 200 entries has 19,900 pairs, and a new entry costs 200 of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from eval_server.judging.verdict import Verdict
from eval_server.scoring import ranking
from eval_server.scoring.counts import Floats, Ints, Tally, settled, stacked
from eval_server.scoring.exact import SwapTests, swap_family
from eval_server.scoring.foresight import Power, power
from eval_server.scoring.metrics import WEIGHTED_F1, Metric

ALPHA = 0.05
UNDEFINED = -2.0
"""Stands for a value that truth does not define: below -1, the least that any metric can be."""
Marks = npt.NDArray[np.bool_]


def _no_pairs() -> Ints:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """The places of entries, the best first; `order` says which of those given stands in each.

    `first` and `second` are the places of each pair of the family, the better one first. `tests` has one
    test for each of `metrics`, of which the first ranks; `p_holm` and `better` follow from that one. Where
    subjects are not known the tests are NaN, there are no groups, and rank sets and `table` are None.
    `copies` numbers the pairs, those of copies of an entry alike (`ranking.over_tests`).
    """

    order: tuple[int, ...] = ()
    ranks: tuple[int, ...] = ()
    rank_sets: tuple[tuple[int, int], ...] | None = None
    groups: tuple[tuple[int, int], ...] = ()
    first: Ints = field(default_factory=_no_pairs)
    second: Ints = field(default_factory=_no_pairs)
    metrics: tuple[Metric, ...] = ()
    tests: tuple[SwapTests, ...] = ()
    p_holm: Floats = field(default_factory=lambda: np.zeros(0))
    better: Marks = field(default_factory=lambda: np.zeros((0, 0), dtype=bool))
    table: Tally | None = None
    copies: Ints = field(default_factory=_no_pairs)

    def adjusted(self, p: Floats, adjust: Callable[[Floats], Floats]) -> Floats:
        """p values of the pairs adjusted within their family, in which copies of an entry count once."""
        return ranking.over_tests(adjust, p, self.copies)

    def own_ranks(self, alpha: float = ALPHA) -> list[ranking.OwnRank] | None:
        """The ranks of each place taken alone; None where not all of its pairs were tested."""
        size = len(self.order)
        if self.table is None or not self.tests or len(self.first) != size * (size - 1) // 2:
            return None
        test = self.tests[0]
        pairs = self.first, self.second
        return ranking.own_ranks(size, pairs, test.difference, test.p, alpha, self.copies)

    def power(self, most: int = 50) -> Power | None:
        """What these subjects can show between the first entries; None where nothing is known."""
        if self.table is None:
            return None
        near = self.second < most
        return power(self.table, self.first[near], self.second[near])

    def holm_between(self, one: int, other: int) -> float | None:
        """The adjusted p of two places within the family of the board; None where they were not tested."""
        here = (self.first == min(one, other)) & (self.second == max(one, other)) & ~np.isnan(self.p_holm)
        return float(self.p_holm[here][0]) if here.any() else None


class PairTable:
    """The p values of pairs that were tested already, by the verdicts' identities, for some metrics."""

    def __init__(self, metrics: Sequence[Metric] = (WEIGHTED_F1,)) -> None:
        self.metrics = tuple(metrics)
        self._place: dict[str, int] = {}
        self._p: Floats = np.full((len(self.metrics), 0, 0), np.nan)
        self._exact: Marks = np.zeros((0, 0), dtype=bool)

    def tests(self, keys: Sequence[str], table: Tally, first: Ints, second: Ints) -> tuple[SwapTests, ...]:
        """The tests of pairs of rows of `table`, whose verdicts are `keys`; only new pairs are computed."""
        rows = self._rows(keys)
        one, other = rows[first], rows[second]
        missing = np.flatnonzero(np.isnan(self._p[0, one, other]))
        if len(missing):
            found = swap_family(self.metrics, table, first[missing], second[missing])
            self._keep(one[missing], other[missing], found)
        exact = self._exact[one, other]
        return tuple(
            SwapTests(_differences(metric, table, first, second), self._p[at, one, other], exact)
            for at, metric in enumerate(self.metrics)
        )

    def _rows(self, keys: Sequence[str]) -> Ints:
        """Where these verdicts lie in the table; it grows for new ones and forgets old ones in time."""
        if len(self._place) > 2 * len(keys) + 64:
            self._forget([key for key in dict.fromkeys(keys) if key in self._place])
        for key in keys:
            self._place.setdefault(key, len(self._place))
        if len(self._place) > len(self._exact):
            self._grow(2 * len(self._place))
        return np.array([self._place[key] for key in keys], dtype=np.int64)

    def _grow(self, size: int) -> None:
        before = len(self._exact)
        p, exact = np.full((len(self.metrics), size, size), np.nan), np.zeros((size, size), dtype=bool)
        p[:, :before, :before], exact[:before, :before] = self._p, self._exact
        self._p, self._exact = p, exact

    def _keep(self, one: Ints, other: Ints, found: Sequence[SwapTests]) -> None:
        for at, test in enumerate(found):
            self._p[at, one, other] = self._p[at, other, one] = test.p
        self._exact[one, other] = self._exact[other, one] = found[0].exact

    def _forget(self, kept: Sequence[str]) -> None:
        old = np.array([self._place[key] for key in kept], dtype=np.int64)
        self._p, self._exact = self._p[:, old[:, None], old], self._exact[old[:, None], old]
        self._place = {key: at for at, key in enumerate(kept)}


def places(
    verdicts: Sequence[Verdict],
    table: PairTable | None = None,
    *,
    alpha: float = ALPHA,
    against: int | None = None,
    digits: int | None = None,
) -> Places:
    """The places of verdicts, by the first metric of the table; of those that tie the earlier given is above.

    With `digits` those tie that are the same to so many, so that the order tells no more than they do.

    With `against` (one of those given) only its N - 1 pairs are tested. A table that is kept for the next
    time remembers the pairs.
    """
    if not verdicts:
        return Places()
    known = table or PairTable()
    values = to_rank_by([value_of(verdict, known.metrics[0].name) for verdict in verdicts], digits)
    order = np.argsort(-values, kind="stable")
    ordered = [verdicts[at] for at in order]
    first, second = _pairs(len(order), None if against is None else int(np.flatnonzero(order == against)[0]))
    counts = _table(ordered)
    tests = _tests(known, ordered, counts, first, second)
    copies = _copies(ordered, first, second)
    p_holm = ranking.over_tests(ranking.holm, tests[0].p, copies)
    better = ranking.better_than(len(order), first, second, tests[0].difference, p_holm < alpha)
    return Places(
        tuple(order.tolist()),
        tuple(int(rank) for rank in ranking.rank(values[order])),
        None if counts is None else tuple(ranking.rank_sets(better)),
        () if counts is None else tuple(ranking.groups(better)),
        first,
        second,
        known.metrics,
        tests,
        p_holm,
        better,
        counts,
        copies,
    )


def to_rank_by(values: Sequence[float], digits: int | None) -> Floats:
    """Values as they are ranked: equal where they are the same number, or the same to so many digits."""
    return settled(values if digits is None else np.round(np.asarray(values, dtype=float), digits))


def _copies(verdicts: Sequence[Verdict], first: Ints, second: Ints) -> Ints:
    """The number of each pair's test: copies of an entry make no tests of their own, and none together."""
    seen: dict[bytes, int] = {}
    kinds = np.array([seen.setdefault(one.cells.called.tobytes(), len(seen)) for one in verdicts])
    low, high = np.minimum(kinds[first], kinds[second]), np.maximum(kinds[first], kinds[second])
    return np.where(low == high, ranking.NO_TEST, low * len(kinds) + high)


def value_of(verdict: Verdict, metric: str) -> float:
    """What a verdict is ranked by."""
    found = verdict.metrics.get(metric)
    return UNDEFINED if found is None else found


def _pairs(size: int, against: int | None) -> tuple[Ints, Ints]:
    """The places of all pairs, or of those with one place."""
    first, second = (side.astype(np.int64) for side in np.triu_indices(size, 1))
    if against is None:
        return first, second
    chosen = (first == against) | (second == against)
    return first[chosen], second[chosen]


def _table(verdicts: Sequence[Verdict]) -> Tally | None:
    """The counts of all by subject; None where the subjects of any are not known."""
    tallies = [verdict.tally for verdict in verdicts if verdict.tally is not None]
    return stacked(tallies) if len(tallies) == len(verdicts) else None


def _tests(
    known: PairTable, verdicts: Sequence[Verdict], counts: Tally | None, first: Ints, second: Ints
) -> tuple[SwapTests, ...]:
    if counts is None:
        nothing = np.full(len(first), np.nan)
        return (SwapTests(nothing, nothing, np.zeros(len(first), dtype=bool)),) * len(known.metrics)
    return known.tests([verdict.sha256 for verdict in verdicts], counts, first, second)


def _differences(metric: Metric, table: Tally, first: Ints, second: Ints) -> Floats:
    value = metric.value(table.tp.sum(axis=1), table.tn.sum(axis=1), table.positives, table.negatives)
    return np.asarray(value[first] - value[second])
