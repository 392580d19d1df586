"""Closed-form intervals of one entry with the subject as the unit.

Leverage-corrected subject residuals (CR3, to first order the delete-one-subject jackknife; Bell and
McCaffrey 2002) and Welch-Satterthwaite degrees of freedom from the effective number of subjects of each
class. Nothing is resampled, so there is no seed. An interval that cannot be estimated is NaN in the
arrays and None with a reason in `Interval`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit, stdtrit

from eval_server.scoring.counts import Floats, Ints, Subjects, Tally, ratio
from eval_server.scoring.metrics import IntervalScale, Metric

LEVEL = 0.95
FEW_SUBJECTS = 5
BEND, STRAIGHT = 5.0, 0.4
"""How fast the logit scale bends, and how far from one half it begins to."""
NEWTON_STEPS = 8
CR2, CR3 = 0.5, 1.0
"""Powers of a subject's 1 - share by which its residual is divided (Bell and McCaffrey 2002)."""

ONE_SUBJECT = "not estimable: only one subject with {} cells"
NO_SPREAD = "not estimable: the subjects show no spread (no error, or nothing right)"
NO_CELLS = "not defined: the truth has no {} cell"
FEW = "fewer than 5 subjects with {} cells: read with care"


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its limits; both are None when they cannot be estimated, and `remark` says why.

    The estimate is NaN where the metric itself is not defined.
    """

    estimate: float
    low: float | None
    high: float | None
    se: float | None = None
    df: float | None = None
    remark: str = ""

    @property
    def estimable(self) -> bool:
        return self.low is not None

    def at_level(self, level: float, scale: IntervalScale) -> Interval:
        """The same at another level; one that cannot be estimated stays as it is."""
        if self.se is None or self.df is None or self.low is None:
            return self
        half = t_quantile(self.df, level) * self.se
        low, high = on_scale(np.array([self.estimate]), np.array([half]), scale)
        return replace(self, low=float(low[0]), high=float(high[0]))

    @property
    def limits(self) -> list[float | None]:
        """``[low, high]`` as JSON documents carry it."""
        return [self.low, self.high]

    def to_json(self) -> dict[str, Any]:
        return {
            "estimate": None if np.isnan(self.estimate) else self.estimate,
            "interval": self.limits,
            "se": self.se,
            "df": self.df,
            "remark": self.remark,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Intervals:
    """Intervals of many entries or pairs as columns; NaN where one cannot be estimated."""

    estimate: Floats
    low: Floats
    high: Floats
    se: Floats
    df: Floats
    remark: str = ""

    def __len__(self) -> int:
        return len(self.estimate)

    def at(self, row: int) -> Interval:
        """One of them, with its reason."""
        if np.isnan(self.low[row]):
            reason = self.remark if self.remark.startswith("not ") else NO_SPREAD
            return Interval(float(self.estimate[row]), None, None, remark=reason)
        columns = (self.estimate, self.low, self.high, self.se, self.df)
        estimate, low, high, se, df = (float(column[row]) for column in columns)
        return Interval(estimate, low, high, se, df, self.remark)


@dataclass(frozen=True, slots=True, eq=False)
class Residuals:
    """What each subject contributes to a metric's error, by class, leverage-corrected."""

    by_positive: Floats
    by_negative: Floats

    @property
    def variance(self) -> Floats:
        """Squared standard error; a subject with cells of both classes counts with its sum."""
        return np.asarray((self.total**2).sum(axis=-1))

    @property
    def total(self) -> Floats:
        """Both classes together."""
        return self.by_positive + self.by_negative


def residuals(
    metric: Metric, table: Tally, surplus: Residuals | None = None, *, leverage: float = CR3
) -> Residuals:
    """Residuals of `metric` for every entry (row) and subject (column).

    `surplus` is that of `surpluses`, for callers that ask about several metrics.
    """
    surplus = surplus or surpluses(table, leverage)
    tp, tn = table.tp.sum(axis=1), table.tn.sum(axis=1)
    by_tp, by_tn = metric.gradient(tp, tn, table.positives, table.negatives)
    return Residuals(by_tp[:, None] * surplus.by_positive, by_tn[:, None] * surplus.by_negative)


def surpluses(table: Tally, leverage: float = CR3) -> Residuals:
    """The part of the residuals that is the same for every metric."""
    subjects = table.subjects
    return Residuals(
        _corrected(table.tp, subjects.positives, leverage), _corrected(table.tn, subjects.negatives, leverage)
    )


def _corrected(correct: Ints, cells: Ints, leverage: float) -> Floats:
    """Surplus of correct cells of each subject over its class's rate, corrected for its leverage."""
    total = cells.sum()
    rate = ratio(correct.sum(axis=1), total)[:, None]
    below = (1 - ratio(cells, total)) ** leverage
    return ratio(correct - rate * cells, np.broadcast_to(below, correct.shape))


def degrees_of_freedom(parts: Residuals, subjects: Subjects) -> Floats:
    """Welch-Satterthwaite, each class with its effective number of subjects less one (at least one)."""
    spread = [(part**2).sum(axis=-1) for part in (parts.by_positive, parts.by_negative)]
    freedom = [max(effective(cells) - 1, 1.0) for cells in (subjects.positives, subjects.negatives)]
    below = sum(part**2 / df for part, df in zip(spread, freedom, strict=True))
    return ratio((spread[0] + spread[1]) ** 2, below)


def effective(cells: Ints) -> float:
    """Effective number of subjects of one class: 1 / sum of squared shares; 0 without cells."""
    total = float(cells.sum())
    return total**2 / float((cells.astype(float) ** 2).sum()) if total else 0.0


def entry_intervals(
    metric: Metric, table: Tally, level: float = LEVEL, surplus: Residuals | None = None
) -> Intervals:
    """An interval of `metric` for every entry, symmetric on the metric's own scale."""
    estimate = metric.value(table.tp.sum(axis=1), table.tn.sum(axis=1), table.positives, table.negatives)
    if not metric.defined(table.positives, table.negatives):
        estimate = np.full(len(table), np.nan)
    parts = residuals(metric, table, surplus)
    remark = remark_of(metric, table)
    se, df, half = _half_width(parts, table.subjects, level, remark)
    inside = ~np.isnan(half) & (np.abs(estimate) < 1)
    if metric.scale is IntervalScale.LOGIT:
        inside &= estimate > 0
    low, high = np.full((2, len(estimate)), np.nan)
    low[inside], high[inside] = on_scale(estimate[inside], half[inside], metric.scale)
    return Intervals(estimate, low, high, se, df, remark)


def on_scale(estimate: Floats, half: Floats, scale: IntervalScale) -> tuple[Floats, Floats]:
    """Limits that lie `half` (in units of the metric) from the estimate, carried over to its scale.

    The logit scale is bent for estimates within 0.1 of 0 or 1, where it covers too little on the side of
    the middle (docs/calibration.md); from 0.1 to 0.9 it is the plain logit. Fisher's z is the same scale for
    what runs from -1 to 1.
    """
    if scale is IntervalScale.FISHER_Z:
        low, high = on_scale((1 + estimate) / 2, half / 2, IntervalScale.LOGIT)
        return 2 * low - 1, 2 * high - 1
    middle = logit(estimate)
    bend = BEND * np.maximum(np.abs(estimate - 0.5) - STRAIGHT, 0.0)
    place, slope = _bent(middle, bend)
    reach = slope * half / (estimate * (1 - estimate))
    return expit(_straightened(place - reach, bend)), expit(_straightened(place + reach, bend))


def _bent(logits: Floats, bend: Floats) -> tuple[Floats, Floats]:
    """The bent scale ((1 - x)^-b - x^-b) / b at x = expit(logits), and its slope by the logit.

    It tends to the logit itself where the bend b tends to 0.
    """
    safe = np.where(bend > 0, bend, 1.0)
    above, below = (np.exp(safe * np.logaddexp(0, side)) for side in (logits, -logits))
    slope = expit(logits) * above + expit(-logits) * below
    value = below * np.expm1(safe * logits) / safe  # above - below without cancellation
    return np.where(bend > 0, value, logits), np.where(bend > 0, slope, 1.0)


def _straightened(places: Floats, bend: Floats) -> Floats:
    """Back from the bent scale to the logit, by Newton's method from its value far from the middle."""
    safe = np.where(bend > 0, bend, 1.0)
    found = np.where(bend > 0, np.sign(places) * np.log1p(safe * np.abs(places)) / safe, places)
    for _ in range(NEWTON_STEPS if (bend > 0).any() else 0):
        value, slope = _bent(found, bend)
        found = found - (value - places) / slope
    return np.asarray(found)


def _half_width(
    parts: Residuals, subjects: Subjects, level: float, remark: str
) -> tuple[Floats, Floats, Floats]:
    """Standard error, degrees of freedom and half width; NaN where nothing can be estimated."""
    variance = parts.variance
    known = estimable(variance, remark)
    se = np.where(known, np.sqrt(variance), np.nan)
    df = np.where(known, degrees_of_freedom(parts, subjects), np.nan)
    half = np.full(se.shape, np.nan)
    half[known] = t_quantile(df[known], level) * se[known]
    return se, df, half


def estimable(variance: Floats, remark: str) -> npt.NDArray[np.bool_]:
    """Where there is a spread over subjects, unless the subjects themselves allow no interval."""
    return np.asarray((variance > 1e-24) & (not remark.startswith("not ")))


def t_quantile(df: npt.ArrayLike, level: float) -> Floats:
    """The two-sided quantile of Student's t."""
    return np.asarray(stdtrit(df, 0.5 + level / 2), dtype=float)


def remark_of(metric: Metric, table: Tally) -> str:
    """Why the subjects allow no interval of this metric, or why it is to be read with care, or nothing."""
    subjects = table.subjects
    having = {"ALL": int((subjects.positives > 0).sum()), "HEM": int((subjects.negatives > 0).sum())}
    few = [(name, having[name]) for name in metric.classes if 0 < having[name] < FEW_SUBJECTS]
    for name in metric.needs:
        if not having[name]:
            return NO_CELLS.format(name)
    for name, number in few:
        if number == 1:
            return ONE_SUBJECT.format(name)
    return "; ".join(FEW.format(name) for name, _ in few)
