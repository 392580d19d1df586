"""Results by subject: accuracies, their mean with an interval, and the diagnosis by majority vote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv, ndtri

from eval_server.scoring.counts import Floats, Ints, Subjects, Tally
from eval_server.scoring.intervals import LEVEL, NO_SPREAD, ONE_SUBJECT, Interval, on_scale, t_quantile
from eval_server.scoring.metrics import IntervalScale

MANY_WRONG = 0.5
"""A subject with less than this share of its cells right is counted apart."""


@dataclass(frozen=True, slots=True)
class Proportion:
    """So many of so many, with the exact (Clopper-Pearson) interval; None without any."""

    hits: int
    of: int
    low: float | None
    high: float | None

    @property
    def value(self) -> float | None:
        return self.hits / self.of if self.of else None

    def to_json(self) -> dict[str, Any]:
        return {"hits": self.hits, "of": self.of, "value": self.value, "interval": [self.low, self.high]}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Majority vote over a subject's cells, for subjects of one class; an exact tie counts as wrong."""

    sensitivity: Proportion
    specificity: Proportion
    ties: int

    def to_json(self) -> dict[str, Any]:
        return {
            "sensitivity": self.sensitivity.to_json(),
            "specificity": self.specificity.to_json(),
            "ties": self.ties,
        }


@dataclass(frozen=True, slots=True)
class SubjectSummary:
    """Accuracy over subjects, each counting the same whatever its number of cells.

    `by_class` are the means over the subjects of one class alone, ALL and HEM.
    """

    subjects: int
    mean: Interval
    median: float
    minimum: float
    below_half: int
    diagnosis: Diagnosis
    by_class: tuple[float | None, float | None]

    @property
    def mean_over_classes(self) -> float | None:
        """The mean of both classes' means, so that neither counts more for having more subjects."""
        leukemic, normal = self.by_class
        return None if leukemic is None or normal is None else (leukemic + normal) / 2

    def to_json(self) -> dict[str, Any]:
        return {
            "count": self.subjects,
            "mean_accuracy": self.mean.estimate,
            "mean_interval": self.mean.limits,
            "mean_remark": self.mean.remark,
            "mean_accuracy_all": self.by_class[0],
            "mean_accuracy_hem": self.by_class[1],
            "mean_over_classes": self.mean_over_classes,
            "median_accuracy": self.median,
            "minimum_accuracy": self.minimum,
            "below_half": self.below_half,
            "diagnosis": self.diagnosis.to_json(),
        }


def accuracies(table: Tally) -> Floats:
    """Share of correct cells per entry and subject."""
    return np.asarray(table.correct / table.subjects.cells, dtype=float)


def summary(table: Tally, entry: int = 0, level: float = LEVEL) -> SubjectSummary:
    """The results by subject of one entry."""
    shares = accuracies(table)[entry]
    return SubjectSummary(
        len(shares),
        mean_accuracy(shares, table.subjects, level),
        float(np.median(shares)),
        float(shares.min()),
        int((shares < MANY_WRONG).sum()),
        diagnose(table.correct[entry], table.subjects, level),
        _by_class(shares, table.subjects),
    )


def _by_class(shares: Floats, subjects: Subjects) -> tuple[float | None, float | None]:
    leukemic, normal, _ = _strata(subjects)
    means = [float(shares[group].mean()) if group.any() else None for group in (leukemic, normal)]
    return means[0], means[1]


def mean_accuracy(shares: Floats, subjects: Subjects, level: float = LEVEL) -> Interval:
    """Mean over subjects with a Welch interval stratified by class, on the (bent) logit scale.

    Mixed subjects are a third stratum.
    """
    mean = float(shares.mean())
    strata = [shares[group] for group in _strata(subjects) if group.any()]
    if any(len(stratum) < 2 for stratum in strata):
        word = "ALL" if (subjects.positives > 0).sum() == 1 else "HEM"
        return Interval(mean, None, None, remark=ONE_SUBJECT.format(word))
    parts = [len(part) * float(part.var(ddof=1)) / len(shares) ** 2 for part in strata]
    variance = sum(parts)
    if variance <= 1e-24:
        return Interval(mean, None, None, remark=NO_SPREAD)
    df = variance**2 / sum(part**2 / (len(group) - 1) for part, group in zip(parts, strata, strict=True))
    half = float(t_quantile(df, level)) * variance**0.5
    low, high = on_scale(np.array([mean]), np.array([half]), IntervalScale.LOGIT)
    return Interval(mean, float(low[0]), float(high[0]), variance**0.5, df)


def _strata(subjects: Subjects) -> tuple[Any, Any, Any]:
    positive, negative = subjects.positives > 0, subjects.negatives > 0
    return positive & ~negative, negative & ~positive, positive & negative


def diagnose(correct: Ints, subjects: Subjects, level: float = LEVEL) -> Diagnosis:
    """Majority vote per subject; exactly half of the cells right counts as wrong and is counted in `ties`."""
    right, cells = 2 * correct > subjects.cells, subjects.cells
    only_all, only_hem, _ = _strata(subjects)
    return Diagnosis(
        clopper_pearson(int(right[only_all].sum()), int(only_all.sum()), level),
        clopper_pearson(int(right[only_hem].sum()), int(only_hem.sum()), level),
        int((2 * correct == cells)[only_all | only_hem].sum()),
    )


def diagnosed(table: Tally) -> npt.NDArray[np.bool_]:
    """Which subjects (columns) each entry names rightly by the majority of their cells.

    Subjects with cells of both classes have no diagnosis, and none of the entries is right about them.
    """
    only_all, only_hem, _ = _strata(table.subjects)
    return np.asarray((2 * table.correct > table.subjects.cells) & (only_all | only_hem))


def wilson(hits: int, of: int, level: float = LEVEL) -> tuple[float, float]:
    """Wilson's interval of a share; raises ValueError where there is nothing to count.

    It takes what is counted for independent: for the cells of one subject that holds within the subject only.
    """
    if of < 1:
        raise ValueError("a share needs something that is counted")
    z = float(ndtri((1 + level) / 2))
    middle = (hits + z**2 / 2) / (of + z**2)
    half = z / (of + z**2) * (hits * (of - hits) / of + z**2 / 4) ** 0.5
    return max(middle - half, 0.0), min(middle + half, 1.0)


def clopper_pearson(hits: int, of: int, level: float = LEVEL) -> Proportion:
    """The exact binomial interval; subjects are independent, so it holds for them."""
    if of == 0:
        return Proportion(0, 0, None, None)
    tail = (1 - level) / 2
    low = float(betaincinv(hits, of - hits + 1, tail)) if hits else 0.0
    high = float(betaincinv(hits + 1, of - hits, 1 - tail)) if hits < of else 1.0
    return Proportion(hits, of, low, high)
