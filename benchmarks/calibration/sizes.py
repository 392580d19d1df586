"""False alarms: how often each test finds a difference where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from benchmarks.calibration.candidates import symmetric
from benchmarks.calibration.designs import (
    LEVELS,
    PLAIN,
    REAL,
    SIZES,
    Drawn,
    Spread,
    TrueRates,
    draw,
    other_point,
)
from benchmarks.calibration.tables import NOMINAL, Band, Job, Row, rate
from eval_server.scoring import pairwise
from eval_server.scoring.counts import Floats, Ints
from eval_server.scoring.differences import difference_intervals
from eval_server.scoring.exact import swap_tests
from eval_server.scoring.intervals import CR3
from eval_server.scoring.metrics import WEIGHTED_F1
from eval_server.scoring.resampling import percentile_limits, resampled, weights
from eval_server.scoring.subjects import diagnosed

TITLE = "size of a nominal 5 % test"
RESAMPLES = 1000
FEW = 500
"""Data sets of the percentile bootstrap, which is shown and not used."""
NEAR = "0.89"
PRIMARY, CELL_LEVEL = "exact subject swap wF1", "cell McNemar mid-p"
DIAGNOSIS = "diagnosis by majority, exact"
HOLDS = Band(0.0, 0.06)
UNEQUAL = Band(0.0, 0.09)
"""What docs/statistics.md says of the swap test where one entry is more variable over subjects."""
TOO_BOLD = Band(0.15, 1.0)
"""McNemar's test on cells has to show why it is not used."""

Test = Callable[[Drawn], Floats]


def _net(drawn: Drawn) -> Ints:
    return pairwise.differences(drawn.table, drawn.first, drawn.second)


def _swap_p(drawn: Drawn) -> Floats:
    return swap_tests(WEIGHTED_F1, drawn.table, drawn.first, drawn.second).p


def _midp(drawn: Drawn) -> Floats:
    return pairwise.mcnemar_midp(drawn.discordant.only_first, drawn.discordant.only_second)


def _durkalski_p(drawn: Drawn) -> Floats:
    return pairwise.chi2_p(pairwise.durkalski_chi2(_net(drawn), drawn.table.subjects.cells))


def _obuchowski_p(drawn: Drawn) -> Floats:
    return pairwise.chi2_p(pairwise.obuchowski_chi2(_net(drawn)))


def _wilcoxon_p(drawn: Drawn) -> Floats:
    return pairwise.subject_wilcoxon(_net(drawn), drawn.table.subjects.cells).p


def _flip_p(drawn: Drawn) -> Floats:
    return pairwise.subject_flip_p(_net(drawn), drawn.table.subjects.cells)


def _diagnosis_p(drawn: Drawn) -> Floats:
    named = pairwise.discordant(diagnosed(drawn.table), drawn.first, drawn.second)
    return pairwise.mcnemar_exact(named.only_first, named.only_second)


def _interval_p(drawn: Drawn) -> Floats:
    """0 or 1: whether 0 lies outside the interval of the difference."""
    p = _swap_p(drawn)
    found = difference_intervals(WEIGHTED_F1, drawn.table, drawn.first, drawn.second, p=p)
    return np.where((found.low > 0) | (found.high < 0), 0.0, 1.0)


def _t_p(drawn: Drawn) -> Floats:
    """0 or 1: whether 0 lies outside the symmetric interval with CR3 residuals, the alternative at hand."""
    low, high = symmetric(drawn, CR3)
    return np.where((low > 0) | (high < 0), 0.0, 1.0)


def _percentile_p(drawn: Drawn) -> Floats:
    """0 or 1: whether 0 lies outside the stratified percentile interval; NaN beyond the first data sets."""
    many = min(2 * FEW, len(drawn.table))
    taken = weights(drawn.table.subjects, RESAMPLES, np.random.default_rng(0))
    values = resampled(WEIGHTED_F1, drawn.table, taken)[:, :many]
    low, high = percentile_limits(values[:, 0::2] - values[:, 1::2], 1 - NOMINAL)
    return np.where((low > 0) | (high < 0), 0.0, 1.0)


TESTS: Mapping[str, Test] = {
    PRIMARY: _swap_p,
    "interval of the difference": _interval_p,
    "t with CR3 residuals": _t_p,
    "sign flip mean subject accuracy": _flip_p,
    "Wilcoxon subjects, exact": _wilcoxon_p,
    DIAGNOSIS: _diagnosis_p,
    "Durkalski chi-square": _durkalski_p,
    "Obuchowski chi-square": _obuchowski_p,
    CELL_LEVEL: _midp,
}
FIXED_SIZES: Mapping[str, Test] = {"paired cluster percentile": _percentile_p}
"""Tests that are too slow where every ten data sets have subjects of their own."""


def sizes(
    design: str,
    spread: Spread,
    entries: tuple[TrueRates, TrueRates],
    bands: Mapping[str, Band],
    datasets: int,
    generator: np.random.Generator,
) -> Row:
    """The share of data sets without a true difference in which each test rejects at 5 %."""
    found: dict[str, list[Floats]] = {}
    tests = TESTS if spread.sizes_drawn else {**TESTS, **FIXED_SIZES}
    for drawn in draw(design, spread, entries, datasets, generator):
        for name, test in tests.items():
            found.setdefault(name, []).append(test(drawn))
    return {name: rate(np.concatenate(p) < NOMINAL, bands.get(name)) for name, p in found.items()}


def jobs() -> Iterator[Job]:
    """Every design at .89 with equal entries, with one at another point ("s"), and with unequal spread."""
    bands = {PRIMARY: HOLDS, "interval of the difference": HOLDS, DIAGNOSIS: HOLDS}
    bold = bands | {CELL_LEVEL: TOO_BOLD}
    unequal = {
        DIAGNOSIS: HOLDS,
        PRIMARY: UNEQUAL,
        "interval of the difference": UNEQUAL,
        CELL_LEVEL: TOO_BOLD,
    }
    for design in SIZES:
        one = {v: TrueRates(*LEVELS[NEAR], v) for v in (0.0, 0.1, 0.25, 0.5, 0.75, 0.8)}
        for v in (0.0, 0.25, 0.5):
            yield _job(f"{design}, v = {v:g}", design, PLAIN, (one[v], one[v]), bold if v else bands)
        other = other_point(design, one[0.25])
        yield _job(f"{design}, v = 0.25, s", design, PLAIN, (other, one[0.25]), bold)
        yield _job(f"{design}, v = 0.25, real", design, REAL, (one[0.25], one[0.25]), bold)
        for low, high in ((0.25, 0.75), (0.1, 0.8)):
            pair = one[low], one[high]
            yield _job(f"{design}, v = {low:g} and {high:g}", design, PLAIN, pair, unequal)


def _job(name: str, *arguments: object) -> Job:
    return Job(TITLE, name, sizes, arguments)
