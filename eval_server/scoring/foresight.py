"""What is to be expected: of the next subjects, and of a comparison with so many subjects.

A prediction interval holds the value on other subjects, which vary too; a confidence interval holds the
value over all of them. Both rest on the same residuals over subjects (CR3), as does the difference that a
comparison finds in 80 of 100 cases.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit

from eval_server.scoring.counts import Floats, Ints, Tally
from eval_server.scoring.differences import errors
from eval_server.scoring.intervals import (
    LEVEL,
    NO_SPREAD,
    Interval,
    degrees_of_freedom,
    estimable,
    on_scale,
    remark_of,
    residuals,
    t_quantile,
)
from eval_server.scoring.metrics import WEIGHTED_F1, Metric

FOUND = 0.8
"""How often a difference has to be found to be called findable."""
TWINS = 200
OWN_SPREAD = 0.25
"""How much subjects differ for one entry alone, on the probit scale: as in docs/calibration.md."""


def next_interval(
    table: Tally, subjects: int, *, metric: Metric = WEIGHTED_F1, level: float = LEVEL
) -> Interval:
    """Where the value of the first row would lie on so many other subjects of the same kind.

    They come from both classes in the shares they have here. Raises ValueError for less than one subject.
    """
    if subjects < 1:
        raise ValueError(f"there must be one subject or more, found {subjects}")
    one = Tally(table.subjects, table.tp[:1], table.tn[:1])
    value = metric.value(one.tp.sum(axis=1), one.tn.sum(axis=1), table.positives, table.negatives)
    parts, remark = residuals(metric, one), remark_of(metric, one)
    if not estimable(parts.variance, remark)[0] or not 0 < value[0] < 1:
        reason = remark if remark.startswith("not ") else NO_SPREAD
        return Interval(float(value[0]), None, None, remark=reason)
    se = np.sqrt(parts.variance * (1 + len(table.subjects) / subjects))
    df = degrees_of_freedom(parts, table.subjects)
    low, high = on_scale(value, t_quantile(df, level) * se, metric.scale)
    return Interval(float(value[0]), float(low[0]), float(high[0]), float(se[0]), float(df[0]), remark)


@dataclass(frozen=True, slots=True)
class Power:
    """The difference that is found in 80 of 100 cases, taken alone, and on how many subjects it rests."""

    findable: float
    subjects: int
    alpha: float

    def subjects_for(self, difference: float) -> int:
        """How many subjects of the same kind would do for a difference of this size."""
        return max(int(np.ceil(self.subjects * (self.findable / difference) ** 2)), 2)


def power(table: Tally, first: Ints, second: Ints, alpha: float = 0.05) -> Power | None:
    """What can be found among entries that differ as these pairs do; None where nothing is known.

    The mean over pairs is that of squares: a median would promise a tenth too much (docs/calibration.md).
    """
    if not len(first):
        return None
    found = errors(WEIGHTED_F1, table, first, second)
    known = ~np.isnan(found.se)
    if not known.any():
        return None
    df, se = found.df[known], found.se[known]
    reach = (t_quantile(df, 1 - alpha) + stdtrit(df, FOUND)) * se
    return Power(float(np.sqrt((reach**2).mean())), len(table.subjects), alpha)


def twins(table: Tally, generator: np.random.Generator, own_spread: float = OWN_SPREAD) -> Tally:
    """Pairs of entries (rows 2k, 2k + 1) that are as good as the first row, each with a spread of its own."""
    subjects = table.subjects
    positive = _drawn(table.tp[0], subjects.positives, own_spread, generator)
    negative = _drawn(table.tn[0], subjects.negatives, own_spread, generator)
    return Tally(subjects, positive, negative)


def _drawn(correct: Ints, cells: Ints, spread: float, generator: np.random.Generator) -> Ints:
    middle: Floats = ndtri((correct + 0.5) / (cells + 1)) * np.sqrt(1 + spread**2)
    own = spread * generator.normal(size=(2 * TWINS, len(cells)))
    return np.asarray(generator.binomial(cells, ndtr(middle + own)))
