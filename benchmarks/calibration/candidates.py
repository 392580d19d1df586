"""Intervals of a difference that were tried, for the table that says why one was taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from scipy.special import stdtrit

from benchmarks.calibration.designs import LEVELS, SIZES, SPREADS, Drawn, Spread, TrueRates, draw
from benchmarks.calibration.tables import NOMINAL, Band, Job, Number, Row
from eval_server.scoring import differences
from eval_server.scoring.counts import Floats, Ints, ratio
from eval_server.scoring.differences import difference_intervals
from eval_server.scoring.exact import swap_tests
from eval_server.scoring.intervals import CR2, CR3, Residuals, degrees_of_freedom, on_scale, residuals
from eval_server.scoring.metrics import WEIGHTED_F1

TITLE = "coverage / parts from the test / median width, 95 % of a difference"
CHOSEN = "chosen: swap test turned round, on the far side at least CR2 t stretched"
FLIPS = 199
HOLDS, THREE_NORMAL = Band(0.935, 0.99), Band(0.905, 0.99)
"""fold_1 has three normal subjects; where their sizes are drawn anew it is below, and the page says so."""

Limits = tuple[Floats, Floats]


def symmetric(drawn: Drawn, leverage: float) -> Limits:
    """The difference ± t times its standard error."""
    difference, parts = _residuals(drawn, leverage)
    df = degrees_of_freedom(parts, drawn.table.subjects)
    half = stdtrit(df, 1 - NOMINAL / 2) * np.sqrt(parts.variance)
    return difference - half, difference + half


def _residuals(drawn: Drawn, leverage: float) -> tuple[Floats, Residuals]:
    table, one, other = drawn.table, drawn.first, drawn.second
    value = WEIGHTED_F1.value(table.tp.sum(axis=1), table.tn.sum(axis=1), table.positives, table.negatives)
    each = residuals(WEIGHTED_F1, table, leverage=leverage)
    parts = (part[one] - part[other] for part in (each.by_positive, each.by_negative))
    return value[one] - value[other], Residuals(*parts)


def wild(drawn: Drawn) -> Limits:
    """Wild cluster bootstrap-t: signs of the subject residuals flipped, studentised, symmetric."""
    difference, parts = _residuals(drawn, CR2)
    subjects = drawn.table.subjects
    signs = np.random.default_rng(1).choice([-1.0, 1.0], size=(FLIPS, len(subjects)))
    top = _studentised(parts.by_positive, subjects.positives, signs)
    low = _studentised(parts.by_negative, subjects.negatives, signs)
    t = np.abs(top[0] + low[0]) / np.sqrt(np.maximum(top[1] + low[1], 1e-300))
    half = np.quantile(t, 1 - NOMINAL, axis=1) * np.sqrt(parts.variance)
    return difference - half, difference + half


def _studentised(parts: Floats, cells: Ints, signs: Floats) -> Limits:
    """Sums and variances of one class under every flip."""
    weight = cells / cells.sum()
    flipped = parts[:, None, :] * signs
    total = flipped.sum(axis=2)
    rest = (flipped - total[..., None] * weight) / np.sqrt(1 - weight)
    return total, (rest**2).sum(axis=2)


def mover(drawn: Drawn) -> Limits:
    """MOVER-D: the intervals of the two entries, joined through the correlation of their residuals."""
    pairs = _made(drawn)
    each, value = pairs.each, pairs.value
    se = np.sqrt(each.variance)
    half = stdtrit(degrees_of_freedom(each, drawn.table.subjects), 1 - NOMINAL / 2) * se
    inside = (half > 0) & (value > 0) & (value < 1)
    low, high = value.copy(), value.copy()
    low[inside], high[inside] = on_scale(value[inside], half[inside], WEIGHTED_F1.scale)
    one, other = drawn.first, drawn.second
    shared = (each.total[one] * each.total[other]).sum(axis=1)
    rho = ratio(shared, se[one] * se[other])
    below, above = value - low, high - value
    return (
        pairs.difference - _reach(below[one], above[other], rho),
        pairs.difference + _reach(above[one], below[other], rho),
    )


def _reach(own: Floats, theirs: Floats, rho: Floats) -> Floats:
    return np.asarray(np.sqrt(np.maximum(own**2 - 2 * rho * own * theirs + theirs**2, 0.0)))


def stretched(drawn: Drawn) -> Limits:
    """CR2 t, stretched as the interval of the entry that could be worse is."""
    limits = differences._stretched(_made(drawn), 1 - NOMINAL)
    return limits.low, limits.high


def turned_round(drawn: Drawn) -> Limits:
    """The swap test turned round alone."""
    (limits,) = differences._not_rejected(_made(drawn), (1 - NOMINAL,))
    return limits.low, limits.high


def _made(drawn: Drawn) -> differences._Pairs:
    return differences._pairs(WEIGHTED_F1, drawn.table, drawn.first, drawn.second)


def chosen(drawn: Drawn, p: Floats, level: float = 1 - NOMINAL) -> Limits:
    found = difference_intervals(WEIGHTED_F1, drawn.table, drawn.first, drawn.second, level, p)
    return found.low, found.high


CASES: Mapping[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "equal, .89": (LEVELS["0.89"], LEVELS["0.89"]),
    "+3.7 points": ((0.945, 0.87), (0.925, 0.80)),
    "+9 points": ((0.955, 0.905), (0.905, 0.735)),
    ".98 against .96": (LEVELS["0.98"], (0.972, 0.936)),
    "equal, .72": (LEVELS["0.72"], LEVELS["0.72"]),
    "+3.7 points, .72": (LEVELS["0.72"], (0.86, 0.39)),
}
"""Sensitivity and specificity of both entries; .72 is the level of the real entries."""


def coverages(
    design: str, spread: Spread, case: str, v: float, datasets: int, generator: np.random.Generator
) -> Row:
    """How often each candidate holds the true difference, and speaks otherwise than the exact test."""
    one, other = (TrueRates(*rates, v) for rates in CASES[case])
    found: dict[str, list[Floats]] = {}
    for drawn in draw(design, spread, (one, other), datasets, generator):
        true = one.value(drawn.table.subjects) - other.value(drawn.table.subjects)
        p = swap_tests(WEIGHTED_F1, drawn.table, drawn.first, drawn.second).p
        for name, (low, high) in _limits(drawn, p).items():
            parts = (p < NOMINAL) != ((low > 0) | (high < 0))
            inside = np.where(np.isnan(low), np.nan, (low <= true) & (true <= high))
            columns = np.stack([inside, parts, high - low])
            found.setdefault(name, []).append(columns)
    band = THREE_NORMAL if design == "fold_1" else HOLDS
    return {
        name: _number(np.concatenate(columns, axis=1), band if name == CHOSEN else None)
        for name, columns in found.items()
    }


def _limits(drawn: Drawn, p: Floats) -> dict[str, Limits]:
    return {
        CHOSEN: chosen(drawn, p),
        "CR3 t (before)": symmetric(drawn, CR3),
        "CR2 t": symmetric(drawn, CR2),
        "wild bootstrap-t": wild(drawn),
        "MOVER-D, CR2": mover(drawn),
        "CR2 t, stretched": stretched(drawn),
        "swap test turned round": turned_round(drawn),
    }


def _number(columns: Floats, band: Band | None) -> Number:
    share, parts = float(np.nanmean(columns[0])), float(columns[1].mean())
    words = f"{share:.3f} / {parts:.3f} / {np.nanmedian(columns[2]):.3f}"
    return Number(share, words, band)


def jobs() -> Iterator[Job]:
    for case in CASES:
        for spread in SPREADS:
            for design in SIZES:
                name = f"{case}, {design}, {spread.name}"
                yield Job(TITLE, name, coverages, (design, spread, case, 0.25))
