"""Family-wise error of what rank sets rest on: Holm over exact tests, and a step-down maximum over all pairs.

The maximum (Westfall and Young 1993) flips the signs of leverage-corrected subject residuals, the same
subjects for all pairs together, and so knows how far the pairs depend on each other, which Holm does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from benchmarks.calibration.designs import (
    LEVELS,
    PLAIN,
    SHARED_CELLS,
    SIZES,
    SPREADS,
    Spread,
    TrueRates,
    classes,
    subjects_with,
)
from benchmarks.calibration.tables import Job, Row, rate
from eval_server.scoring import ranking
from eval_server.scoring.counts import Floats, Ints, Tally, ratio
from eval_server.scoring.exact import swap_tests
from eval_server.scoring.intervals import residuals
from eval_server.scoring.metrics import WEIGHTED_F1

TITLE = "family-wise error of rank sets (nominal 5 %)"
FLIPS = 199
ENTRIES = (5, 20, 50)
MOST_HOLM = 20
"""Entries up to which the exact test of all pairs is drawn as well; with more it takes too long."""


def step_down_p(
    table: Tally, first: Ints, second: Ints, generator: np.random.Generator, *, studentized: bool = True
) -> Floats:
    """Adjusted p of every pair: the free step-down of Westfall and Young over joint flips of signs.

    `studentized` divides each flipped sum by the standard error of the flipped residuals, else by the
    observed one.
    """
    each = residuals(WEIGHTED_F1, table)
    value = WEIGHTED_F1.value(table.tp.sum(axis=1), table.tn.sum(axis=1), table.positives, table.negatives)
    sides = (each.by_positive, table.subjects.positives), (each.by_negative, table.subjects.negatives)
    signs = generator.choice([-1.0, 1.0], size=(len(table.subjects), FLIPS))
    parts = [(side[first] - side[second], ratio(cells, cells.sum())) for side, cells in sides]
    variance = sum((part**2).sum(axis=1) for part, _ in parts)
    flipped = [_flipped(part, share, signs) for part, share in parts]
    sums = sum(one for one, _ in flipped)
    below = sum(one for _, one in flipped) if studentized else variance[:, None]
    observed = ratio(np.abs(value[first] - value[second]), np.sqrt(variance))
    return stepped_down(observed, np.abs(ratio(sums, np.sqrt(np.maximum(below, 0.0)))))


def _flipped(part: Floats, share: Floats, signs: Floats) -> tuple[Floats, Floats]:
    """Sums of flipped residuals of one class (pairs x flips), and their variances (CR3) after centring."""
    below = (1 - share) ** 2
    sums = part @ signs
    cross = (part * ratio(share, below)) @ signs
    whole = (part**2 * ratio(1.0, below)).sum(axis=1)[:, None]
    return sums, whole - 2 * sums * cross + float(ratio(share**2, below).sum()) * sums**2


def stepped_down(observed: Floats, flipped: Floats) -> Floats:
    """Adjusted p of statistics (pairs) from those under the null (pairs x flips), the largest first."""
    order = np.argsort(-observed, kind="stable")
    most = np.maximum.accumulate(flipped[order[::-1]], axis=0)[::-1]
    extreme = (most >= observed[order][:, None] - 1e-12).sum(axis=1)
    found = np.empty(len(order))
    found[order] = np.maximum.accumulate((1 + extreme) / (1 + flipped.shape[1]))
    return found


@dataclass(frozen=True, slots=True)
class Null:
    """Which entries are equally good: a level and an own spread (v) for every entry in turn."""

    name: str
    levels: tuple[str, ...]
    own: tuple[float, ...]

    def entries(self, count: int) -> list[TrueRates]:
        return [
            TrueRates(*LEVELS[self.levels[at % len(self.levels)]], self.own[at % len(self.own)])
            for at in range(count)
        ]


NULLS = (
    Null("all alike", ("0.89",), (0.25,)),
    Null("three levels", ("0.95", "0.89", "0.72"), (0.25,)),
)
UNEQUAL = Null("unequal spread", ("0.89",), (0.1, 0.8))


def drawn_entries(
    design: str, spread: Spread, entries: Sequence[TrueRates], generator: np.random.Generator
) -> Tally:
    """One data set of many entries; half of the cells are decided by one draw for all of them."""
    both = classes(design, spread)
    taken = [
        generator.integers(0, len(one.sizes), len(one.sizes))
        if spread.sizes_drawn
        else np.arange(len(one.sizes))
        for one in both
    ]
    subjects = subjects_with(*(one.sizes[at].tolist() for one, at in zip(both, taken, strict=True)))
    many = [len(at) for at in taken]
    lean = np.concatenate([one.lean[at] for one, at in zip(both, taken, strict=True)])
    shared = lean + np.repeat([one.rest for one in both], many) * generator.normal(size=len(subjects))
    means = np.array([_means(design, spread, entry) for entry in entries])
    own = np.array([entry.entry_sd for entry in entries])[:, None]
    chances = ndtr(
        np.repeat(means, many, axis=1) + shared + own * generator.normal(size=(len(own), sum(many)))
    )
    cells = subjects.cells
    together = generator.binomial(cells, SHARED_CELLS)
    right = _right_together(together, chances, generator) + generator.binomial(cells - together, chances)
    positive = subjects.positives > 0
    return Tally(subjects, right * positive, right * ~positive)


_MEANS: dict[tuple[str, str, TrueRates], tuple[float, float]] = {}


def _means(design: str, spread: Spread, entry: TrueRates) -> tuple[float, float]:
    """The means by class of an entry, which do not change from data set to data set."""
    key = design, spread.name, entry
    if key not in _MEANS:
        one, other = classes(design, spread)
        _MEANS[key] = (
            one.mean_for(entry.sensitivity, entry.entry_sd),
            other.mean_for(entry.specificity, entry.entry_sd),
        )
    return _MEANS[key]


def _right_together(cells: Ints, chances: Floats, generator: np.random.Generator) -> Ints:
    """Right ones among the cells that one draw decides for all entries."""
    whose = np.repeat(np.arange(len(cells)), cells)
    right = generator.random(len(whose)) < chances[:, whose]
    ends = np.concatenate([[0], np.cumsum(cells)])
    sums = np.concatenate([np.zeros((len(chances), 1), dtype=np.int64), np.cumsum(right, axis=1)], axis=1)
    return np.asarray(sums[:, ends[1:]] - sums[:, ends[:-1]])


Adjusted = Callable[[Tally, Ints, Ints, np.random.Generator], Floats]


def _holm(table: Tally, first: Ints, second: Ints, generator: np.random.Generator) -> Floats:
    return ranking.holm(swap_tests(WEIGHTED_F1, table, first, second).p)


def _plain(table: Tally, first: Ints, second: Ints, generator: np.random.Generator) -> Floats:
    return step_down_p(table, first, second, generator, studentized=False)


METHODS: Mapping[str, Adjusted] = {
    "**Holm, exact swap**": _holm,
    "step-down maximum, studentised": step_down_p,
    "step-down maximum, plain": _plain,
}


def errors(
    design: str, spread: Spread, null: Null, count: int, datasets: int, generator: np.random.Generator
) -> Row:
    """How often at least one claim on the board is false: a pair of equals, or the wrong way round."""
    entries = null.entries(count)
    first, second = (side.astype(np.int64) for side in np.triu_indices(count, 1))
    level = np.array([entry.sensitivity for entry in entries])
    truly = np.sign(level[first] - level[second])
    methods = {name: one for name, one in METHODS.items() if one is not _holm or count <= MOST_HOLM}
    wrong: dict[str, list[bool]] = {name: [] for name in methods}
    for _ in range(datasets):
        table = drawn_entries(design, spread, entries, generator)
        value = WEIGHTED_F1.value(
            table.tp.sum(axis=1), table.tn.sum(axis=1), table.positives, table.negatives
        )
        seen = np.sign(value[first] - value[second])
        for name, adjusted in methods.items():
            told = adjusted(table, first, second, generator) < 0.05
            wrong[name].append(bool((told & (seen != truly)).any()))
    return {name: rate(each) for name, each in wrong.items()}


def jobs() -> Iterator[Job]:
    cases = [(null, spread) for null in NULLS for spread in SPREADS] + [(UNEQUAL, PLAIN)]
    for null, spread in cases:
        for count in ENTRIES:
            for design in SIZES:
                name = f"{design}, {count} entries, {null.name}, {spread.name}"
                yield Job(TITLE, name, errors, (design, spread, null, count))
