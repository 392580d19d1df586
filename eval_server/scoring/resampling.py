"""Resampling of subjects: percentile intervals because readers know them, and how stable ranks are.

One matrix of weights serves every entry, drawn from a generator that depends on the truth alone, so an
entry's numbers do not change when others join. Frequencies of ranks show stability, not confidence.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eval_server.scoring.counts import TIE, Floats, Subjects, Tally
from eval_server.scoring.exact import RESAMPLES
from eval_server.scoring.metrics import Metric

PERCENTILE = "percentile (covers too little with few subjects)"
MOST_SIGNS = 40_000_000
"""Largest number of (resample, pair) signs compared for Kendall's tau; beyond, fewer resamples are used."""


@dataclass(frozen=True, slots=True, eq=False)
class Stability:
    """How ranks move when subjects are drawn anew: rows are entries, columns of `frequency` ranks 1..N.

    `first` is the chance of rank 1 with ties split; `tau` are Kendall's tau-b of each resample's ranking
    against the full one, without the `undefined` resamples in which everything ties.
    """

    frequency: Floats
    median_rank: Floats
    first: Floats
    tau: Floats
    undefined: int


def generator_of(truth_sha256: str) -> np.random.Generator:
    """The generator of a phase: the same draws for every entry and at every visit."""
    return np.random.default_rng(int(truth_sha256[:32], 16))


def weights(subjects: Subjects, resamples: int, generator: np.random.Generator) -> Floats:
    """How often each subject is drawn (rows: resamples), with replacement within its class."""
    drawn = np.zeros((resamples, len(subjects)))
    positive, negative = subjects.positives > 0, subjects.negatives > 0
    for stratum in (positive & ~negative, ~positive & negative, positive & negative):
        size = int(stratum.sum())
        if size:
            drawn[:, stratum] = generator.multinomial(size, np.full(size, 1 / size), size=resamples)
    return drawn


def resampled(metric: Metric, table: Tally, drawn: Floats) -> Floats:
    """The metric of every entry (column) on every resample (row)."""
    cells = table.subjects
    p, n = drawn @ cells.positives, drawn @ cells.negatives
    value = metric.value(drawn @ table.tp.T, drawn @ table.tn.T, p[:, None], n[:, None])
    return np.asarray(value)


def percentile_limits(values: Floats, level: float) -> tuple[Floats, Floats]:
    """Percentile limits of every column."""
    tail = (1 - level) / 2
    low, high = np.quantile(values, [tail, 1 - tail], axis=0)
    return low, high


def stability(values: Floats, full: Floats) -> Stability:
    """Rank stability from resampled metrics (resamples x entries) and the full ones (entries)."""
    entries = values.shape[1]
    ranks = _min_ranks(values)
    places = (np.arange(entries) * entries + ranks.astype(np.int64) - 1).ravel()
    frequency = np.bincount(places, minlength=entries**2).reshape(entries, entries) / len(ranks)
    top = ranks == 1
    tau = _taus(values, full)
    known = tau[~np.isnan(tau)]
    return Stability(
        frequency,
        np.median(ranks, axis=0),
        (top / top.sum(axis=1, keepdims=True)).mean(axis=0),
        known,
        len(tau) - len(known),
    )


def _min_ranks(values: Floats) -> Floats:
    """Ranks within each row, 1 for the largest; ties share the smallest rank."""
    order = np.argsort(-values, axis=1, kind="stable")
    ranked = np.take_along_axis(values, order, axis=1)
    place = np.broadcast_to(np.arange(1, values.shape[1] + 1), values.shape).copy()
    tied = np.zeros(values.shape, dtype=bool)
    tied[:, 1:] = ranked[:, :-1] - ranked[:, 1:] <= TIE
    place[tied] = 0
    place = np.maximum.accumulate(place, axis=1)
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, place.astype(float), axis=1)
    return ranks


def _taus(values: Floats, full: Floats) -> Floats:
    """Kendall's tau-b of every row against the full ranking; NaN where either ties everything."""
    first, second = np.triu_indices(values.shape[1], 1)
    used = values[: max(1, min(len(values), MOST_SIGNS // max(len(first), 1)))]
    whole = _sign(full[first] - full[second])
    out = np.full(len(used), np.nan)
    step = max(1, 4_000_000 // max(len(first), 1))
    for at in range(0, len(used), step):
        part = used[at : at + step]
        signs = _sign(part[:, first] - part[:, second])
        below = np.sqrt(np.abs(whole).sum() * np.abs(signs).sum(axis=1))
        out[at : at + step] = np.divide(signs @ whole, below, out=np.full(len(part), np.nan), where=below > 0)
    return out


def _sign(gap: Floats) -> Floats:
    return np.sign(np.where(np.abs(gap) <= TIE, 0.0, gap))


__all__ = [
    "PERCENTILE",
    "RESAMPLES",
    "Stability",
    "generator_of",
    "percentile_limits",
    "resampled",
    "stability",
    "weights",
]
