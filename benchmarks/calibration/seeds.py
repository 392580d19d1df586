"""Two equally good methods over seeds: how often their means are told apart, and what the interval holds."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.special import ndtr, ndtri

from benchmarks.calibration.designs import LEVELS, REAL, SIZES, subjects_of_design
from benchmarks.calibration.tables import NOMINAL, Band, Job, Row, rate
from eval_server.scoring.counts import Floats, Ints, Subjects, Tally
from eval_server.scoring.methods import both_sources
from eval_server.scoring.metrics import WEIGHTED_F1

TITLE = "size of a nominal 5 % test of two methods over seeds"
HOLDS = Band(0.0, 0.066)
BEFORE = "subject swap of all seeds (before)"
SWAPS = 499
NOISE = {"little": (0.05, 0.05), "middling": (0.15, 0.15), "much": (0.3, 0.2), "by subject": (0.0, 0.2)}
"""Standard deviations of a seed's effect on all subjects (by class), and on single subjects."""
SEEDS = (3, 5, 24)


def method(
    subjects: Subjects,
    rates: tuple[float, float],
    noise: tuple[float, float],
    shared: Floats,
    seeds: int,
    generator: np.random.Generator,
) -> Tally:
    """Runs of one method: the same subjects' effects, its own, and those of every seed."""
    positive = subjects.positives > 0
    own = 0.25 * generator.normal(size=len(subjects))
    by_class = noise[0] * generator.normal(size=(seeds, 2))
    each = noise[1] * generator.normal(size=(seeds, len(subjects)))
    sd = np.where(positive, *REAL.sd)
    scale = np.sqrt(1 + sd**2 + 0.25**2 + noise[0] ** 2 + noise[1] ** 2)
    mean = np.where(positive, ndtri(rates[0]), ndtri(rates[1])) * scale
    chance = ndtr(mean + shared + own + np.where(positive, by_class[:, :1], by_class[:, 1:]) + each)
    correct = generator.binomial(subjects.cells, chance)
    return Tally(subjects, correct * positive, correct * ~positive)


def sizes(
    design: str, level: str, kind: str, seeds: int, datasets: int, generator: np.random.Generator
) -> Row:
    subjects = subjects_of_design(design)
    sd = np.where(subjects.positives > 0, *REAL.sd)
    signs = np.random.default_rng(1).integers(0, 2, (SWAPS, len(subjects)))
    found, before = [], []
    for _ in range(datasets):
        shared = sd * generator.normal(size=len(subjects))
        pair = [method(subjects, LEVELS[level], NOISE[kind], shared, seeds, generator) for _ in "ab"]
        told = both_sources(*pair)
        found.append(told.p is not None and told.p < NOMINAL)
        before.append(_swapped(pair[0], pair[1], signs) < NOMINAL)
    return {"two-way t": rate(found, HOLDS), BEFORE: rate(before)}


def _swapped(first: Tally, second: Tally, swaps: Ints) -> float:
    """What was printed before: all runs of a subject swapped at once, the seeds taken as given."""
    observed = _mean(first, second, swaps[:1] * 0)[0]
    null = _mean(first, second, swaps)
    return float(((np.abs(null) >= abs(observed) - 1e-12).sum() + 1) / (len(null) + 1))


def _mean(first: Tally, second: Tally, swaps: Ints) -> Floats:
    p, n = first.positives, first.negatives
    sides = []
    for kept, other in ((first, second), (second, first)):
        tp = kept.tp.sum(axis=1) + swaps @ (other.tp - kept.tp).T
        tn = kept.tn.sum(axis=1) + swaps @ (other.tn - kept.tn).T
        sides.append(WEIGHTED_F1.value(tp, tn, p, n).mean(axis=1))
    return np.asarray(sides[0] - sides[1])


def jobs() -> Iterator[Job]:
    for level in ("0.89", "0.72"):
        for kind in NOISE:
            for seeds in SEEDS:
                for design in SIZES:
                    name = f"{design}, {level}, {kind} noise, {seeds} seeds"
                    yield Job(TITLE, name, sizes, (design, level, kind, seeds))
