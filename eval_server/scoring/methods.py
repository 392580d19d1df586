"""Two methods compared over many seeds each, with other subjects and other seeds both as noise.

The variance of the difference of two means over seeds has two parts that add: that of the subjects, from
the residuals of the mean over seeds (CR2), and that of the seeds, from the spread of the runs' values. What
a seed does to single subjects is in both and is taken off once. Welch and Satterthwaite give the degrees of
freedom. docs/calibration.md shows how often it finds a difference where there is none.
"""

from __future__ import annotations

from dataclasses import dataclass

from scipy.special import stdtr

from eval_server.scoring.counts import Floats, Tally, ratio
from eval_server.scoring.intervals import (
    CR2,
    LEVEL,
    Residuals,
    degrees_of_freedom,
    estimable,
    remark_of,
    residuals,
    t_quantile,
)
from eval_server.scoring.metrics import WEIGHTED_F1, Metric


@dataclass(frozen=True, slots=True)
class BothSources:
    """The difference of two methods, averaged over seeds, with subjects and seeds both as noise.

    `by_subjects` and `by_seeds` are the standard deviations of the two parts of its error. All but the
    difference are None where the subjects allow no estimate, and `remark` says why.
    """

    difference: float
    p: float | None
    low: float | None
    high: float | None
    by_subjects: float | None
    by_seeds: float | None
    df: float | None
    remark: str = ""

    @property
    def seeds_share(self) -> float | None:
        """The share of the variance that comes from the seeds."""
        if self.by_subjects is None or self.by_seeds is None:
            return None
        return self.by_seeds**2 / (self.by_subjects**2 + self.by_seeds**2)


@dataclass(frozen=True, slots=True, eq=False)
class _Method:
    """One method: its mean over seeds, the mean residuals of subjects, and the variances of the mean."""

    mean: float
    parts: Residuals
    over_seeds: float
    mixed: float
    seeds: int


NO_SPREAD = "the two methods differ by the same for every seed and every subject"
"""Why there is no interval where nothing varies, as of methods with equal predictions."""


def both_sources(
    first: Tally, second: Tally, *, metric: Metric = WEIGHTED_F1, level: float = LEVEL
) -> BothSources:
    """Compare two methods by their means over seeds (rows), which need not be the same number.

    Raises ValueError where a method has a single seed, which shows no spread over seeds.
    """
    if min(len(first), len(second)) < 2:
        raise ValueError(f"both methods need two seeds or more, found {len(first)} and {len(second)}")
    one, other = _method(metric, first), _method(metric, second)
    difference = one.mean - other.mean
    parts = Residuals(
        one.parts.by_positive - other.parts.by_positive, one.parts.by_negative - other.parts.by_negative
    )
    remark = remark_of(metric, first)
    subjects = float(parts.variance)
    seeds = max(one.over_seeds + other.over_seeds - one.mixed - other.mixed, 0.0)
    if not estimable(parts.variance, remark) or not subjects + seeds > 0:
        return BothSources(difference, None, None, None, None, None, None, remark or NO_SPREAD)
    own = (one.over_seeds**2 / (one.seeds - 1), other.over_seeds**2 / (other.seeds - 1))
    freedom = (
        float(degrees_of_freedom(parts, first.subjects)),
        float(ratio((one.over_seeds + other.over_seeds) ** 2, sum(own))),
    )
    below = subjects**2 / freedom[0] + (seeds**2 / freedom[1] if seeds else 0.0)
    return _told(difference, (subjects, seeds), (subjects + seeds) ** 2 / below, level, remark)


def _told(
    difference: float, variances: tuple[float, float], df: float, level: float, remark: str
) -> BothSources:
    se = sum(variances) ** 0.5
    half = float(t_quantile(df, level)) * se
    p = float(2 * stdtr(df, -abs(difference) / se))
    by_subjects, by_seeds = (variance**0.5 for variance in variances)
    low, high = max(difference - half, -1.0), min(difference + half, 1.0)
    return BothSources(difference, p, low, high, by_subjects, by_seeds, df, remark)


def _method(metric: Metric, table: Tally) -> _Method:
    value = metric.value(table.tp.sum(axis=1), table.tn.sum(axis=1), table.positives, table.negatives)
    each, seeds = residuals(metric, table, leverage=CR2), len(table)
    mean = Residuals(each.by_positive.mean(axis=0), each.by_negative.mean(axis=0))
    rest: Floats = each.total - mean.total
    return _Method(
        float(value.mean()),
        mean,
        float(value.var(ddof=1)) / seeds,
        float((rest**2).sum()) / (seeds * (seeds - 1)),
        seeds,
    )
