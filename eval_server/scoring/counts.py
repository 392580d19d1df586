"""From cells to small integer tables: the confusion matrix and the correct cells of every subject."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
TIE = 1e-12
"""Statistics closer than this are ties, and ties count as extreme."""


@dataclass(frozen=True, slots=True)
class Confusion:
    """The four counts of a phase; the positive class is ALL."""

    tn: int
    fp: int
    fn: int
    tp: int

    @property
    def positives(self) -> int:
        """ALL cells in truth."""
        return self.tp + self.fn

    @property
    def negatives(self) -> int:
        """HEM cells in truth."""
        return self.tn + self.fp

    def to_json(self) -> dict[str, int]:
        return {"tn": self.tn, "fp": self.fp, "fn": self.fn, "tp": self.tp}


@dataclass(frozen=True, slots=True, eq=False)
class Subjects:
    """The subjects of a phase with their ALL and HEM cells, in natural order (2, 10, H1)."""

    names: tuple[str, ...]
    positives: Ints
    negatives: Ints

    def __len__(self) -> int:
        return len(self.names)

    @property
    def cells(self) -> Ints:
        """Cells of each subject."""
        return self.positives + self.negatives

    @property
    def mixed(self) -> bool:
        """Whether any subject has cells of both classes."""
        return bool(((self.positives > 0) & (self.negatives > 0)).any())


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """Correct ALL cells (`tp`) and correct HEM cells (`tn`) per entry (row) and subject (column)."""

    subjects: Subjects
    tp: Ints
    tn: Ints

    def __len__(self) -> int:
        return len(self.tp)

    @property
    def correct(self) -> Ints:
        """Correct cells per entry and subject."""
        return self.tp + self.tn

    @property
    def fewest(self) -> int:
        """Subjects of the class that has fewer of them."""
        sides = self.subjects.positives, self.subjects.negatives
        return int(min((cells > 0).sum() for cells in sides))

    @property
    def positives(self) -> int:
        """ALL cells of the phase."""
        return int(self.subjects.positives.sum())

    @property
    def negatives(self) -> int:
        """HEM cells of the phase."""
        return int(self.subjects.negatives.sum())


def confusion_of(labels: npt.ArrayLike, called: npt.ArrayLike) -> Confusion:
    """Count the cells of one entry: `labels` is truth, `called` what the entry says, both 0 or 1."""
    table = np.bincount(2 * np.asarray(labels, dtype=np.int64) + np.asarray(called), minlength=4)
    tn, fp, fn, tp = (int(count) for count in table)
    return Confusion(tn=tn, fp=fp, fn=fn, tp=tp)


def subjects_of(labels: npt.ArrayLike, names: Sequence[str]) -> tuple[Subjects, Ints]:
    """The subjects behind the cells, and for every cell the number of its subject."""
    ordered = sorted(set(names), key=_natural)
    place = {name: at for at, name in enumerate(ordered)}
    index = np.array([place[name] for name in names], dtype=np.int64)
    return subjects_from(labels, index, ordered), index


def subjects_from(labels: npt.ArrayLike, index: Ints, names: Sequence[str]) -> Subjects:
    """The subjects behind the cells whose subject numbers are known already."""
    truth = np.asarray(labels, dtype=np.int64)
    cells = np.bincount(index, minlength=len(names))
    positives = np.bincount(index, weights=truth, minlength=len(names)).astype(np.int64)
    return Subjects(tuple(names), positives, cells - positives)


def tally(labels: npt.ArrayLike, called: npt.ArrayLike, index: Ints, subjects: Subjects) -> Tally:
    """Correct cells by subject of one entry (one row of labels) or of many (one row each)."""
    truth = np.asarray(labels, dtype=np.int64)
    right = np.atleast_2d(np.asarray(called)) == truth
    size = len(subjects)
    tp = [np.bincount(index[row & (truth == 1)], minlength=size) for row in right]
    tn = [np.bincount(index[row & (truth == 0)], minlength=size) for row in right]
    return Tally(subjects, np.array(tp, dtype=np.int64), np.array(tn, dtype=np.int64))


def stacked(rows: Sequence[Tally]) -> Tally:
    """The tallies of several entries on the same subjects as one."""
    return Tally(rows[0].subjects, np.vstack([row.tp for row in rows]), np.vstack([row.tn for row in rows]))


def ratio(above: Any, below: Any) -> Floats:
    """`above / below`, and 0 where `below` is 0 (scikit-learn's ``zero_division=0``)."""
    below = np.asarray(below, dtype=float)
    if below.all():
        return np.asarray(np.true_divide(above, below))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(below != 0, np.true_divide(above, below), 0.0)


def settled(values: npt.ArrayLike) -> Floats:
    """Values with those that lie within 1e-12 of each other made equal: the same fraction, computed twice.

    A fraction that was reached by two ways (5/6 - 3/6 and 2/3 - 1/3) differs in its last digits, and would
    be no tie to whoever ranks it.
    """
    found = np.asarray(values, dtype=float)
    order = np.argsort(found, axis=None, kind="stable")
    ranked = found.ravel()[order]
    starts = np.concatenate([[True], np.diff(ranked) > TIE])[: len(ranked)]
    back = np.empty_like(ranked)
    back[order] = ranked[np.maximum.accumulate(np.where(starts, np.arange(len(ranked)), 0))]
    return back.reshape(found.shape)


def mid_ranks(values: npt.ArrayLike) -> Floats:
    """Ranks from 1, tied values sharing the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[place], dtype=float)


def _natural(name: str) -> tuple[object, ...]:
    return tuple((1, 0, part) if not part.isdigit() else (0, int(part), "") for part in _parts(name))


def _parts(name: str) -> list[str]:
    return [part for part in re.split(r"(\d+)", name) if part]
