"""Labels from answers, by message passing and by least squares.

An upload a (0 or 1 a cell) is answered with the ALL cells among those it calls so, b = a·y, whichever
metric says it, or with the same for every subject apart. Approximate message passing (Donoho, Maleki and
Montanari 2009, in the form of Rangan 2011) solves for y: a label is Bernoulli, or a cell is of one subject,
and what is not known of b is Gaussian. Uploads and answers are taken about their means, so that what never
changes falls out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.uint8]
Posterior = Callable[[Floats, Floats], Floats]
STEPS, HOLD = 40, 0.6
LEAST = 0.1
"""The least variance that an answer has: a tenth of a percent is a cell or two."""


@dataclass(frozen=True, slots=True)
class Known:
    """What everybody knows of a phase: how many of its cells are ALL, of how many."""

    positives: int
    cells: int

    @property
    def negatives(self) -> int:
        return self.cells - self.positives


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """Uploads (rows) and what was answered: the ALL cells among those called so, and the variance of that."""

    uploads: Labels
    right: Floats
    variance: Floats

    def first(self, count: int) -> Answered:
        return Answered(self.uploads[:count], self.right[:count], self.variance[:count])


def right_called_all(
    metrics: Mapping[str, float], called: int, known: Known, share: int
) -> tuple[float, float]:
    """The ALL cells among those called so, and the variance of that, from whatever metrics are told.

    One cell in `share` was looked at (1: all of them).
    """
    p, n = known.positives, known.negatives
    if "sensitivity" not in metrics:
        return _from_f1(metrics["weighted_f1"], called, known, share)
    found = np.array([metrics["sensitivity"] * p, p + metrics["specificity"] * n - (known.cells - called)])
    spread = np.array(
        [_spread(cells, metrics[name], share) for cells, name in ((p, "sensitivity"), (n, "specificity"))]
    )
    return float(found @ (1 / spread) / (1 / spread).sum()), float(1 / (1 / spread).sum())


def _spread(cells: int, right: float, share: int) -> float:
    """The variance of a count of right cells that a share of one in so many cells gives."""
    return max((share - 1) * cells * max(right * (1 - right), 2 / cells), LEAST) if share > 1 else LEAST


def _from_f1(score: float, called: int, known: Known, share: int) -> tuple[float, float]:
    """The same from weighted F1 alone: each count of right cells gives one value; the nearest is taken."""
    p, n = known.positives, known.negatives
    tp = np.arange(max(0, called - n), min(p, called) + 1)
    tn = n - (called - tp)
    all_, hem = 2 * tp / max(p + called, 1), 2 * tn / max(n + known.cells - called, 1)
    at = int(np.abs((p * all_ + n * hem) / known.cells - score).argmin())
    spread = (_spread(p, tp[at] / p, share) + _spread(n, tn[at] / n, share)) / 4
    return float(tp[at]), max(spread, LEAST)


def labels_of(answered: Answered, prior: Floats) -> Floats:
    """The chance of each cell to be ALL after all answers, from what it was before."""
    right, variance = answered.right[:, None], answered.variance[:, None]
    return _passed(answered.uploads, right, prior[:, None], variance, _bernoulli(prior))[:, 0]


def subjects_of(uploads: Labels, right: Floats, prior: Floats) -> Floats:
    """The chance of each cell (row) to be of each subject (column); `right` is by upload and subject."""
    start = prior / prior.sum(axis=1, keepdims=True)
    return _passed(uploads, right, start, np.full(right.shape, LEAST), _one_of(np.log(start + 1e-12)))


def least_squares(answered: Answered, prior: Floats) -> Floats:
    """The same as `labels_of` for uploads that are no random ones: the linear estimate of least variance."""
    calls = answered.uploads - answered.uploads.mean(axis=0)
    rest = answered.right - answered.right.mean() - calls @ prior
    spread = prior * (1 - prior)
    of_answers = (calls * spread) @ calls.T + np.diag(answered.variance)
    return np.asarray(np.clip(prior + spread * (calls.T @ np.linalg.solve(of_answers, rest)), 0, 1))


def _bernoulli(prior: Floats) -> Posterior:
    before = logit(np.clip(prior, 1e-9, 1 - 1e-9))[:, None]
    return lambda seen, spread: expit(np.clip(before + (2 * seen - 1) / (2 * spread), -40, 40))


def _one_of(log_prior: Floats) -> Posterior:
    def posterior(seen: Floats, spread: Floats) -> Floats:
        weight = log_prior + (2 * seen - 1) / (2 * spread)
        found = np.exp(weight - weight.max(axis=1, keepdims=True))
        return np.asarray(found / found.sum(axis=1, keepdims=True))

    return posterior


def _passed(uploads: Labels, right: Floats, start: Floats, variance: Floats, posterior: Posterior) -> Floats:
    """Message passing until it settles; columns are problems with the same uploads."""
    calls = uploads - uploads.mean(axis=0)
    rights, squared = right - right.mean(axis=0), calls**2
    mean, spread, told = start, start * (1 - start), np.zeros_like(rights)
    for _ in range(STEPS):
        of_answer = squared @ spread
        rest = rights - (calls @ mean - of_answer * told)
        told = HOLD * rest / (of_answer + variance) + (1 - HOLD) * told
        of_cell = 1 / np.maximum(squared.T @ (1 / (of_answer + variance)), 1e-9)
        mean = HOLD * posterior(mean + of_cell * (calls.T @ told), of_cell) + (1 - HOLD) * mean
        spread = np.maximum(mean * (1 - mean), 1e-9)
    return np.asarray(mean)
