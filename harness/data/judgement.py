"""Hold one part of a copy against what must be there: every image is judged by its bytes and its pixels."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from harness.data.cache import Hashed
from harness.data.labels import CellLabel
from harness.data.layouts import FoundCell
from harness.data.pixels import SIZES
from harness.data.published import PublishedCell
from harness.data.records import CellRecord
from submissions.cells import Label, submission_order

EXAMPLES = 10
"""How many names stand for a long list of missing ones."""

Key = tuple[str, str]
"""Part and name: what makes a cell one and the same wherever its file lies."""


@dataclass(frozen=True, slots=True)
class Finding:
    """An image that is not as it must be: `path` is below the root."""

    name: str
    path: str
    reason: str

    def to_json(self) -> dict[str, str]:
        return {"name": self.name, "path": self.path, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class ClassCount:
    """Intact cells and their subjects, of one class of one part."""

    cells: int
    subjects: int


@dataclass(frozen=True, slots=True)
class SplitAudit:
    """One part of the data set. Present cells are the intact and the unusable ones, as far as expected.

    `resaved` are images that were saved again with the published pixels: they count as intact.
    `unproven` were saved again and nobody knows whether their pixels are the published ones: they
    count as intact where they were accepted.
    """

    name: str
    expected: int
    intact: tuple[CellRecord, ...]
    missing: tuple[str, ...]
    corrupt: tuple[Finding, ...]
    unknown: tuple[Finding, ...]
    resaved: tuple[Finding, ...] = ()
    unproven: tuple[Finding, ...] = ()
    accepted: bool = False

    @property
    def refused(self) -> tuple[Finding, ...]:
        """The images that are there and are not used."""
        return self.corrupt if self.accepted else (*self.corrupt, *self.unproven)

    @property
    def present(self) -> int:
        return len(self.intact) + len(self.refused)

    @property
    def complete(self) -> bool:
        return not self.missing and not self.refused

    def classes(self) -> dict[str, ClassCount]:
        """Cells and subjects per class; cells of unknown class under "unknown"."""
        subjects: defaultdict[str, list[str | None]] = defaultdict(list)
        for cell in self.intact:
            subjects["unknown" if cell.label is None else cell.label.name].append(cell.subject)
        return {
            name: ClassCount(len(subjects[name]), len(set(subjects[name]) - {None}))
            for name in (Label.ALL.name, Label.HEM.name, "unknown")
        }

    def to_json(self) -> dict[str, Any]:
        lists = ("corrupt", "unknown", "resaved", "unproven")
        return {
            "expected": self.expected,
            "present": self.present,
            "intact": len(self.intact),
            "missing": len(self.missing),
            "missing_examples": list(self.missing[:EXAMPLES]),
            **{name: [one.to_json() for one in getattr(self, name)] for name in lists},
            "accepted": self.accepted,
            "complete": self.complete,
            "classes": {
                name: {"cells": count.cells, "subjects": count.subjects}
                for name, count in self.classes().items()
            },
        }


class Soundness(Enum):
    """What an image is beside the published one of its name."""

    INTACT = "intact"
    RESAVED = "resaved"
    UNPROVEN = "unproven"
    CORRUPT = "corrupt"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Known:
    """What must be there, and the pixels of what somebody has seen of it, by SHA-256."""

    cells: Mapping[Key, PublishedCell]
    pixels: Mapping[str, str]
    names: Mapping[str, Key]

    def standing(self, key: Key, found: Hashed) -> Soundness:
        """What the image under this name is."""
        wanted = self.cells.get(key)
        if wanted is None:
            return Soundness.UNKNOWN
        if found.sha256 == wanted.sha256:
            return Soundness.INTACT
        if wanted.sha256 in found.forms or (found.pixels and found.pixels == self._pixels_of(wanted)):
            return Soundness.RESAVED
        return Soundness.UNPROVEN if self._may_be(wanted, found) else Soundness.CORRUPT

    def _may_be(self, wanted: PublishedCell, found: Hashed) -> bool:
        """Whether these may be the published pixels: of that size, nobody's other, and saved again."""
        return (
            found.pixels.partition(":")[0] == SIZES[wanted.split]
            and not self._pixels_of(wanted)
            and found.sha256 not in found.forms
            and self.owner(found) is None
        )

    def _pixels_of(self, wanted: PublishedCell) -> str:
        return wanted.pixels or self.pixels.get(wanted.sha256, "")

    def owner(self, found: Hashed) -> Key | None:
        """The cell whose published bytes or pixels these are."""
        return next((self.names[one] for one in (found.sha256, *found.forms) if one in self.names), None)


def judge(
    part: str,
    chosen: Mapping[Key, FoundCell],
    hashed: Mapping[str, Hashed],
    known: Known,
    labels: Mapping[str, CellLabel],
    *,
    accept: bool,
) -> SplitAudit:
    """One part: every image that was found stands somehow; the rest is missing."""
    wanted_names = {name for of, name in known.cells if of == part}
    here = {name: cell for (of, name), cell in chosen.items() if of == part}
    intact: list[CellRecord] = []
    found: dict[Soundness, list[Finding]] = {standing: [] for standing in Soundness}
    usable = (Soundness.INTACT, Soundness.RESAVED, *([Soundness.UNPROVEN] if accept else []))
    for name in sorted(here, key=submission_order):
        cell, one = here[name], hashed[here[name].place]
        standing = known.standing((part, name), one)
        if standing is not Soundness.INTACT:
            found[standing].append(Finding(name, cell.place, _what_is_wrong(cell, one, standing, known)))
        if standing in usable:
            intact.append(_record(cell, one, known.cells[part, name], standing, labels.get(name)))
    missing = tuple(sorted(wanted_names - here.keys(), key=submission_order))
    return SplitAudit(
        part,
        len(wanted_names),
        tuple(intact),
        missing,
        **{one.value: tuple(found[one]) for one in Soundness if one is not Soundness.INTACT},
        accepted=accept,
    )


def _record(
    cell: FoundCell, found: Hashed, wanted: PublishedCell, standing: Soundness, row: CellLabel | None
) -> CellRecord:
    """The cell under its published SHA-256, or under that of its pixels where these prove nothing."""
    subject, label = wanted.subject, wanted.label
    if cell.part == "prelim" and row is not None:
        subject, label = row.subject, row.label
    proven = standing is not Soundness.UNPROVEN
    sha256 = wanted.sha256 if proven else found.pixels.partition(":")[2]
    return CellRecord(
        cell.name, cell.path, cell.part, wanted.fold, subject, label, sha256, found.sha256, proven
    )


def _what_is_wrong(cell: FoundCell, found: Hashed, standing: Soundness, known: Known) -> str:
    """In words: how an image differs from the published one, whose it is, and whether it is one at all."""
    if standing is Soundness.RESAVED:
        return f"saved again as {_kind(cell)}, same pixels"
    if standing is Soundness.UNPROVEN:
        return f"saved again as {_kind(cell)}; nobody has seen whether its pixels are the published ones"
    if not found.sha256:
        return "the file cannot be read"
    wanted = known.cells.get((cell.part, cell.name))
    reasons = [
        "no published image has this name"
        if wanted is None
        else f"expected SHA-256 {wanted.sha256[:12]}…, found {found.sha256[:12]}…"
    ]
    if wanted is not None and cell.state.size != wanted.size:
        reasons.append(f"expected {wanted.size} bytes, found {cell.state.size}")
    return "; ".join([*reasons, *_more(cell, found, known)])


def _more(cell: FoundCell, found: Hashed, known: Known) -> list[str]:
    if owner := known.owner(found):
        what = "bytes" if found.sha256 in known.names else "pixels"
        return [f"its {what} are those of {owner[1]} of {owner[0]}"]
    if trouble := _undecodable(cell.path):
        return [f"cannot be decoded: {trouble}"]
    if found.pixels and (cell.part, cell.name) in known.cells:
        return ["damaged: its pixels are not the published ones"]
    return []


def _kind(cell: FoundCell) -> str:
    return f"{cell.path.suffix[1:].upper()} of {cell.state.size} bytes"


def _undecodable(path: Path) -> str:
    """Why Pillow cannot decode the image; an empty text when it can."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(path.read_bytes())) as image:
            image.load()
    except UnidentifiedImageError:
        return "it is no image"
    except (OSError, SyntaxError, ValueError) as error:
        return str(error)
    return ""
