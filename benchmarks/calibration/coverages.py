"""How often each printed interval of one entry holds its true value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from scipy.special import expit, logit, ndtri

from benchmarks.calibration.designs import (
    LEVELS,
    SIZES,
    SPREADS,
    Drawn,
    Spread,
    TrueRates,
    draw,
    true_subject_accuracy,
)
from benchmarks.calibration.tables import NOMINAL, Band, Job, Row, covered
from eval_server.scoring.counts import Floats, Tally
from eval_server.scoring.intervals import Intervals, entry_intervals, t_quantile
from eval_server.scoring.metrics import METRICS, WEIGHTED_F1
from eval_server.scoring.resampling import percentile_limits, resampled, weights
from eval_server.scoring.subjects import accuracies, mean_accuracy

TITLE = "coverage / median width, 95 %, true wF1"
USUAL = "coverage / median width of intervals that are not used, 95 %"
SUBJECT_ACCURACY = "mean subject accuracy"
RESAMPLES = 1000
FEW = 400
"""Data sets of the percentile bootstrap."""
HOLDS = Band(0.93, 0.995)
MARKED: Mapping[str, Band] = {
    "macro_f1": Band(0.915, 1.0),
    "balanced_accuracy": Band(0.91, 1.0),
    "sensitivity": Band(0.87, 1.0),
    "weighted_precision": Band(0.915, 1.0),
    "precision_all": Band(0.895, 1.0),
    "precision_hem": Band(0.885, 1.0),
    SUBJECT_ACCURACY: Band(0.91, 1.0),
}
"""Metrics whose interval does not hold 93 % in every design: marked where they are printed."""


def coverage(
    design: str, spread: Spread, truth: TrueRates, datasets: int, generator: np.random.Generator
) -> Row:
    """Coverage of every metric's interval, and of the mean subject accuracy's."""
    limits: dict[str, list[Floats]] = {}
    mean = true_subject_accuracy(design, spread, truth)
    for drawn in draw(design, spread, (truth, truth), datasets, generator):
        for name, metric in METRICS.items():
            found = entry_intervals(metric, drawn.firsts)
            true = np.full(len(found), truth.value(drawn.table.subjects, metric))
            limits.setdefault(name, []).append(np.stack([found.low, found.high, true]))
        limits.setdefault(SUBJECT_ACCURACY, []).append(_of_subjects(drawn, mean))
    return {
        name: covered(*np.concatenate(parts, axis=1), MARKED.get(name, HOLDS))
        for name, parts in limits.items()
    }


def _of_subjects(drawn: Drawn, true: float) -> Floats:
    table = drawn.firsts
    found = [mean_accuracy(row, table.subjects) for row in accuracies(table)]
    ends = [[np.nan if end is None else end for end in one.limits] for one in found]
    return np.array([[low, high, true] for low, high in ends]).T


def usual(design: str, truth: TrueRates, datasets: int, generator: np.random.Generator) -> Row:
    """What readers know, beside ours: the plain logit scale, cells as independent, percentile bootstrap."""
    from benchmarks.calibration.designs import PLAIN

    (drawn,) = draw(design, PLAIN, (truth, truth), datasets, generator)
    one, value = drawn.firsts, truth.value(drawn.table.subjects)
    found = entry_intervals(WEIGHTED_F1, one)
    few = Tally(one.subjects, one.tp[:FEW], one.tn[:FEW])
    taken = weights(one.subjects, RESAMPLES, np.random.default_rng(0))
    low, high = percentile_limits(resampled(WEIGHTED_F1, few, taken), 1 - NOMINAL)
    return {
        "closed form, as used": covered(found.low, found.high, value),
        "plain logit scale": covered(*_plain_limits(found), value),
        "cells as independent": covered(*_cell_limits(one), value),
        "cluster percentile, stratified": covered(low, high, value),
    }


def _plain_limits(found: Intervals) -> tuple[Floats, Floats]:
    """The same limits on the logit scale without its bend near 0 and 1."""
    inside = np.where(np.isnan(found.low), 0.5, found.estimate)
    reach = t_quantile(found.df, 1 - NOMINAL) * found.se / (inside * (1 - inside))
    return expit(logit(inside) - reach), expit(logit(inside) + reach)


def _cell_limits(table: Tally) -> tuple[Floats, Floats]:
    """Normal limits of weighted F1 as if every cell were a subject of its own."""
    tp, tn = table.tp.sum(axis=1), table.tn.sum(axis=1)
    p, n = table.positives, table.negatives
    value = WEIGHTED_F1.value(tp, tn, p, n)
    by_tp, by_tn = WEIGHTED_F1.gradient(tp, tn, p, n)
    variance = by_tp**2 * tp * (p - tp) / p + by_tn**2 * tn * (n - tn) / n
    half = ndtri(1 - NOMINAL / 2) * np.sqrt(variance)
    return value - half, value + half


def jobs() -> Iterator[Job]:
    for level, rates in LEVELS.items():
        for spread in SPREADS:
            for design in SIZES:
                name = f"{design}, {level}, {spread.name}"
                yield Job(TITLE, name, coverage, (design, spread, TrueRates(*rates, 0.25)))
    for level, rates in LEVELS.items():
        for design in SIZES:
            yield Job(USUAL, f"{design}, {level}", usual, (design, TrueRates(*rates, 0.25)))
