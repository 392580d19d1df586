"""Splits: which cells are learnt from, which are predicted, and who may not be on both sides.

C-NMC 2019 holds the same cells under several subject numbers, also across folds. Subjects that share
cells with the side that is tested, directly or through other subjects, are taken out of training
(or only those cells, or nothing, as in the published work).
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.data.dataset import Dataset, open_dataset
from harness.data.layouts import how_to_get_data
from harness.data.published import FOLD_OF, published
from harness.data.records import CellRecord
from harness.errors import DataWrong, UsageWrong
from submissions.phases import OFFICIAL, Phase, phase_of

__all__ = [
    "POLICIES", "SPLITS", "CellRecord", "Dataset", "Dropped", "Split", "ToPredict", "make_split",
    "open_dataset", "to_predict",
]  # fmt: skip

SPLITS = ("prelim", "final", "fold0", "fold1", "fold2")
"""Each predicts the part of its name: the folds by training on the other two."""

POLICIES = ("drop-subjects", "drop-cells", "keep")
"""What is taken out of training where cells are shared: whole subjects, only the cells, nothing."""

_PUBLISHED_NAMES = re.compile(r"UID_(H?\d+)_")
"""As in the published program: it passes over the lower-case ``h3`` of today's files."""

_LEARNT = {
    "prelim": ("fold0", "fold1", "fold2"),
    "final": ("fold0", "fold1", "fold2", "prelim"),
    "fold0": ("fold1", "fold2"),
    "fold1": ("fold0", "fold2"),
    "fold2": ("fold0", "fold1"),
}


@dataclass(frozen=True, slots=True)
class Dropped:
    """Cells of one subject that were taken out, and why, in words."""

    subject: str
    cells: int
    reason: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.cells} cells taken out, {self.reason}"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A cell that may not be learnt from, and why."""

    cell: CellRecord
    reason: str


@dataclass(frozen=True, slots=True)
class Split:
    """What is learnt from (`train`), predicted (`test`, in submission order) and chosen by (`validation`).

    `left_out` holds every cell that the rule about shared cells took out, with the reason; `dropped` counts
    them by subject. `partial` says that cells which belong
    to the split are not in it (missing images, ``limit``), `drawn` that the cells are synthetic.
    """

    name: str
    train: tuple[CellRecord, ...]
    test: tuple[CellRecord, ...]
    validation: tuple[CellRecord, ...]
    left_out: tuple[LeftOut, ...]
    phase: Phase
    shared_cells: str
    partial: bool
    drawn: bool

    @property
    def dropped(self) -> tuple[Dropped, ...]:
        """Who was taken out: cells of a subject for one reason."""
        counts = Counter((one.cell.subject or "?", one.reason) for one in self.left_out)
        return tuple(Dropped(subject, cells, why) for (subject, why), cells in sorted(counts.items()))

    def described(self) -> dict[str, Any]:
        """JSON-able facts for a manifest: how many cells and subjects were learnt from, who was left out."""
        classes = Counter(cell.label.name for cell in self.train if cell.label is not None)
        return {
            "cells": len(self.train),
            "classes": {name: classes[name] for name in ("ALL", "HEM")},
            "subjects": len({cell.subject for cell in self.train}),
            "validation_cells": len(self.validation),
            "shared_cells": self.shared_cells,
            "dropped": [
                {"subject": one.subject, "cells": one.cells, "reason": one.reason} for one in self.dropped
            ],
        }


def make_split(
    dataset: Dataset,
    name: str,
    *,
    shared_cells: str = "drop-subjects",
    limit: int | None = None,
    holdout: str | None = None,
    published_names: bool = False,
) -> Split:
    """The split of this name.

    `holdout` names a part (fold0, fold1, fold2, prelim) that is not learnt from but given as
    `validation`; the rule about shared cells then protects it as it protects the test side. `limit`
    keeps at most so many training, test and validation cells, balanced over classes and subjects.
    `published_names` learns only from files whose names the published program's pattern finds.

    Raises `UsageWrong` for a name that does not exist and `DataWrong` where a side has no cells.
    """
    _require_names(name, shared_cells, limit, holdout)
    parts = [part for part in _LEARNT[name] if part != holdout]
    test = _part(dataset, name)
    tested = dict.fromkeys(test, "which is tested")
    validation, out = _apart(shared_cells, _labelled(dataset, holdout) if holdout else (), tested)
    learnt = tuple(cell for part in parts for cell in _labelled(dataset, part))
    chosen_by = dict.fromkeys(validation, "which is held out for the choice of epoch")
    train, left_out = _apart(shared_cells, learnt, {**chosen_by, **tested})
    if published_names:
        train, unnamed = _without(train, {cell: _why_not_found(cell) for cell in train})
        left_out = (*left_out, *unnamed)
    _require_cells(dataset, name, {"to learn from": train, "to predict": test})
    if holdout:
        _require_cells(dataset, name, {f"held out as {holdout}": validation})
    test = _limited(test, limit)
    phase = _phase(dataset, name, test, limited=limit is not None)
    return Split(
        name=name,
        train=_limited(train, limit),
        test=_in_order(test, phase),
        validation=_limited(validation, limit),
        left_out=(*left_out, *out),
        phase=phase,
        shared_cells=shared_cells,
        partial=limit is not None or _lacks_any(dataset, {name, *parts, holdout or name}),
        drawn=dataset.drawn,
    )


@dataclass(frozen=True, slots=True)
class ToPredict:
    """The cells of a split that are predicted, in submission order, and nothing to learn from.

    `partial` says that cells which belong there are missing, or were left out by ``limit``.
    """

    name: str
    cells: tuple[CellRecord, ...]
    phase: Phase
    partial: bool


def to_predict(dataset: Dataset, name: str, *, limit: int | None = None) -> ToPredict:
    """What `make_split` would predict, for a network that has learnt already."""
    _require_names(name, "keep", limit, None)
    there = _part(dataset, name)
    _require_cells(dataset, name, {"to predict": there})
    cells = _limited(there, limit)
    phase = _phase(dataset, name, cells, limited=limit is not None)
    return ToPredict(name, _in_order(cells, phase), phase, limit is not None or _lacks_any(dataset, {name}))


def _why_not_found(cell: CellRecord) -> str:
    """Why the published program does not find a training image; empty where it does."""
    found = cell.part != "train" or _PUBLISHED_NAMES.match(cell.name)
    return "" if found else "because the published program's pattern does not fit the names of its files"


def _require_names(name: str, shared_cells: str, limit: int | None, holdout: str | None) -> None:
    if name not in SPLITS:
        raise UsageWrong(f"there is no split {name!r}", f"The splits are {', '.join(SPLITS)}.")
    if shared_cells not in POLICIES:
        raise UsageWrong(f"shared cells: there is no {shared_cells!r}", f"Choose {', '.join(POLICIES)}.")
    if limit is not None and limit < 2:
        raise UsageWrong(f"a limit of {limit} leaves nothing to learn from", "Give 2 or more.")
    if holdout is not None and holdout not in (*FOLD_OF, "prelim"):
        raise UsageWrong(
            f"{holdout!r} cannot be held out",
            "Hold out fold0, fold1, fold2 or prelim: their labels are known.",
        )
    if holdout == name:
        raise UsageWrong(f"{holdout} is what split {name} predicts", "To choose by it, say so: best:test.")


def _part(dataset: Dataset, name: str) -> tuple[CellRecord, ...]:
    """The cells of prelim, final, fold0, fold1 or fold2."""
    if fold := FOLD_OF.get(name):
        return tuple(cell for cell in dataset.of("train") if cell.fold == fold)
    return dataset.of(name)


def _labelled(dataset: Dataset, name: str) -> tuple[CellRecord, ...]:
    cells = _part(dataset, name)
    if any(cell.label is None for cell in cells):
        why = dataset.audit.label_file.reason or "it does not name all of these cells"
        raise DataWrong(
            f"the {name} cells cannot be learnt from, their labels are not known: {why}",
            "Put the published label file of the preliminary phase beside the images.",
        )
    return cells


def _require_cells(dataset: Dataset, name: str, sides: Mapping[str, Collection[CellRecord]]) -> None:
    for side, cells in sides.items():
        if not cells:
            hint = dataset.audit.resaved_hint or how_to_get_data()
            raise DataWrong(f"split {name} has no cells {side} in this copy", hint)


def _apart(
    policy: str, learnt: tuple[CellRecord, ...], others: Mapping[CellRecord, str]
) -> tuple[tuple[CellRecord, ...], tuple[LeftOut, ...]]:
    """The cells that may be learnt from beside those others (what each is for), and what was taken out."""
    if policy == "drop-subjects":
        subjects = _shared_subjects(learnt, others)
        return _without(learnt, {cell: subjects.get(cell.subject or "", "") for cell in learnt})
    if policy == "drop-cells":
        return _without(learnt, _shared_images(learnt, others))
    return learnt, ()


def _without(
    learnt: tuple[CellRecord, ...], reasons: Mapping[CellRecord, str]
) -> tuple[tuple[CellRecord, ...], tuple[LeftOut, ...]]:
    """The cells without a reason against them, and the others."""
    kept = tuple(cell for cell in learnt if not reasons.get(cell))
    return kept, tuple(LeftOut(cell, reason) for cell in learnt if (reason := reasons.get(cell)))


def _shared_subjects(learnt: Iterable[CellRecord], others: Mapping[CellRecord, str]) -> dict[str, str]:
    """Why a subject may not be learnt from: the chain of shared cells that leads to one of the others."""
    places = {
        cell.subject: (cell.fold or cell.part, purpose) for cell, purpose in others.items() if cell.subject
    }
    chains = _chains(places)
    reasons = {}
    for subject in {cell.subject for cell in learnt if cell.subject}:
        if subject in places:
            place, purpose = places[subject]
            reasons[subject] = f"because {place}, {purpose}, holds cells of the same subject"
        elif chain := chains.get(subject):
            through = f", through {', '.join(chain[1:-1])}," if len(chain) > 2 else ""
            place, purpose = places[chain[-1]]
            reasons[subject] = f"because it shares cells{through} with {chain[-1]} of {place}, {purpose}"
    return reasons


def _chains(ends: Iterable[str]) -> dict[str, list[str]]:
    """The shortest chain of shared cells from every subject to one of these (the last of the chain)."""
    joined = published().neighbours()
    chains: dict[str, list[str]] = {subject: [subject] for subject in sorted(ends)}
    waiting = deque(chains)
    while waiting:
        subject = waiting.popleft()
        for other in sorted(joined.get(subject, ())):
            if other not in chains:
                chains[other] = [other, *chains[subject]]
                waiting.append(other)
    return chains


def _shared_images(learnt: Iterable[CellRecord], others: Mapping[CellRecord, str]) -> dict[CellRecord, str]:
    """Why an image may not be learnt from: one of the others has its bytes, or shows the same cell."""
    known = published().same_cell()
    by_bytes = {cell.sha256: cell for cell in others}
    by_cell = {known[cell.name]: cell for cell in others if cell.name in known}
    reasons = {}
    for cell in learnt:
        if twin := by_bytes.get(cell.sha256) or by_cell.get(known.get(cell.name, "")):
            whose = f"{twin.subject or 'a cell'} of {twin.fold or twin.part}"
            reasons[cell] = f"because {whose}, {others[twin]}, shows the same ones"
    return reasons


def _lacks_any(dataset: Dataset, parts: Iterable[str]) -> bool:
    return any(_expected(dataset, part) > len(_part(dataset, part)) for part in parts)


def _expected(dataset: Dataset, name: str) -> int:
    """How many cells prelim, final or a fold has when nothing is missing or corrupt."""
    if name not in FOLD_OF:
        return dataset.audit.splits[name].expected
    training, known = dataset.audit.splits["train"], published()
    absent = (*training.missing, *(finding.name for finding in training.refused))
    cells = (known.find("train", name) for name in absent)
    return len(_part(dataset, name)) + sum(cell is not None and cell.fold == FOLD_OF[name] for cell in cells)


def _limited(cells: tuple[CellRecord, ...], limit: int | None) -> tuple[CellRecord, ...]:
    """At most so many cells, in their old order: classes take turns, and within them the subjects."""
    if limit is None or len(cells) <= limit:
        return cells
    of_subject = _turns(cells, {cell: (cell.label, cell.subject) for cell in cells}, {})
    of_class = _turns(cells, {cell: cell.label for cell in cells}, of_subject)
    chosen = set(sorted(cells, key=lambda cell: (of_class[cell], _lot(cell)))[:limit])
    return tuple(cell for cell in cells if cell in chosen)


def _turns(
    cells: Iterable[CellRecord], group: Mapping[CellRecord, Any], before: Mapping[CellRecord, int]
) -> dict[CellRecord, int]:
    """The place of every cell within its group, ordered by an earlier place and then by lot."""
    seen: Counter[Any] = Counter()
    turns = {}
    for cell in sorted(cells, key=lambda cell: (before.get(cell, 0), _lot(cell))):
        turns[cell] = seen[group[cell]]
        seen[group[cell]] += 1
    return turns


def _lot(cell: CellRecord) -> str:
    return hashlib.sha256(f"{cell.part} {cell.name}".encode()).hexdigest()


def _phase(dataset: Dataset, name: str, test: Collection[CellRecord], *, limited: bool) -> Phase:
    """The official phase when all its cells are there, else a phase of those that are."""
    partial = limited or len(test) < _expected(dataset, name)
    if name in OFFICIAL and not partial and not dataset.drawn:
        return OFFICIAL[name]
    return phase_of(name, (cell.name for cell in test), partial=partial, drawn=dataset.drawn)


def _in_order(test: Iterable[CellRecord], phase: Phase) -> tuple[CellRecord, ...]:
    by_name = {cell.name: cell for cell in test}
    return tuple(by_name[name] for name in phase.cells)
