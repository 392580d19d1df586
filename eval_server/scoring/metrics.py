"""Point metrics as functions of the correct cells of each class, with their gradients.

With the class totals P (ALL) and N (HEM) fixed, every metric of the confusion matrix is a function of
TP and TN alone. Values and gradients take arrays of any one shape; a zero denominator gives 0, as
scikit-learn's ``zero_division=0`` does, but a metric of a class that truth does not have is not defined.
The positive class is ALL; "weighted" means by class support.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from eval_server.scoring.counts import Confusion, Floats, ratio

Value = Callable[[Any, Any, Any, Any], Floats]
Gradient = Callable[[Any, Any, Any, Any], tuple[Floats, Floats]]


class IntervalScale(Enum):
    """The scale on which an interval of the metric is symmetric."""

    LOGIT = "logit"
    FISHER_Z = "Fisher z"


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric: its value, its partial derivatives by TP and by TN, and the scale of its interval.

    `increasing` metrics grow with TP and with TN (never fall), which the exact swap test relies on;
    `classes` are those whose cells the metric looks at, `needs` those without a cell of which it is not
    defined. What it is called and who may read its digits stands in `measures`.
    """

    name: str
    value: Value
    gradient: Gradient
    scale: IntervalScale = IntervalScale.LOGIT
    increasing: bool = False
    classes: tuple[str, ...] = ("ALL", "HEM")
    needs: tuple[str, ...] = ()

    def defined(self, positives: int, negatives: int) -> bool:
        """Whether the metric has a value where truth has so many cells of either class."""
        cells = {"ALL": positives, "HEM": negatives}
        return all(cells[name] for name in self.needs)


def _f1_all(tp: Any, tn: Any, p: Any, n: Any) -> Floats:
    return ratio(2.0 * tp, tp + (p + n) - tn)


def _f1_all_gradient(tp: Any, tn: Any, p: Any, n: Any) -> tuple[Floats, Floats]:
    below = (tp + (p + n) - np.asarray(tn, dtype=float)) ** 2
    return ratio(2.0 * (p + n - np.asarray(tn)), below), ratio(2.0 * tp, below)


def _f1_hem(tp: Any, tn: Any, p: Any, n: Any) -> Floats:
    return _f1_all(tn, tp, n, p)


def _f1_hem_gradient(tp: Any, tn: Any, p: Any, n: Any) -> tuple[Floats, Floats]:
    by_tn, by_tp = _f1_all_gradient(tn, tp, n, p)
    return by_tp, by_tn


def _precision_all(tp: Any, tn: Any, p: Any, n: Any) -> Floats:
    return ratio(tp, tp + n - np.asarray(tn))


def _precision_all_gradient(tp: Any, tn: Any, p: Any, n: Any) -> tuple[Floats, Floats]:
    called = (tp + n - np.asarray(tn, dtype=float)) ** 2
    return ratio(n - np.asarray(tn), called), ratio(tp, called)


def _precision_hem(tp: Any, tn: Any, p: Any, n: Any) -> Floats:
    return _precision_all(tn, tp, n, p)


def _precision_hem_gradient(tp: Any, tn: Any, p: Any, n: Any) -> tuple[Floats, Floats]:
    by_tn, by_tp = _precision_all_gradient(tn, tp, n, p)
    return by_tp, by_tn


def _sensitivity(tp: Any, tn: Any, p: Any, n: Any) -> Floats:
    return ratio(tp, p) + np.zeros(np.shape(tn))


def _sensitivity_gradient(tp: Any, tn: Any, p: Any, n: Any) -> tuple[Floats, Floats]:
    zero = np.zeros(np.broadcast(tp, tn).shape)
    return zero + ratio(1, p), zero


def _specificity(tp: Any, tn: Any, p: Any, n: Any) -> Floats:
    return _sensitivity(tn, tp, n, p)


def _specificity_gradient(tp: Any, tn: Any, p: Any, n: Any) -> tuple[Floats, Floats]:
    by_tn, by_tp = _sensitivity_gradient(tn, tp, n, p)
    return by_tp, by_tn


def _mixture(
    name: str, first: Metric, second: Metric, weights: Callable[[Any, Any], tuple[Any, Any]], **more: Any
) -> Metric:
    """The metric that is a fixed mean of two others, with weights from the class totals."""

    def value(tp: Any, tn: Any, p: Any, n: Any) -> Floats:
        a, b = weights(p, n)
        return np.asarray(a * first.value(tp, tn, p, n) + b * second.value(tp, tn, p, n))

    def gradient(tp: Any, tn: Any, p: Any, n: Any) -> tuple[Floats, Floats]:
        a, b = weights(p, n)
        one, two = first.gradient(tp, tn, p, n), second.gradient(tp, tn, p, n)
        return a * one[0] + b * two[0], a * one[1] + b * two[1]

    return Metric(name, value, gradient, **more)


def _by_support(p: Any, n: Any) -> tuple[Any, Any]:
    return p / (p + n), n / (p + n)


def _halves(p: Any, n: Any) -> tuple[Any, Any]:
    return 0.5, 0.5


def _present(p: Any, n: Any) -> tuple[Any, Any]:
    """Half each; a class without cells does not count (scikit-learn's balanced accuracy)."""
    has_all, has_hem = np.asarray(p) > 0, np.asarray(n) > 0
    both = 1.0 * has_all + has_hem
    return has_all / both, has_hem / both


def _margins(tp: Any, tn: Any, p: Any, n: Any) -> tuple[Any, Any, Any]:
    """TP·TN - FP·FN, and the cells called ALL and HEM."""
    tp, tn = np.asarray(tp, dtype=float), np.asarray(tn, dtype=float)
    return n * tp + p * tn - p * n, tp + n - tn, tn + p - tp


def _mcc(tp: Any, tn: Any, p: Any, n: Any) -> Floats:
    above, called_all, called_hem = _margins(tp, tn, p, n)
    return ratio(above, np.sqrt(called_all * called_hem * p * n))


def _mcc_gradient(tp: Any, tn: Any, p: Any, n: Any) -> tuple[Floats, Floats]:
    above, called_all, called_hem = _margins(tp, tn, p, n)
    below = np.sqrt(called_all * called_hem * p * n)
    tilt = 0.5 * ratio(above, below) * (ratio(1, called_all) - ratio(1, called_hem))
    return ratio(n, below) - tilt, ratio(p, below) + tilt


def _kappa(tp: Any, tn: Any, p: Any, n: Any) -> Floats:
    above, called_all, called_hem = _margins(tp, tn, p, n)
    return ratio(2 * above, called_all * n + called_hem * p)


def _kappa_gradient(tp: Any, tn: Any, p: Any, n: Any) -> tuple[Floats, Floats]:
    above, called_all, called_hem = _margins(tp, tn, p, n)
    below = called_all * n + called_hem * p
    tilt = ratio(2 * above * (n - p), below**2)
    return ratio(2 * n, below) - tilt, ratio(2 * p, below) + tilt


_OF_ALL: dict[str, Any] = {"needs": ("ALL",)}
_OF_HEM: dict[str, Any] = {"needs": ("HEM",)}
_OF_BOTH: dict[str, Any] = {"needs": ("ALL", "HEM")}

F1_ALL = Metric("f1_all", _f1_all, _f1_all_gradient, increasing=True, **_OF_ALL)
F1_HEM = Metric("f1_hem", _f1_hem, _f1_hem_gradient, increasing=True, **_OF_HEM)
PRECISION_ALL = Metric("precision_all", _precision_all, _precision_all_gradient, **_OF_ALL)
PRECISION_HEM = Metric("precision_hem", _precision_hem, _precision_hem_gradient, **_OF_HEM)
SENSITIVITY = Metric(
    "sensitivity", _sensitivity, _sensitivity_gradient, increasing=True, classes=("ALL",), **_OF_ALL
)
SPECIFICITY = Metric(
    "specificity", _specificity, _specificity_gradient, increasing=True, classes=("HEM",), **_OF_HEM
)
WEIGHTED_F1 = _mixture("weighted_f1", F1_ALL, F1_HEM, _by_support, increasing=True)
MACRO_F1 = _mixture("macro_f1", F1_ALL, F1_HEM, _halves, increasing=True, **_OF_BOTH)
ACCURACY = _mixture("accuracy", SENSITIVITY, SPECIFICITY, _by_support, increasing=True)
BALANCED_ACCURACY = _mixture("balanced_accuracy", SENSITIVITY, SPECIFICITY, _present, increasing=True)
WEIGHTED_PRECISION = _mixture("weighted_precision", PRECISION_ALL, PRECISION_HEM, _by_support)
WEIGHTED_RECALL = _mixture("weighted_recall", SENSITIVITY, SPECIFICITY, _by_support, increasing=True)
MCC = Metric("mcc", _mcc, _mcc_gradient, IntervalScale.FISHER_Z, **_OF_BOTH)
KAPPA = Metric("kappa", _kappa, _kappa_gradient, IntervalScale.FISHER_Z, **_OF_BOTH)

METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        *(WEIGHTED_F1, MACRO_F1, ACCURACY, BALANCED_ACCURACY, SENSITIVITY, SPECIFICITY),
        *(WEIGHTED_PRECISION, WEIGHTED_RECALL, MCC, F1_ALL, F1_HEM),
        *(PRECISION_ALL, PRECISION_HEM, KAPPA),
    )
}
"""Every point metric by name, the primary one (weighted F1) first."""

SWAPPED = (WEIGHTED_F1, ACCURACY, BALANCED_ACCURACY, SENSITIVITY, SPECIFICITY)
"""The metrics that have an exact subject-swap test."""


def point_metrics(confusion: Confusion) -> dict[str, float | None]:
    """Every metric of a confusion matrix, None where it is not defined because truth has a single class.

    Raises ValueError when the matrix holds no cell.
    """
    p, n = confusion.positives, confusion.negatives
    if p + n == 0:
        raise ValueError("a confusion matrix without cells has no metrics")
    return {
        name: float(metric.value(confusion.tp, confusion.tn, p, n)) if metric.defined(p, n) else None
        for name, metric in METRICS.items()
    }
