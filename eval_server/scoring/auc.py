"""The area under the ROC curve: its value, DeLong's test, and Obuchowski's form for clustered cells.

DeLong, DeLong and Clarke-Pearson 1988 by mid-ranks (Sun and Xu 2014); Obuchowski 1997 sums the
structural components of a subject before squaring. Ties between classes count one half.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, stdtr

from eval_server.scoring.counts import Floats, Ints, Subjects, mid_ranks, ratio
from eval_server.scoring.intervals import (
    FEW,
    FEW_SUBJECTS,
    LEVEL,
    NO_SPREAD,
    ONE_SUBJECT,
    Interval,
    effective,
    on_scale,
    t_quantile,
)
from eval_server.scoring.metrics import IntervalScale

NO_VARIANCE = 1e-24
"""A variance up to this is rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class Components:
    """An AUC with its structural components, one per ALL cell and one per HEM cell, less the AUC."""

    auc: float
    by_positive: Floats
    by_negative: Floats


def components(labels: npt.ArrayLike, scores: npt.ArrayLike) -> Components | None:
    """The AUC and its components; None where truth has only one class."""
    truth = np.asarray(labels) == 1
    values = np.asarray(scores, dtype=float)
    positive, negative = values[truth], values[~truth]
    m, n = len(positive), len(negative)
    if not m or not n:
        return None
    ranks = mid_ranks(np.concatenate([positive, negative]))
    by_positive = (ranks[:m] - mid_ranks(positive)) / n
    by_negative = 1.0 - (ranks[m:] - mid_ranks(negative)) / m
    auc = float(by_positive.mean())
    return Components(auc, by_positive - auc, by_negative - auc)


def covariances(parts: Sequence[Components]) -> Floats:
    """DeLong's covariance matrix of AUCs on the same cells, which takes cells for independent.

    NaN where a class has a single cell.
    """
    tops = np.array([part.by_positive for part in parts])
    lows = np.array([part.by_negative for part in parts])
    m, n = tops.shape[1], lows.shape[1]
    if m < 2 or n < 2:
        return np.full((len(parts), len(parts)), np.nan)
    return np.asarray(tops @ tops.T / (m * (m - 1)) + lows @ lows.T / (n * (n - 1)))


@dataclass(frozen=True, slots=True, eq=False)
class ClusteredComponents:
    """An AUC with the sums of its components over each subject, which is all that comparisons need."""

    auc: float
    by_positive: Floats
    by_negative: Floats
    subjects: Subjects


def clustered(
    parts: Components, labels: npt.ArrayLike, index: Ints, subjects: Subjects
) -> ClusteredComponents:
    """Sum the components of an AUC over subjects."""
    truth = np.asarray(labels) == 1
    tops: Floats = np.zeros(len(subjects))
    lows: Floats = np.zeros(len(subjects))
    np.add.at(tops, index[truth], parts.by_positive)
    np.add.at(lows, index[~truth], parts.by_negative)
    return ClusteredComponents(parts.auc, tops, lows, subjects)


def clustered_covariances(parts: Sequence[ClusteredComponents]) -> Floats:
    """Obuchowski's covariance matrix of AUCs with subjects as clusters; NaN with one subject in a class."""
    subjects = parts[0].subjects
    m, n = (int(cells.sum()) for cells in _classes(subjects))
    with_all, with_hem = (int((cells > 0).sum()) for cells in _classes(subjects))
    if with_all < 2 or with_hem < 2:
        return np.full((len(parts), len(parts)), np.nan)
    tops = np.array([part.by_positive for part in parts])
    lows = np.array([part.by_negative for part in parts])
    crossed = tops @ lows.T
    same = with_all / (with_all - 1) / m**2 * (tops @ tops.T)
    same += with_hem / (with_hem - 1) / n**2 * (lows @ lows.T)
    everyone = len(subjects)
    return np.asarray(same + everyone / (everyone - 1) / (m * n) * (crossed + crossed.T))


def _classes(subjects: Subjects) -> tuple[Ints, Ints]:
    return subjects.positives, subjects.negatives


def difference_variances(matrix: Floats, first: Ints, second: Ints) -> Floats:
    """Variances of the differences of pairs, from a covariance matrix."""
    each = np.diagonal(matrix)
    return np.asarray(each[first] + each[second] - 2 * matrix[first, second])


def difference_freedom(parts: Sequence[ClusteredComponents], first: Ints, second: Ints) -> Floats:
    """Degrees of freedom of the differences of pairs: Welch-Satterthwaite over the two classes."""
    subjects = parts[0].subjects
    spreads = []
    for sums, cells in zip(
        ([part.by_positive for part in parts], [part.by_negative for part in parts]),
        _classes(subjects),
        strict=True,
    ):
        table = np.array(sums)
        spreads.append(difference_variances(table @ table.T, first, second) / max(cells.sum(), 1) ** 2)
    return _satterthwaite(spreads, subjects)


def _satterthwaite(spreads: Sequence[Floats], subjects: Subjects) -> Floats:
    freedom = [max(effective(cells) - 1, 1.0) for cells in _classes(subjects)]
    below = sum(part**2 / df for part, df in zip(spreads, freedom, strict=True))
    return ratio(sum(spreads) ** 2, below)


def two_sided_p(difference: Floats, variance: Floats, df: Floats | None = None) -> Floats:
    """Two-sided p values, by Student's t where there are degrees of freedom; NaN without variance."""
    known = variance > NO_VARIANCE
    z = -np.abs(difference) / np.sqrt(np.where(known, variance, 1.0))
    tail = ndtr(z) if df is None else stdtr(np.where(known, df, 1.0), z)
    return np.where(known, 2 * tail, np.nan)


def auc_interval(parts: ClusteredComponents, level: float = LEVEL) -> Interval:
    """An interval of one AUC with the subject as the unit, on the logit scale, with t quantiles."""
    having = {"ALL": parts.subjects.positives, "HEM": parts.subjects.negatives}
    few = {name: int((cells > 0).sum()) for name, cells in having.items()}
    for name, number in few.items():
        if number == 1:
            return Interval(parts.auc, None, None, remark=ONE_SUBJECT.format(name))
    variance = float(clustered_covariances([parts])[0, 0])
    if not variance > NO_VARIANCE or not 0 < parts.auc < 1:
        return Interval(parts.auc, None, None, remark=NO_SPREAD)
    se, df = float(np.sqrt(variance)), _freedom(parts)
    half = np.array([float(t_quantile(df, level)) * se])
    low, high = on_scale(np.array([parts.auc]), half, IntervalScale.LOGIT)
    remark = "; ".join(FEW.format(name) for name, number in few.items() if number < FEW_SUBJECTS)
    return Interval(parts.auc, float(low[0]), float(high[0]), se, df, remark)


def _freedom(parts: ClusteredComponents) -> float:
    """Welch-Satterthwaite over the two classes, as for the other metrics."""
    totals = [cells.sum() for cells in _classes(parts.subjects)]
    spread = [
        np.array([float(part @ part) / total**2])
        for part, total in zip((parts.by_positive, parts.by_negative), totals, strict=True)
    ]
    return float(_satterthwaite(spread, parts.subjects)[0])
