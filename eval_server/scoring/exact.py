"""Exact null distributions over subjects: nothing is drawn at random where counting is possible.

The subject-swap test: under the null hypothesis the two entries' predictions are exchangeable within a
subject, so for every subject a fair coin decides whether they are swapped for all its cells (whole-block
exchange; Noreen 1989, Yeh 2000). A swap moves correct cells between the entries, and the labels stay as
they are, so with the class totals fixed a metric depends on the sums of correct ALL and of correct HEM
cells alone. These sums have integer convolutions as distributions: probabilities are multiples of 2^-K,
exact in a double up to 52 subjects. A metric that never falls with either sum needs no grid: for every
first sum the smallest second sum that is extreme is found by bisection.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from eval_server.scoring.counts import TIE, Floats, Ints, Tally
from eval_server.scoring.metrics import Metric

RESAMPLES = 10_000
LARGEST_TABLE = 4_000_000
"""Mixed subjects whose joint table would be larger are resampled instead."""
LARGEST_BATCH = 100_000
"""Chances of a batch of pairs: as many as stay in a processor's cache."""
MOST_FLIPPED = 40
"""Differences that a sign-flip test still counts out (two halves of 2^20); more are resampled."""

HALVED_AT_ONCE = 512
"""Coins after which counts become chances, long before they leave the range of a double."""
SMALLEST = float(np.finfo(float).tiny)

Alternative = Literal["two-sided", "greater", "less"]


@dataclass(frozen=True, slots=True, eq=False)
class SwapTests:
    """Differences (first - second) and p values of pairs; `exact` is False where p was resampled."""

    difference: Floats
    p: Floats
    exact: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Per pair: the sum both entries share, its lowest value for the first, and tables of the surplus."""

    total: Ints
    lowest: Ints
    reach: Ints
    chances: Floats


def swap_tests(
    metric: Metric,
    table: Tally,
    first: Ints,
    second: Ints,
    *,
    alternative: Alternative = "two-sided",
    generator: np.random.Generator | None = None,
) -> SwapTests:
    """The subject-swap test of an increasing metric for every pair of rows of `table`.

    Raises ValueError for a metric that may fall when an entry gets more cells right. `generator` is
    used only for phases with subjects of both classes whose joint table would be too large; without one,
    every pair begins with the same one.
    """
    return swap_family((metric,), table, first, second, alternative=alternative, generator=generator)[0]


def swap_family(
    metrics: tuple[Metric, ...],
    table: Tally,
    first: Ints,
    second: Ints,
    *,
    alternative: Alternative = "two-sided",
    generator: np.random.Generator | None = None,
) -> list[SwapTests]:
    """The same for several metrics at once; the distributions of the sums are made only once."""
    falling = [metric.name for metric in metrics if not metric.increasing]
    if falling:
        raise ValueError(f"the swap test needs a metric that grows with correct cells, found {falling}")
    size = len(first)
    p, exact = np.ones((len(metrics), size)), np.ones(size, dtype=bool)
    value = [_values(metric, table) for metric in metrics]
    difference = [each[first] - each[second] for each in value]
    if table.subjects.mixed:
        for at in range(size):
            pair = _MixedPair(table, int(first[at]), int(second[at]))
            exact[at] = pair.countable
            for row, metric in enumerate(metrics):
                # A generator a pair: its p is then the same whatever is tested beside it.
                drawn_by = generator or np.random.default_rng(0)
                p[row, at] = pair.p(metric, float(difference[row][at]), alternative, drawn_by)
    else:
        for batch in _batches(table, first, second):
            tops = _sums(table.tp, first[batch], second[batch])
            lows = _sums(table.tn, first[batch], second[batch])
            for row, metric in enumerate(metrics):
                p[row, batch] = _product_p(metric, table, tops, lows, difference[row][batch], alternative)
    return [SwapTests(difference[row], p[row], exact) for row in range(len(metrics))]


def _values(metric: Metric, table: Tally) -> Floats:
    return metric.value(table.tp.sum(axis=1), table.tn.sum(axis=1), table.positives, table.negatives)


def _batches(table: Tally, first: Ints, second: Ints) -> list[Ints]:
    """Pairs with tables of similar width together, so that little of a batch is padding."""
    width = np.abs(table.tp[first] - table.tp[second]).sum(axis=1)
    width = np.maximum(width, np.abs(table.tn[first] - table.tn[second]).sum(axis=1)) + 1
    order = np.argsort(width, kind="stable")
    batches, start = [], 0
    while start < len(order):
        stop = start + max(1, LARGEST_BATCH // int(width[order[start]]))
        while (
            stop > start + 1 and (stop - start) * int(width[order[min(stop, len(order)) - 1]]) > LARGEST_BATCH
        ):
            stop = start + (stop - start) // 2
        batches.append(order[start:stop])
        start = stop
    return batches


def _sums(correct: Ints, first: Ints, second: Ints) -> _Sums:
    ours, theirs = correct[first], correct[second]
    steps = np.abs(ours - theirs)
    total, reach = (ours + theirs).sum(axis=1), steps.sum(axis=1)
    return _Sums(total, (total - reach) // 2, reach, coin_sums(steps))


def coin_sums(steps: Ints) -> Floats:
    """Chance of every sum of `steps` (rows: cases) when a fair coin takes or leaves each of them."""
    sums = np.zeros((len(steps), int(steps.sum(axis=1).max(initial=0)) + 1))
    sums[:, 0] = 1.0
    for ways, row in zip(sums, steps.tolist(), strict=True):
        reach = 1
        for used, step in enumerate((step for step in row if step), 1):
            ways[step : reach + step] += ways[:reach]
            reach += step
            if used % HALVED_AT_ONCE == 0:
                ways *= 0.5**HALVED_AT_ONCE
    sums *= 0.5 ** (np.count_nonzero(steps, axis=1) % HALVED_AT_ONCE)[:, None]
    return sums


def _product_p(
    metric: Metric, table: Tally, tops: _Sums, lows: _Sums, difference: Floats, alternative: Alternative
) -> Floats:
    """p where no subject has both classes: the two sums are independent."""
    beyond = np.zeros((len(difference), lows.chances.shape[1] + 1))
    beyond[:, :-1] = np.cumsum(lows.chances[:, ::-1], axis=1)[:, ::-1]

    def upper(threshold: Floats) -> Floats:
        least = _least_extreme(metric, table, tops, lows, threshold)
        return np.asarray((tops.chances * np.take_along_axis(beyond, least, axis=1)).sum(axis=1))

    return _tails(difference, alternative, upper)


def _tails(difference: Floats, alternative: Alternative, upper: Callable[[Floats], Floats]) -> Floats:
    """Turn the chance of a statistic at or above a threshold into p; the null is symmetric about 0.

    With a thousand subjects a chance may be too small for a double; p is then the smallest one, never 0.
    """
    if alternative == "greater":
        p = upper(difference - TIE)
    elif alternative == "less":
        p = upper(-difference - TIE)
    else:
        size = np.abs(difference)
        p = np.where(size <= TIE, 1.0, 2 * upper(size - TIE))
    return np.clip(p, SMALLEST, 1.0)


def _least_extreme(metric: Metric, table: Tally, tops: _Sums, lows: _Sums, threshold: Floats) -> Ints:
    """For every surplus of the first sum the least surplus of the second at or above the threshold."""
    p, n = table.positives, table.negatives
    tp = tops.lowest[:, None] + np.arange(tops.chances.shape[1])
    other_tp = tops.total[:, None] - tp
    low = np.zeros(tp.shape, dtype=np.int64)
    high = np.broadcast_to(lows.reach[:, None] + 1, tp.shape).copy()
    for _ in range(int(lows.reach.max(initial=0) + 1).bit_length()):
        middle = np.minimum((low + high) // 2, lows.reach[:, None])
        tn = lows.lowest[:, None] + middle
        gap = metric.value(tp, tn, p, n) - metric.value(other_tp, lows.total[:, None] - tn, p, n)
        extreme = gap >= threshold[:, None]
        open_still = low < high
        high = np.where(extreme & open_still, middle, high)
        low = np.where(~extreme & open_still, middle + 1, low)
    return high


class _MixedPair:
    """Two entries on subjects of whom some have cells of both classes: a swap moves both sums at once."""

    def __init__(self, table: Tally, first: int, second: int) -> None:
        self.table = table
        self.tp, self.tn = (table.tp[first], table.tp[second]), (table.tn[first], table.tn[second])
        tops, lows = self.tp[0] - self.tp[1], self.tn[0] - self.tn[1]
        turned = np.where((tops < 0) | ((tops == 0) & (lows < 0)), -1, 1)
        self.tops, self.lows = tops * turned, lows * turned
        self.below, self.above = int(self.lows[self.lows < 0].sum()), int(self.lows[self.lows > 0].sum())
        self.shape = (int(self.tops.sum()) + 1, self.above - self.below + 1)
        self._ways: Floats | None = None

    @property
    def countable(self) -> bool:
        return self.shape[0] * self.shape[1] <= LARGEST_TABLE

    def p(
        self, metric: Metric, difference: float, alternative: Alternative, generator: np.random.Generator
    ) -> float:
        """Exact where the joint table is small enough, (b + 1) / (R + 1) where it is not."""
        if not self.countable:
            return self._resampled(metric, difference, alternative, generator)
        beyond = np.zeros((self.shape[0], self.shape[1] + 1))
        beyond[:, :-1] = np.cumsum(self._chances()[:, ::-1], axis=1)[:, ::-1]
        rows = np.arange(self.shape[0])

        def upper(threshold: Floats) -> Floats:
            least = _least_extreme(metric, self.table, *self._sums(), threshold)
            return np.array([beyond[rows, least[0]].sum()])

        return float(_tails(np.array([difference]), alternative, upper)[0])

    def _sums(self) -> tuple[_Sums, _Sums]:
        """The two sums as `_least_extreme` wants them; only widths are used of the tables."""
        total_tp, total_tn = (int((pair[0] + pair[1]).sum()) for pair in (self.tp, self.tn))
        lowest_tn = (total_tn - int(self.lows.sum())) // 2 + self.below
        rows, columns = self.shape
        return (
            _Sums(_one(total_tp), _one((total_tp - rows + 1) // 2), _one(rows - 1), np.zeros((1, rows))),
            _Sums(_one(total_tn), _one(lowest_tn), _one(columns - 1), np.zeros((1, columns))),
        )

    def _chances(self) -> Floats:
        """The joint distribution of the two surpluses, one convolution step a subject."""
        if self._ways is None:
            ways = np.zeros(self.shape)
            ways[0, -self.below] = 1.0
            steps = zip(self.tops.tolist(), self.lows.tolist(), strict=True)
            moves = [step for step in steps if step != (0, 0)]
            for top, low in moves:
                moved = np.zeros_like(ways)
                target, source = _shifted(self.shape[1], low)
                moved[top:, target] = ways[: self.shape[0] - top, source]
                ways += moved
            self._ways = ways * 0.5 ** len(moves)
        return self._ways

    def _resampled(
        self, metric: Metric, difference: float, alternative: Alternative, generator: np.random.Generator
    ) -> float:
        swaps = generator.integers(0, 2, size=(RESAMPLES, len(self.tops)))
        p, n = self.table.positives, self.table.negatives
        moved = [swaps @ (second - first) for first, second in (self.tp, self.tn)]
        (tp, other_tp), (tn, other_tn) = (
            (first.sum() + move, second.sum() - move)
            for (first, second), move in zip((self.tp, self.tn), moved, strict=True)
        )
        null = metric.value(tp, tn, p, n) - metric.value(other_tp, other_tn, p, n)
        return resampled_p(null, difference, alternative)


def _one(value: int) -> Ints:
    return np.array([value], dtype=np.int64)


def _shifted(width: int, by: int) -> tuple[slice, slice]:
    """Target and source columns of a shift by `by` to the right."""
    if by >= 0:
        return slice(by, width), slice(0, width - by)
    return slice(0, width + by), slice(-by, width)


def resampled_p(null: Floats, observed: float, alternative: Alternative = "two-sided") -> float:
    """p from random draws of the null distribution, (b + 1) / (R + 1): never 0 (Phipson and Smyth 2010)."""
    if alternative == "two-sided":
        extreme = np.abs(null) >= abs(observed) - TIE
    elif alternative == "greater":
        extreme = null >= observed - TIE
    else:
        extreme = null <= observed + TIE
    return (int(extreme.sum()) + 1) / (len(null) + 1)


def sign_flip_p(
    differences: npt.ArrayLike,
    alternative: Alternative = "two-sided",
    generator: np.random.Generator | None = None,
) -> float:
    """The sign-flip test of a mean of differences, each sign a fair coin.

    All 2^K sums are counted by sorting two halves; above 40 non-zero differences signs are drawn.
    """
    values = np.asarray(differences, dtype=float)
    observed, tie = float(values.sum()), TIE * max(values.size, 1)
    values = values[values != 0]
    if values.size > MOST_FLIPPED:
        generator = generator or np.random.default_rng(0)
        signs = 2 * generator.integers(0, 2, size=(RESAMPLES, values.size)) - 1
        return resampled_p(signs @ values, observed, alternative)
    halves = _signed_sums(values[::2]), _signed_sums(values[1::2])

    def upper(threshold: float) -> float:
        below = np.searchsorted(halves[1], threshold - halves[0], side="left")
        return float((len(halves[1]) - below).sum() * 0.5**values.size)

    if alternative == "greater":
        return upper(observed - tie)
    if alternative == "less":
        return upper(-observed - tie)
    return 1.0 if abs(observed) <= tie else min(2 * upper(abs(observed) - tie), 1.0)


def _signed_sums(values: Floats) -> Floats:
    """Every sum of these values with either sign, in order."""
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums - abs(value), sums + abs(value)])
        sums.sort(kind="stable")
    return sums
