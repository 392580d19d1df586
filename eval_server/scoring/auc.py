"""The area under the ROC curve: its value, DeLong's test, and Obuchowski's form for clustered cells.

DeLong, DeLong and Clarke-Pearson 1988 by mid-ranks (Sun and Xu 2014); Obuchowski 1997 sums the
structural components of a subject before squaring. Ties between classes count one half.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

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
from eval_server.scoring.metrics import Scale


@dataclass(frozen=True, slots=True, eq=False)
class Components:
    """An AUC with its structural components, one per ALL cell and one per HEM cell, less the AUC."""

    auc: float
    by_positive: Floats
    by_negative: Floats


@dataclass(frozen=True, slots=True)
class AucComparison:
    """The difference of two AUCs (first - second) with a normal test; `p` is None without any spread."""

    first: float
    second: float
    difference: float
    se: float
    z: float | None
    p: float | None
    low: float | None
    high: float | None


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


def covariance(first: Components, second: Components) -> float:
    """DeLong's covariance of two AUCs on the same cells, which takes cells for independent."""
    m, n = len(first.by_positive), len(first.by_negative)
    if m < 2 or n < 2:
        return float("nan")
    tops = float(first.by_positive @ second.by_positive) / (m * (m - 1))
    return tops + float(first.by_negative @ second.by_negative) / (n * (n - 1))


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


def clustered_covariance(first: ClusteredComponents, second: ClusteredComponents) -> float:
    """Obuchowski's covariance of two AUCs with subjects as clusters; NaN with one subject in a class."""
    m, n = int(first.subjects.positives.sum()), int(first.subjects.negatives.sum())
    with_all, with_hem = (int((cells > 0).sum()) for cells in _classes(first.subjects))
    everyone = len(first.subjects)
    if with_all < 2 or with_hem < 2:
        return float("nan")
    tops = with_all / (with_all - 1) / m**2 * float(first.by_positive @ second.by_positive)
    lows = with_hem / (with_hem - 1) / n**2 * float(first.by_negative @ second.by_negative)
    crossed = float(first.by_positive @ second.by_negative + first.by_negative @ second.by_positive)
    return tops + lows + everyone / (everyone - 1) / (m * n) * crossed


def _classes(subjects: Subjects) -> tuple[Ints, Ints]:
    return subjects.positives, subjects.negatives


def compare_cells(first: Components, second: Components, level: float = LEVEL) -> AucComparison:
    """DeLong's test of two AUCs: assumes independent cells, descriptive only."""
    variance = covariance(first, first) + covariance(second, second) - 2 * covariance(first, second)
    return _normal_test(first.auc, second.auc, variance, level)


def compare_subjects(
    first: ClusteredComponents, second: ClusteredComponents, level: float = LEVEL
) -> AucComparison:
    """Obuchowski's test of two AUCs with the subject as the unit."""
    pair = clustered_covariance(first, second)
    variance = clustered_covariance(first, first) + clustered_covariance(second, second) - 2 * pair
    return _normal_test(first.auc, second.auc, variance, level)


def _normal_test(first: float, second: float, variance: float, level: float) -> AucComparison:
    difference = first - second
    if not variance > 1e-24:
        return AucComparison(first, second, difference, 0.0, None, None, None, None)
    se = float(np.sqrt(variance))
    z = difference / se
    half = float(ndtri(0.5 + level / 2)) * se
    p = float(2 * ndtr(-abs(z)))
    return AucComparison(first, second, difference, se, z, p, difference - half, difference + half)


def auc_interval(parts: ClusteredComponents, level: float = LEVEL) -> Interval:
    """An interval of one AUC with the subject as the unit, on the logit scale, with t quantiles."""
    having = {"ALL": parts.subjects.positives, "HEM": parts.subjects.negatives}
    few = {name: int((cells > 0).sum()) for name, cells in having.items()}
    for name, number in few.items():
        if number == 1:
            return Interval(parts.auc, None, None, remark=ONE_SUBJECT.format(name))
    variance = clustered_covariance(parts, parts)
    if not variance > 1e-24 or not 0 < parts.auc < 1:
        return Interval(parts.auc, None, None, remark=NO_SPREAD)
    se, df = float(np.sqrt(variance)), _freedom(parts)
    half = np.array([float(t_quantile(df, level)) * se])
    low, high = on_scale(np.array([parts.auc]), half, Scale.LOGIT)
    remark = "; ".join(FEW.format(name) for name, number in few.items() if number < FEW_SUBJECTS)
    return Interval(parts.auc, float(low[0]), float(high[0]), se, df, remark)


def _freedom(parts: ClusteredComponents) -> float:
    """Welch-Satterthwaite over the two classes, as for the other metrics."""
    totals = [cells.sum() for cells in _classes(parts.subjects)]
    spread = [
        float(part @ part) / total**2
        for part, total in zip((parts.by_positive, parts.by_negative), totals, strict=True)
    ]
    freedom = [max(effective(cells) - 1, 1.0) for cells in _classes(parts.subjects)]
    below = sum(part**2 / df for part, df in zip(spread, freedom, strict=True))
    return float(ratio(sum(spread) ** 2, below))
