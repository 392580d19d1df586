"""Drawn entries on the real subject sizes of C-NMC 2019, whose true values are known.

A cell is right when a standard normal draw lies below a mean of its class, plus an effect of its subject
that both entries share, plus an effect of the subject on this entry alone. Half of a subject's cells are
decided by one draw for both entries, as cells that are hard for one network are hard for another; this
moves no mean. The true value of a metric is the one at the expected correct cells.

Where size goes with difficulty the subjects are drawn anew with their sizes (with replacement from the
real ones): the truth is then the value over all subjects of that kind, not over the ones that were drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from eval_server.scoring.counts import Floats, Ints, Subjects, Tally
from eval_server.scoring.metrics import WEIGHTED_F1, Metric
from eval_server.scoring.pairwise import Discordant

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

SHARED_CELLS = 0.5
AT_ONCE = 10
"""Data sets that share one draw of subject sizes where sizes are drawn."""
LEVELS: Mapping[str, tuple[float, float]] = {
    "0.72": (0.88, 0.45),
    "0.75": (0.81, 0.635),
    "0.89": (0.925, 0.82),
    "0.95": (0.965, 0.922),
    "0.98": (0.986, 0.968),
}
"""Expected sensitivity and specificity behind a true weighted F1 near each of these on the preliminary set;
the first are those of the real entries there."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How much subjects differ for both entries (sd by class), and how far their size goes with it."""

    name: str
    sd: tuple[float, float]
    relation: tuple[float, float] = (0.0, 0.0)

    @property
    def sizes_drawn(self) -> bool:
        return any(self.relation)


PLAIN = Spread("plain", (0.6, 0.6))
REAL = Spread("as real entries", (0.85, 0.98), (-0.5, 0.6))
"""Spread and relation of the nine real entries: large ALL subjects are harder, large normal ones easier."""
SPREADS = (PLAIN, REAL)


@dataclass(frozen=True, slots=True)
class TrueRates:
    """What a drawn entry would get right on average, and how much subjects differ for it alone (v)."""

    sensitivity: float
    specificity: float
    entry_sd: float

    def value(self, subjects: Subjects, metric: Metric = WEIGHTED_F1) -> float:
        """The metric at the expected correct cells."""
        p, n = int(subjects.positives.sum()), int(subjects.negatives.sum())
        return float(metric.value(self.sensitivity * p, self.specificity * n, p, n))


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Data sets on the same subjects: rows 2k and 2k + 1 of the table are the two entries of data set k."""

    table: Tally
    discordant: Discordant

    @property
    def first(self) -> Ints:
        return np.arange(0, len(self.table), 2)

    @property
    def second(self) -> Ints:
        return self.first + 1

    @property
    def firsts(self) -> Tally:
        """The first entries alone."""
        return Tally(self.table.subjects, self.table.tp[self.first], self.table.tn[self.first])


def subjects_with(positive: Sequence[int], negative: Sequence[int]) -> Subjects:
    """Subjects of so many cells each."""
    p = np.array([*positive, *(0 for _ in negative)])
    n = np.array([*(0 for _ in positive), *negative])
    return Subjects(tuple(f"S{at}" for at in range(len(p))), p, n)


def subjects_of_design(name: str) -> Subjects:
    """The subjects of a design, with their real numbers of cells."""
    return subjects_with(*SIZES[name])


@dataclass(frozen=True, slots=True)
class Class:
    """The subjects of one class of a design: sizes, and the mean effect that goes with a size."""

    sizes: Ints
    sd: float
    relation: float

    @property
    def lean(self) -> Floats:
        """The part of a subject's effect that its size gives."""
        logs = np.log(self.sizes)
        return np.asarray(self.sd * self.relation * (logs - logs.mean()) / logs.std())

    @property
    def rest(self) -> float:
        """Standard deviation of the part that size does not give."""
        return float(self.sd * np.sqrt(1 - self.relation**2))

    def chances(self, mean: float, entry_sd: float) -> Floats:
        """The chance of a cell to be right, by size, averaged over all that is drawn."""
        return np.asarray(ndtr((mean + self.lean) / np.sqrt(1 + self.rest**2 + entry_sd**2)))

    def mean_for(self, rate: float, entry_sd: float) -> float:
        """The mean at which this share of all cells is right."""
        low, high = -8.0, 8.0
        for _ in range(60):
            middle = (low + high) / 2
            found = float(np.average(self.chances(middle, entry_sd), weights=self.sizes))
            low, high = (middle, high) if found < rate else (low, middle)
        return low


def classes(design: str, spread: Spread) -> tuple[Class, Class]:
    positive, negative = (
        Class(np.array(sizes), sd, relation)
        for sizes, sd, relation in zip(SIZES[design], spread.sd, spread.relation, strict=True)
    )
    return positive, negative


def true_subject_accuracy(design: str, spread: Spread, truth: TrueRates) -> float:
    """The mean over subjects of the chance of their cells to be right."""
    chances = [
        one.chances(one.mean_for(rate, truth.entry_sd), truth.entry_sd)
        for one, rate in zip(classes(design, spread), (truth.sensitivity, truth.specificity), strict=True)
    ]
    return float(np.concatenate(chances).mean())


def draw(
    design: str,
    spread: Spread,
    entries: tuple[TrueRates, TrueRates],
    datasets: int,
    generator: np.random.Generator,
) -> Iterator[Drawn]:
    """Draw data sets of two entries on the same subjects and cells, in blocks of the same subjects."""
    both = classes(design, spread)
    kinds = [_Kind.of(entry, both) for entry in entries]
    block = AT_ONCE if spread.sizes_drawn else datasets
    for _ in range(0, datasets, block):
        taken = [
            generator.integers(0, len(one.sizes), len(one.sizes))
            if spread.sizes_drawn
            else np.arange(len(one.sizes))
            for one in both
        ]
        yield _block(both, taken, kinds, block, generator)


@dataclass(frozen=True, slots=True)
class _Kind:
    """An entry as it is drawn: its mean by class, and its own spread over subjects."""

    means: tuple[float, float]
    entry_sd: float

    @classmethod
    def of(cls, entry: TrueRates, both: tuple[Class, Class]) -> _Kind:
        positive, negative = both
        v = entry.entry_sd
        return cls((positive.mean_for(entry.sensitivity, v), negative.mean_for(entry.specificity, v)), v)


def _block(
    both: tuple[Class, Class],
    taken: Sequence[Ints],
    kinds: Sequence[_Kind],
    datasets: int,
    generator: np.random.Generator,
) -> Drawn:
    subjects = subjects_with(*(one.sizes[at].tolist() for one, at in zip(both, taken, strict=True)))
    lean = np.concatenate([one.lean[at] for one, at in zip(both, taken, strict=True)])
    many = [len(at) for at in taken]
    rest = np.repeat([one.rest for one in both], many)
    shared = lean + rest * generator.normal(size=(datasets, len(subjects)))
    chances = [
        ndtr(np.repeat(kind.means, many) + shared + generator.normal(0, kind.entry_sd, shared.shape))
        for kind in kinds
    ]
    return right_cells(subjects, chances, generator)


def right_cells(subjects: Subjects, chances: Sequence[Floats], generator: np.random.Generator) -> Drawn:
    """Draw the cells of both entries from their chances (data sets x subjects)."""
    cells = subjects.cells
    together = generator.binomial(cells, SHARED_CELLS, chances[0].shape)
    both, one, other = _shared_cells(together, chances, generator)
    right = [generator.binomial(cells - together, p) for p in chances]
    overlap = generator.hypergeometric(right[0], cells - together - right[0], right[1])
    only = [one + right[0] - overlap, other + right[1] - overlap]
    both = both + overlap
    correct = np.stack([both + only[0], both + only[1]], axis=1).reshape(2 * len(both), -1)
    positive = subjects.positives > 0
    table = Tally(subjects, correct * positive, correct * ~positive)
    return Drawn(table, Discordant(only[0].sum(axis=1), only[1].sum(axis=1)))


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


def other_point(design: str, truth: TrueRates) -> TrueRates:
    """An entry with the same weighted F1 that is more sensitive and less specific."""
    subjects = subjects_of_design(design)
    keener = truth.sensitivity + 0.6 * (1 - truth.sensitivity)
    low, high = 0.1, truth.specificity
    for _ in range(60):
        middle = (low + high) / 2
        above = TrueRates(keener, middle, truth.entry_sd).value(subjects) > truth.value(subjects)
        low, high = (low, middle) if above else (middle, high)
    return TrueRates(keener, low, truth.entry_sd)
