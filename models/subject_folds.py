"""Folds for choosing settings within the training cells: no subject is ever on both sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """Rows to learn from and rows to judge by."""

    learn: Rows
    judge: Rows


def subject_folds(
    subjects: Sequence[str | None], labels: npt.NDArray[np.uint8], wanted: int
) -> tuple[Fold, ...]:
    """Up to `wanted` folds with cells of both classes on each side; none where subjects are too few.

    Subjects are dealt out class by class, large ones first, so each fold holds subjects of either
    class. Cells of unknown subject count as a subject each. A class with a single subject cannot be
    on both sides: then there are no folds.
    """
    # StratifiedGroupKFold balances cells and may leave a fold without a subject of the smaller class.
    from sklearn.model_selection import GroupKFold

    groups = [
        f"cell {at}" if subject is None else f"subject {subject}" for at, subject in enumerate(subjects)
    ]
    of_cell = np.unique(groups, return_inverse=True)[1]
    sizes = np.bincount(of_cell)
    leukemic = 2 * np.bincount(of_cell, weights=labels) > sizes
    count = min(wanted, int(leukemic.sum()), int((~leukemic).sum()))
    if count < 2:
        return ()
    fold_of_cell = np.zeros(len(labels), dtype=np.intp)
    for kind in (False, True):
        rows = np.flatnonzero(leukemic[of_cell] == kind)
        parts = GroupKFold(count).split(rows, groups=of_cell[rows])
        for fold, (_, judged) in enumerate(parts):
            fold_of_cell[rows[judged]] = fold
    return _folds(fold_of_cell, count)


def cell_folds(labels: npt.NDArray[np.uint8], wanted: int, seed: int) -> tuple[Fold, ...]:
    """Folds by cell, for where subjects are too few; a class with one cell gives one fold, all cells."""
    from sklearn.model_selection import StratifiedKFold

    count = min(wanted, int(np.bincount(labels, minlength=2).min()))
    if count < 2:
        everything = np.arange(len(labels))
        return (Fold(everything, everything),)
    parts = StratifiedKFold(count, shuffle=True, random_state=seed).split(labels, labels)
    return tuple(Fold(learn, judge) for learn, judge in parts)


def _folds(fold_of_cell: Rows, count: int) -> tuple[Fold, ...]:
    return tuple(
        Fold(np.flatnonzero(fold_of_cell != fold), np.flatnonzero(fold_of_cell == fold))
        for fold in range(count)
    )
