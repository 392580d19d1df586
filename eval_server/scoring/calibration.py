"""How good the scores are as probabilities: Brier score, log-loss, calibration error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eval_server.scoring.auc import Components
from eval_server.scoring.counts import Floats, Ints, ratio

BINS = 10
CLIP = 1e-15


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """Cells, mean confidence and share right in each bin of confidence (0 where a bin is empty)."""

    cells: Ints
    confidence: Floats
    right: Floats

    @property
    def ece(self) -> float:
        """Expected calibration error: the mean gap, weighted by cells."""
        return float((self.cells * np.abs(self.right - self.confidence)).sum() / self.cells.sum())


def score_metrics(
    labels: npt.ArrayLike, scores: npt.ArrayLike, parts: Components | None
) -> dict[str, float | None]:
    """The metrics of the scores, `parts` being those of their AUC.

    AUC and average precision are None where truth has only one class.
    """
    truth, values = np.asarray(labels), np.asarray(scores, dtype=float)
    ranked: dict[str, float | None] = {"auc": None, "average_precision": None}
    if parts is not None:
        ranked = {"auc": parts.auc, "average_precision": average_precision(truth, values)}
    return {
        **ranked,
        "brier": float(((values - truth) ** 2).mean()),
        "log_loss": log_loss(truth, values),
        "ece": top_label_reliability(truth, values).ece,
    }


def average_precision(labels: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Precision averaged over the steps of recall, tied scores one step (as scikit-learn, no interpolation).

    Written out here because scikit-learn's checks cost more than all other metrics of a verdict together.
    """
    values = np.asarray(scores, dtype=float)
    order = np.argsort(-values, kind="stable")
    hits = np.cumsum(np.asarray(labels)[order] == 1)
    ends = np.append(np.flatnonzero(np.diff(values[order])), len(values) - 1)
    precision = hits[ends] / (ends + 1)
    return float((np.diff(hits[ends], prepend=0) * precision).sum() / hits[-1])


def log_loss(labels: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Mean negative log-likelihood in nats, with scores kept 1e-15 away from 0 and 1."""
    chance = np.clip(np.asarray(scores, dtype=float), CLIP, 1 - CLIP)
    return float(-np.where(np.asarray(labels) == 1, np.log(chance), np.log1p(-chance)).mean())


def top_label_reliability(labels: npt.ArrayLike, scores: npt.ArrayLike, bins: int = BINS) -> Reliability:
    """Confidence in the label the score speaks for, in equal-width right-closed bins (Guo et al. 2017)."""
    values = np.asarray(scores, dtype=float)
    confidence = np.maximum(values, 1 - values)
    right = (values > 0.5) == (np.asarray(labels) == 1)
    at = np.digitize(confidence, np.linspace(0, 1, bins + 1)[1:-1], right=True)
    cells = np.bincount(at, minlength=bins)
    return Reliability(
        cells,
        ratio(np.bincount(at, weights=confidence, minlength=bins), cells),
        ratio(np.bincount(at, weights=right, minlength=bins), cells),
    )
