"""Size of the tests and coverage of the intervals: ``python -m eval_server.scoring.simulation``.

Drawn entries on the real subject sizes of C-NMC 2019. A cell is right when a standard normal draw lies
below a mean of its class, plus an effect of its subject that both entries share (sd 0.6), plus an effect
of the subject on this entry alone (sd v). Half of a subject's cells are decided by one draw for both
entries, as cells that are hard for one network are hard for another; this moves no mean. The true value
of a metric is the one at the expected correct cells, so under "no difference" it is 0 by construction.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit, ndtr, ndtri

from eval_server.scoring import pairwise
from eval_server.scoring.counts import Floats, Ints, Subjects, Tally
from eval_server.scoring.exact import swap_tests
from eval_server.scoring.intervals import Intervals, difference_intervals, entry_intervals, t_quantile
from eval_server.scoring.metrics import WEIGHTED_F1
from eval_server.scoring.pairwise import Discordant
from eval_server.scoring.resampling import percentile_limits, resampled, weights

SIZES: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "fold_0": (
        (402, 268, 253, 246, 155, 142, 113, 112, 103, 99, 92, 92, 76, 74, 73, 58, 19, 11, 9),
        (404, 185, 162, 119, 108, 69, 47, 18, 18),
    ),
    "fold_1": ((757, 352, 212, 201, 190, 181, 146, 145, 97, 84, 53), (405, 385, 373)),
    "fold_2": (
        (278, 267, 250, 218, 197, 197, 178, 178, 161, 111, 99, 89, 80, 74, 35, 31, 14),
        (327, 140, 137, 112, 100, 50, 46, 36, 32, 30, 29, 28, 20, 9),
    ),
    "prelim": (
        (262, 201, 164, 139, 111, 96, 83, 69, 47, 18, 12, 10, 7),
        (162, 84, 77, 54, 47, 38, 35, 31, 29, 25, 20, 19, 13, 9, 5),
    ),
}
"""Cells of every ALL and of every HEM subject, from the published file lists."""

NOMINAL = 0.05
SUBJECT_SD = 0.6
SHARED_CELLS = 0.5
RESAMPLES = 1000
LEVELS: Mapping[str, tuple[float, float]] = {
    "0.75": (0.81, 0.635),
    "0.89": (0.925, 0.82),
    "0.95": (0.965, 0.922),
    "0.98": (0.986, 0.968),
}
"""Expected sensitivity and specificity behind a true weighted F1 near each of these."""

SIZE_BOUNDS = (0.03, 0.06)
COVERAGE_BOUNDS = (0.935, 0.97)
NEAR = "0.89"


@dataclass(frozen=True, slots=True)
class TrueRates:
    """What a drawn entry would get right on average, and how much subjects differ for it alone (v)."""

    sensitivity: float
    specificity: float
    entry_sd: float

    def value(self, subjects: Subjects) -> float:
        """Weighted F1 at the expected correct cells."""
        p, n = int(subjects.positives.sum()), int(subjects.negatives.sum())
        return float(WEIGHTED_F1.value(self.sensitivity * p, self.specificity * n, p, n))


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Many data sets: rows 2k and 2k + 1 of the table are the two entries of data set k."""

    table: Tally
    discordant: Discordant

    @property
    def first(self) -> Ints:
        return np.arange(0, len(self.table), 2)

    @property
    def second(self) -> Ints:
        return self.first + 1


def subjects_of_design(name: str) -> Subjects:
    """The subjects of a design, with their real numbers of cells."""
    positive, negative = SIZES[name]
    p = np.array(positive + (0,) * len(negative))
    n = np.array((0,) * len(positive) + negative)
    return Subjects(tuple(f"S{at}" for at in range(len(p))), p, n)


def draw(
    subjects: Subjects, entries: tuple[TrueRates, TrueRates], datasets: int, generator: np.random.Generator
) -> Drawn:
    """Draw data sets of two entries on the same subjects and cells."""
    shared = generator.normal(0, SUBJECT_SD, (datasets, len(subjects)))
    chance = [_chances(subjects, entry, shared, generator) for entry in entries]
    cells = subjects.cells
    together = generator.binomial(cells, SHARED_CELLS, shared.shape)
    both, one, other = _shared_cells(together, chance, generator)
    right = [generator.binomial(cells - together, p) for p in chance]
    overlap = generator.hypergeometric(right[0], cells - together - right[0], right[1])
    only = [one + right[0] - overlap, other + right[1] - overlap]
    both = both + overlap
    correct = np.stack([both + only[0], both + only[1]], axis=1).reshape(2 * datasets, -1)
    positive = subjects.positives > 0
    table = Tally(subjects, correct * positive, correct * ~positive)
    return Drawn(table, Discordant(only[0].sum(axis=1), only[1].sum(axis=1)))


def _chances(subjects: Subjects, entry: TrueRates, shared: Floats, generator: np.random.Generator) -> Floats:
    """The chance of every subject's cells to be right, whose mean over subjects is the entry's."""
    spread = float(np.sqrt(1 + SUBJECT_SD**2 + entry.entry_sd**2))
    mean = np.where(subjects.positives > 0, ndtri(entry.sensitivity), ndtri(entry.specificity)) * spread
    return np.asarray(ndtr(mean + shared + generator.normal(0, entry.entry_sd, shared.shape)))


def _shared_cells(
    cells: Ints, chance: Sequence[Floats], generator: np.random.Generator
) -> tuple[Ints, Ints, Ints]:
    """Cells decided by one draw: right for both, or for the entry with the better chance alone."""
    low, high = np.minimum(*chance), np.maximum(*chance)
    at_least_one = generator.binomial(cells, high)
    both = generator.binomial(at_least_one, low / high)
    alone = at_least_one - both
    first_leads = chance[0] >= chance[1]
    return both, alone * first_leads, alone * ~first_leads


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


def _t_p(drawn: Drawn) -> Floats:
    """0 or 1: whether 0 lies outside the closed-form interval of the difference."""
    found = difference_intervals(WEIGHTED_F1, drawn.table, drawn.first, drawn.second)
    return np.where((found.low > 0) | (found.high < 0), 0.0, 1.0)


def _percentile_p(drawn: Drawn) -> Floats:
    """0 or 1: whether 0 lies outside the stratified percentile interval of the difference."""
    taken = weights(drawn.table.subjects, RESAMPLES, np.random.default_rng(0))
    values = resampled(WEIGHTED_F1, drawn.table, taken)
    low, high = percentile_limits(values[:, 0::2] - values[:, 1::2], 1 - NOMINAL)
    return np.where((low > 0) | (high < 0), 0.0, 1.0)


TESTS: Mapping[str, Test] = {
    "cell McNemar mid-p": _midp,
    "exact subject swap wF1": _swap_p,
    "sign flip mean subject accuracy": _flip_p,
    "Wilcoxon subjects, exact": _wilcoxon_p,
    "Durkalski chi-square": _durkalski_p,
    "Obuchowski chi-square": _obuchowski_p,
    "interval of the difference": _t_p,
    "paired cluster percentile": _percentile_p,
}
PRIMARY, CELL_LEVEL = "exact subject swap wF1", "cell McNemar mid-p"
OF_ENTRY = "closed form, one entry"


def sizes(
    design: str, entries: tuple[TrueRates, TrueRates], datasets: int, generator: np.random.Generator
) -> dict[str, float]:
    """The share of data sets without a true difference in which each test rejects at 5 %."""
    drawn = draw(subjects_of_design(design), entries, datasets, generator)
    return {name: float((test(drawn) < NOMINAL).mean()) for name, test in TESTS.items()}


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often intervals hold the true value, their median width, and how often there is none."""

    share: float
    width: float
    missing: float


def coverage(
    design: str, truth: TrueRates, datasets: int, generator: np.random.Generator
) -> dict[str, Coverage]:
    """Coverage of the intervals of one entry, and of the difference of two equally good ones."""
    subjects = subjects_of_design(design)
    drawn = draw(subjects, (truth, truth), datasets, generator)
    value = truth.value(subjects)
    one = Tally(subjects, drawn.table.tp[drawn.first], drawn.table.tn[drawn.first])
    entry = entry_intervals(WEIGHTED_F1, one)
    pair = difference_intervals(WEIGHTED_F1, drawn.table, drawn.first, drawn.second)
    few = Tally(subjects, one.tp[:RESAMPLES], one.tn[:RESAMPLES])
    taken = weights(subjects, RESAMPLES, np.random.default_rng(0))
    low, high = percentile_limits(resampled(WEIGHTED_F1, few, taken), 1 - NOMINAL)
    return {
        OF_ENTRY: _covered(entry.low, entry.high, value),
        "plain logit scale": _covered(*_plain_limits(entry), value),
        "cells as independent": _covered(*_cell_limits(one), value),
        "cluster percentile, stratified": _covered(low, high, value),
        "closed form, difference": _covered(pair.low, pair.high, 0.0),
    }


def _covered(low: Floats, high: Floats, value: float) -> Coverage:
    known = ~np.isnan(low)
    inside = (low[known] <= value) & (value <= high[known])
    return Coverage(float(inside.mean()), float(np.median(high[known] - low[known])), float(1 - known.mean()))


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


def other_point(design: str, truth: TrueRates) -> TrueRates:
    """An entry with the same weighted F1 that is more sensitive and less specific."""
    subjects = subjects_of_design(design)
    keener = truth.sensitivity + 0.6 * (1 - truth.sensitivity)
    low, high = 0.3, truth.specificity
    for _ in range(60):
        middle = (low + high) / 2
        above = TrueRates(keener, middle, truth.entry_sd).value(subjects) > truth.value(subjects)
        low, high = (low, middle) if above else (middle, high)
    return TrueRates(keener, low, truth.entry_sd)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def size_table(datasets: int, generator: np.random.Generator) -> tuple[list[str], list[str]]:
    """Lines of the table of sizes, and what in it breaks a promise.

    The rows "s" compare entries of equal weighted F1 of which one is more sensitive, less specific.
    """
    rows, broken = {}, []
    for design in SIZES:
        for v in (0.0, 0.25, 0.5):
            entry = TrueRates(*LEVELS[NEAR], v)
            found = rows[f"{design}, v = {v:g}"] = sizes(design, (entry, entry), datasets, generator)
            if not SIZE_BOUNDS[0] <= found[PRIMARY] <= SIZE_BOUNDS[1]:
                broken.append(f"{PRIMARY} rejects {found[PRIMARY]:.3f} in {design}, v = {v:g}")
            if v and found[CELL_LEVEL] < 3 * NOMINAL:
                broken.append(f"{CELL_LEVEL} rejects only {found[CELL_LEVEL]:.3f} in {design}, v = {v:g}")
        entry = TrueRates(*LEVELS[NEAR], 0.25)
        rows[f"{design}, v = 0.25, s"] = sizes(
            design, (other_point(design, entry), entry), datasets, generator
        )
    lines = _headed(["size of a nominal 5 % test", *TESTS])
    lines += [_row([name, *(f"{found[test]:.3f}" for test in TESTS)]) for name, found in rows.items()]
    return lines, broken


def _headed(columns: Sequence[str]) -> list[str]:
    return [_row(columns), _row(["---"] * len(columns))]


def coverage_table(datasets: int, generator: np.random.Generator) -> tuple[list[str], list[str]]:
    """Lines of the table of coverages and widths, and what in it breaks a promise."""
    rows, broken = {}, []
    for level, (sensitivity, specificity) in LEVELS.items():
        for design in SIZES:
            truth = TrueRates(sensitivity, specificity, 0.25)
            found = rows[f"{design}, {level}"] = coverage(design, truth, datasets, generator)
            share = found[OF_ENTRY].share
            if level == NEAR and not COVERAGE_BOUNDS[0] <= share <= COVERAGE_BOUNDS[1]:
                broken.append(f"the interval of one entry covers {share:.3f} in {design} near {level}")
    names = list(next(iter(rows.values())))
    lines = _headed(["coverage / median width, 95 %, true wF1", *names])
    lines += [_row([name, *(_said(found[kind]) for kind in names)]) for name, found in rows.items()]
    return lines, broken


def _said(found: Coverage) -> str:
    none = f", none in {found.missing:.1%}" if found.missing else ""
    return f"{found.share:.3f} / {found.width:.3f}{none}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print both tables; 1 where the primary test or interval breaks its promise."""
    parser = argparse.ArgumentParser(description="Size and coverage by simulation.")
    parser.add_argument("--datasets", type=int, default=4000, help="data sets a design (tests)")
    parser.add_argument("--interval-datasets", type=int, default=10000, help="data sets a design (intervals)")
    parser.add_argument("--seed", type=int, default=2019)
    chosen = parser.parse_args(arguments)
    started = time.perf_counter()
    generator = np.random.default_rng(chosen.seed)
    tests, wrong_size = size_table(chosen.datasets, generator)
    intervals, wrong_coverage = coverage_table(chosen.interval_datasets, generator)
    print(*tests, "", *intervals, "", sep="\n")
    error = [float(np.sqrt(0.05 * 0.95 / size)) for size in (chosen.datasets, chosen.interval_datasets)]
    print(f"{chosen.datasets} data sets a design for tests (error of a size near .05: {error[0]:.4f}),")
    print(f"{chosen.interval_datasets} for intervals ({error[1]:.4f}); seed {chosen.seed};")
    print(f"{time.perf_counter() - started:.0f} s.")
    for line in (*wrong_size, *wrong_coverage):
        print(f"broken promise: {line}", file=sys.stderr)
    return 1 if wrong_size or wrong_coverage else 0


if __name__ == "__main__":
    sys.exit(main())
