"""The cells that a run has learnt from, kept with what it learnt, and which others it has thereby seen."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any

from harness.data.published import published
from harness.data.records import CellRecord
from harness.errors import DataWrong
from submissions.cells import submission_order
from submissions.writing import write_whole

LEARNT = "learnt_from.csv"
_COLUMNS = ("part", "cell", "subject", "sha256", "use")
_LEARNT_FROM, _CHOSEN_BY = "learnt from", "epoch chosen by"
_MOST_SUBJECTS = 12


@dataclass(frozen=True, slots=True)
class LearntCell:
    """One cell of a training; `sha256` is that of its published image (see `CellRecord`)."""

    part: str
    name: str
    subject: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Learnt:
    """The cells a run learnt from, and those by which its epoch was chosen."""

    cells: tuple[LearntCell, ...]
    chosen_by: tuple[LearntCell, ...] = ()

    def described(self) -> dict[str, Any]:
        """JSON-able facts: how many cells of which parts, and of which subjects."""
        parts = Counter(cell.part for cell in self.cells)
        subjects = sorted({cell.subject for cell in self.cells if cell.subject}, key=submission_order)
        return {"parts": dict(sorted(parts.items())), "subject_names": subjects}


def learnt_cells(records: Iterable[CellRecord]) -> tuple[LearntCell, ...]:
    """Cells that are learnt from, as `seen_by` asks for them."""
    return tuple(LearntCell(one.part, one.name, one.subject or "", one.sha256) for one in records)


def write_learnt(folder: Path, cells: Iterable[CellRecord], chosen_by: Iterable[CellRecord]) -> None:
    """Write the cells of a training into the folder with what was learnt."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(_COLUMNS)
    for use, records in ((_LEARNT_FROM, cells), (_CHOSEN_BY, chosen_by)):
        rows.writerows((*astuple(one), use) for one in learnt_cells(records))
    write_whole(folder / LEARNT, text.getvalue())


def read_learnt(folder: Path) -> Learnt:
    """Read them back; raises `DataWrong` for a run that does not say what it was trained on."""
    try:
        rows = list(csv.reader((folder / LEARNT).read_text(encoding="utf-8").splitlines()))[1:]
    except FileNotFoundError:
        raise DataWrong(
            f"{folder} does not say which cells the run was trained on: it was made by an earlier version",
            "Train it again with --fresh: what a network has seen must be known before it predicts.",
        ) from None
    uses: dict[str, list[LearntCell]] = {_LEARNT_FROM: [], _CHOSEN_BY: []}
    for part, name, subject, sha256, use in rows:
        uses[use].append(LearntCell(part, name, subject, sha256))
    return Learnt(tuple(uses[_LEARNT_FROM]), tuple(uses[_CHOSEN_BY]))


@dataclass(frozen=True, slots=True)
class Seen:
    """Which of the cells to predict a training has seen: themselves, as twins, or by their subject.

    Each maps a cell's name to its subject (empty where unknown).
    """

    cells: Mapping[str, str] = field(default_factory=dict)
    twins: Mapping[str, str] = field(default_factory=dict)
    of_subjects: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.cells) + len(self.twins) + len(self.of_subjects)

    @property
    def subjects(self) -> tuple[str, ...]:
        """The subjects of these cells."""
        every = {**self.cells, **self.twins, **self.of_subjects}.values()
        return tuple(sorted({subject for subject in every if subject}, key=submission_order))

    def to_json(self) -> dict[str, Any]:
        counts = {"cells": len(self.cells), "twins": len(self.twins), "of_subjects": len(self.of_subjects)}
        return {**counts, "subjects": list(self.subjects)} if len(self) else {}

    def __str__(self) -> str:
        """``3 that it learnt from, 1 that shows a cell it learnt from (subjects 1, 20)``."""
        kinds = (
            (self.cells, "that it learnt from"),
            (self.twins, "that show a cell it learnt from"),
            (self.of_subjects, "of subjects that it learnt from, or that share cells with those"),
        )
        told = ", ".join(f"{len(cells):,} {words}" for cells, words in kinds if cells)
        named = ", ".join(self.subjects[:_MOST_SUBJECTS])
        more = (
            f" and {len(self.subjects) - _MOST_SUBJECTS} more" if len(self.subjects) > _MOST_SUBJECTS else ""
        )
        return f"{told} (subjects {named}{more})" if named else told


def seen_by(
    learnt: Sequence[LearntCell], cells: Iterable[CellRecord], names: Sequence[str] | None = None
) -> Seen:
    """Which of these cells were learnt from, show the same cell, or come from the same people.

    They are told under these `names`, or else their own.
    """
    memory = _Memory(learnt)
    found: dict[str, dict[str, str]] = {"cells": {}, "twins": {}, "of_subjects": {}}
    for at, cell in enumerate(cells):
        if how := memory.how(cell):
            found[how][names[at] if names else cell.name] = cell.subject or ""
    return Seen(**found)


class _Memory:
    """What a training has seen, ready to be asked cell by cell."""

    def __init__(self, learnt: Sequence[LearntCell]) -> None:
        self._first = published().same_cell()
        self._cells = {(one.part, one.name) for one in learnt}
        self._bytes = {one.sha256 for one in learnt}
        self._shown = {self._first[one.name] for one in learnt if one.name in self._first}
        self._subjects = _joined({one.subject for one in learnt if one.subject})

    def how(self, cell: CellRecord) -> str:
        """The word for how this cell was seen; empty where it was not."""
        if (cell.part, cell.name) in self._cells:
            return "cells"
        if cell.sha256 in self._bytes or self._first.get(cell.name) in self._shown:
            return "twins"
        return "of_subjects" if cell.subject in self._subjects else ""


def _joined(subjects: set[str]) -> set[str]:
    """These subjects with all that share cells with them, directly or through others."""
    return subjects.union(*(group for group in published().groups() if group & subjects))
