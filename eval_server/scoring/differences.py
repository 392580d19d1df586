"""The interval of a difference: what the subject-swap test does not reject, and room on the far side.

Two limits, two questions. The limit on the side of 0 is the swap test turned round: the test's hypothesis
"no difference" is shifted to "this difference", spread over the subjects by their cells, and the limit is
the last difference that is not rejected. So the interval and the primary test cannot contradict each other.
For a sum the shifted test needs no search: every set of swapped subjects has one difference at which it
becomes extreme (its own, per cell), and the limits are order statistics of these (Hartigan 1969).

The other limit lies where the entries' few errors leave most unseen, and where a symmetric interval covers
too little. It reaches at least t standard errors (CR2 residuals of the difference), stretched as much as
the interval of the entry that could be worse than it was seen is stretched downwards on its own scale.
What a margin is held against has that reach on both sides. docs/calibration.md compares what was tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from eval_server.scoring.counts import TIE, Floats, Ints, Tally, ratio
from eval_server.scoring.intervals import (
    CR2,
    LEVEL,
    Intervals,
    Residuals,
    degrees_of_freedom,
    estimable,
    on_scale,
    remark_of,
    residuals,
    t_quantile,
)
from eval_server.scoring.metrics import Metric

COUNTED_SUBJECTS = 12
"""Subjects up to which every set of them is counted; beyond, sets are drawn, the same ones every time."""
SETS = 4095
SETS_AT_ONCE = 2_000_000
"""Largest number of (set, pair) values held at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """What both limits are made of: values, parts of every subject, and the residuals of the entries."""

    metric: Metric
    table: Tally
    first: Ints
    second: Ints
    value: Floats
    each: Residuals

    @property
    def difference(self) -> Floats:
        return np.asarray(self.value[self.first] - self.value[self.second])

    @property
    def residuals(self) -> Residuals:
        """Residuals of the differences."""
        one, other = self.first, self.second
        parts = (self.each.by_positive, self.each.by_negative)
        return Residuals(*(part[one] - part[other] for part in parts))


def _pairs(metric: Metric, table: Tally, first: Ints, second: Ints, leverage: float = CR2) -> _Pairs:
    value = metric.value(table.tp.sum(axis=1), table.tn.sum(axis=1), table.positives, table.negatives)
    return _Pairs(metric, table, first, second, value, residuals(metric, table, leverage=leverage))


@dataclass(frozen=True, slots=True, eq=False)
class Errors:
    """Standard errors of differences over subjects, with degrees of freedom; NaN where not estimable."""

    se: Floats
    df: Floats


def errors(metric: Metric, table: Tally, first: Ints, second: Ints, *, leverage: float = CR2) -> Errors:
    """The standard error of every difference, without its limits: cheap for many pairs."""
    parts = _pairs(metric, table, first, second, leverage).residuals
    known = estimable(parts.variance, remark_of(metric, table))
    se, df = np.sqrt(parts.variance), degrees_of_freedom(parts, table.subjects)
    return Errors(*(np.where(known, column, np.nan) for column in (se, df)))


def difference_intervals(
    metric: Metric,
    table: Tally,
    first: Ints,
    second: Ints,
    level: float = LEVEL,
    p: npt.ArrayLike | None = None,
) -> Intervals:
    """An interval of the difference (first - second) for every pair of rows.

    With `p` of the exact test 0 lies outside exactly where it rejects. Limits that cannot be estimated are
    NaN. Raises ValueError for a metric that may fall with more cells right: it has no swap test.
    """
    return difference_limits(metric, table, first, second, level, p).interval


@dataclass(frozen=True, slots=True, eq=False)
class DifferenceLimits:
    """The interval of every pair at `level`, and the limits of two one-sided tests at half of what it leaves.

    A difference lies within a margin where both of the second kind do.
    """

    interval: Intervals
    margin: Intervals


def difference_limits(
    metric: Metric,
    table: Tally,
    first: Ints,
    second: Ints,
    level: float = LEVEL,
    p: npt.ArrayLike | None = None,
) -> DifferenceLimits:
    """Both kinds of limits of every pair, from one computation."""
    if not metric.increasing:
        raise ValueError(f"the interval of a difference needs a swap test, which {metric.name} has not")
    pairs = _pairs(metric, table, first, second)
    levels = (level, 2 * level - 1)
    near, near_margin = _not_rejected(pairs, levels)
    far, far_margin = (_stretched(pairs, one) for one in levels)
    joined = _joined(pairs.difference, near, far)
    if p is not None:
        joined = joined.agreeing(pairs.difference, np.asarray(p), 1 - level)
    wider = _Limits(
        np.minimum(near_margin.low, far_margin.low), np.maximum(near_margin.high, far_margin.high)
    )
    return DifferenceLimits(_told(pairs, joined), _told(pairs, wider))


@dataclass(frozen=True, slots=True, eq=False)
class _Limits:
    low: Floats
    high: Floats

    def agreeing(self, difference: Floats, p: Floats, alpha: float) -> _Limits:
        """The limit towards 0 moved to the side of 0 on which the exact test sees it.

        Drawn sets and a linear statistic part from the exact test by a hair, in about 1 of 100 pairs.
        """
        found = []
        for limit, side in ((self.low, difference > 0), (-self.high, difference < 0)):
            inside = np.where(p < alpha, np.maximum(limit, TIE), np.minimum(limit, 0.0))
            found.append(np.where(side, inside, limit))
        return _Limits(found[0], -found[1])


def _joined(difference: Floats, near: _Limits, far: _Limits) -> _Limits:
    """The swap test's limits, and on the side away from 0 the further one of the two."""
    low = np.where(difference <= 0, np.minimum(near.low, far.low), near.low)
    return _Limits(low, np.where(difference >= 0, np.maximum(near.high, far.high), near.high))


def _told(pairs: _Pairs, limits: _Limits) -> Intervals:
    remark = remark_of(pairs.metric, pairs.table)
    parts = pairs.residuals
    known = estimable(parts.variance, remark)
    columns = (
        limits.low,
        limits.high,
        np.sqrt(parts.variance),
        degrees_of_freedom(parts, pairs.table.subjects),
    )
    low, high, se, df = (np.where(known, column, np.nan) for column in columns)
    low, high = np.maximum(low, -1.0), np.minimum(high, 1.0)
    return Intervals(pairs.difference, low, high, se, df, remark)


def _stretched(pairs: _Pairs, level: float) -> _Limits:
    """t standard errors to either side, stretched for the entry whose errors would make it so large."""
    parts = pairs.residuals
    half = t_quantile(degrees_of_freedom(parts, pairs.table.subjects), level) * np.sqrt(parts.variance)
    stretch = _stretch(pairs, level)
    return _Limits(
        pairs.difference - half * stretch[pairs.first], pairs.difference + half * stretch[pairs.second]
    )


def _stretch(pairs: _Pairs, level: float) -> Floats:
    """How many times longer each entry's interval is downwards than it is on the plain scale; at least 1."""
    value = pairs.value
    df = degrees_of_freedom(pairs.each, pairs.table.subjects)
    half = t_quantile(df, level) * np.sqrt(pairs.each.variance)
    inside = (half > 0) & (value > 0) & (value < 1)
    stretch = np.ones(len(value))
    low, _ = on_scale(value[inside], half[inside], pairs.metric.scale)
    stretch[inside] = np.maximum((value[inside] - low) / half[inside], 1.0)
    return stretch


def _not_rejected(pairs: _Pairs, levels: Sequence[float]) -> list[_Limits]:
    """For every level the differences that the shifted swap test does not reject."""
    step = max(1, SETS_AT_ONCE // SETS)
    blocks = [_block(pairs, slice(at, at + step), levels) for at in range(0, max(len(pairs.first), 1), step)]
    return [
        _Limits(*(np.concatenate(side) for side in zip(*parts, strict=True)))
        for parts in zip(*blocks, strict=True)
    ]


def _block(pairs: _Pairs, rows: slice, levels: Sequence[float]) -> list[tuple[Floats, Floats]]:
    """Limits of some pairs: order statistics of the difference at which each set becomes extreme.

    A set of swapped subjects is as extreme as the observed difference D where the hypothesis is
    at least (for the lower limit) its own difference per cell; "no swap" is extreme always.
    """
    per_set = _of_sets(pairs, rows)
    sets = per_set.shape[1]
    ranks = [int(np.floor((sets + 1) * (1 - level) / 2)) - 1 for level in levels]
    wanted = [rank for rank in ranks if rank >= 0]
    places = sorted({*wanted, *(sets - 1 - rank for rank in wanted)})
    ordered = np.partition(per_set, places, axis=1) if places else per_set
    never = np.ones(len(per_set))
    return [
        (ordered[:, rank], ordered[:, sets - 1 - rank]) if rank >= 0 else (-never, never) for rank in ranks
    ]


def _of_sets(pairs: _Pairs, rows: slice) -> Floats:
    """For every pair (row) and set of subjects (column): the difference that the set shows by itself."""
    table, one, other = pairs.table, pairs.first[rows], pairs.second[rows]
    subjects, sets = table.subjects, sets_of(len(table.subjects))
    tp, tn = table.tp.sum(axis=1), table.tn.sum(axis=1)
    by_tp, by_tn = pairs.metric.gradient(
        (tp[one] + tp[other]) / 2, (tn[one] + tn[other]) / 2, table.positives, table.negatives
    )
    parts = by_tp[:, None] * (table.tp[one] - table.tp[other])
    parts = parts + by_tn[:, None] * (table.tn[one] - table.tn[other])
    cells = np.outer(by_tp, sets @ subjects.positives) + np.outer(by_tn, sets @ subjects.negatives)
    whole = by_tp * table.positives + by_tn * table.negatives
    linear = parts.sum(axis=1)
    scale = np.where(np.abs(linear) > TIE, ratio(pairs.difference[rows], linear), 1.0)
    return ratio((parts * scale[:, None]) @ sets.T * whole[:, None], cells)


@lru_cache(maxsize=8)
def sets_of(subjects: int) -> Floats:
    """Sets of subjects (rows, 1 for a member), none of them empty: all, or the same 4,095 drawn ones."""
    if subjects <= COUNTED_SUBJECTS:
        numbers = np.arange(1, 2**subjects)
        found = (numbers[:, None] >> np.arange(subjects)) & 1
    else:
        found = np.random.default_rng(subjects).integers(0, 2, size=(SETS, subjects))
        found[~found.any(axis=1), 0] = 1
    return found.astype(np.float64)
