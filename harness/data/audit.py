"""Hold a copy of the data set against the published list: what is there, missing, damaged, unknown.

A drawn data set carries a marker and is held against that instead; everything then says "drawn data".
"""

from __future__ import annotations

import hashlib
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.data.cache import HashCache, Hashed
from harness.data.labels import CellLabel, has_sha256, read_labels
from harness.data.layouts import FoundCell, FoundFiles, find_files
from harness.data.marker import Marker, read_marker
from harness.data.parallel import in_parallel
from harness.data.published import LABEL_FILE, PARTS, PublishedCell, published
from harness.data.records import CellRecord
from harness.errors import DataWrong
from models.contract import Progress, silent
from submissions.cells import Label, submission_order

EXAMPLES = 10
"""How many names stand for a long list of missing ones."""


@dataclass(frozen=True, slots=True)
class Finding:
    """An image that is not as it must be: `path` is below the root."""

    name: str
    path: str
    reason: str

    def to_json(self) -> dict[str, str]:
        return {"name": self.name, "path": self.path, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Twin:
    """Two intact images of the same cell, and how that is known."""

    split: str
    a: str
    b: str
    evidence: str

    def to_json(self) -> dict[str, str]:
        return {"split": self.split, "a": self.a, "b": self.b, "evidence": self.evidence}


@dataclass(frozen=True, slots=True)
class ClassCount:
    """Intact cells and their subjects, of one class of one part."""

    cells: int
    subjects: int


@dataclass(frozen=True, slots=True)
class SplitAudit:
    """One part of the data set. Present cells are the intact and the corrupt ones, as far as expected."""

    name: str
    expected: int
    intact: tuple[CellRecord, ...]
    missing: tuple[str, ...]
    corrupt: tuple[Finding, ...]
    unknown: tuple[Finding, ...]

    @property
    def present(self) -> int:
        return len(self.intact) + len(self.corrupt)

    @property
    def complete(self) -> bool:
        return not self.missing and not self.corrupt

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
        return {
            "expected": self.expected,
            "present": self.present,
            "intact": len(self.intact),
            "missing": len(self.missing),
            "missing_examples": list(self.missing[:EXAMPLES]),
            "corrupt": [one.to_json() for one in self.corrupt],
            "unknown": [one.to_json() for one in self.unknown],
            "complete": self.complete,
            "classes": {
                name: {"cells": count.cells, "subjects": count.subjects}
                for name, count in self.classes().items()
            },
        }


@dataclass(frozen=True, slots=True)
class LabelFileAudit:
    """The preliminary label file: where it lies, whether it is the expected one, and if not, why."""

    path: Path | None = None
    recognised: bool = False
    reason: str = ""
    labels: Mapping[str, CellLabel] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "path": None if self.path is None else str(self.path),
            "recognised": self.recognised,
            "rows": len(self.labels),
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Audit:
    """A data set held against the list of what must be there."""

    root: Path
    splits: Mapping[str, SplitAudit]
    label_file: LabelFileAudit
    twins: tuple[Twin, ...]
    stray: tuple[str, ...]
    duplicates: tuple[str, ...]
    misplaced: tuple[str, ...]
    marker: Marker | None
    remarks: tuple[str, ...] = ()

    @property
    def drawn(self) -> bool:
        return self.marker is not None

    @property
    def complete(self) -> bool:
        """Every expected image is there and intact, and so is the label file; strangers do not matter."""
        return self.label_file.recognised and all(split.complete for split in self.splits.values())

    def to_json(self) -> dict[str, Any]:
        """The document of ``harness data audit --json``.

        Per split, expected, present and missing are counts; corrupt and unknown are lists of name,
        path and reason.
        """
        return {
            "root": str(self.root),
            "complete": self.complete,
            "drawn": self.drawn,
            "data": self.marker.words if self.marker else "C-NMC 2019",
            "splits": {name: split.to_json() for name, split in self.splits.items()},
            "label_file": self.label_file.to_json(),
            "twins": [twin.to_json() for twin in self.twins],
            "stray": list(self.stray),
            "duplicates": list(self.duplicates),
            "misplaced": list(self.misplaced),
            "remarks": list(self.remarks),
        }


def audit(
    root: Path,
    progress: Progress = silent,
    jobs: int | None = None,
    cache: Path | None = None,
    *,
    rehash: bool = False,
) -> Audit:
    """Find, hash and judge every image below `root`; raises `DataWrong` where there is none.

    Hashing uses `jobs` threads (all cores when None). Files that kept path, size and time of change
    since the last audit are not read again, unless `rehash`; their hashes are remembered in the
    folder `cache` (the user's cache folder when None).
    """
    found = find_files(root)
    marker = read_marker(found.marker) if found.marker else None
    expected = _expected(marker)
    hashed, trouble = _hashes(found, progress, jobs, HashCache(root, cache), rehash=rehash)
    label_file = _label_file(found, marker)
    chosen = _chosen(found, hashed, expected)
    splits = {part: _judge(part, chosen, hashed, expected, label_file.labels) for part in PARTS}
    return Audit(
        root=root,
        splits=splits,
        label_file=label_file,
        twins=_twins(splits, with_boxes=marker is None),
        stray=tuple(map(found.below_root, found.stray)),
        duplicates=_passed_over(found, chosen),
        misplaced=_misplaced(chosen, expected),
        marker=marker,
        remarks=(trouble,) if trouble else (),
    )


Key = tuple[str, str]
"""Part and name: what makes a cell one and the same wherever its file lies."""


def _expected(marker: Marker | None) -> dict[Key, PublishedCell]:
    """What must be there: the published cells, or those that a marker says were drawn."""
    known = published()
    if marker is None:
        return {(cell.split, cell.name): cell for cell in known.cells}
    drawn = {}
    for part in PARTS:
        for name, sha256 in marker.files[part].items():
            cell = known.find(part, name)
            if cell is None:
                raise DataWrong(f"the marker names {name} of {part}, which C-NMC never had", "Draw it again.")
            drawn[part, name] = replace(cell, sha256=sha256, box=None, identical_to=None)
    return drawn


def _hashes(
    found: FoundFiles, progress: Progress, jobs: int | None, cache: HashCache, *, rehash: bool
) -> tuple[dict[str, str], str]:
    """The SHA-256 of every image by place (empty where it cannot be read); why the cache failed, if it did.

    An interrupted audit keeps what it has read so far.
    """
    remembered = {} if rehash else cache.read()
    kept = {
        cell.place: one
        for cell in found.cells
        if (one := remembered.get(cell.place)) is not None and one.state == cell.state
    }
    new = [cell for cell in found.cells if cell.place not in kept]
    trouble = ""
    try:
        with progress("reading images", len(new)) as advance:
            for cell, sha256 in zip(new, in_parallel(_sha256, new, jobs), strict=True):
                kept[cell.place] = Hashed(cell.state, sha256)
                advance()
    finally:
        if new or len(kept) != len(remembered):
            trouble = cache.write({place: one for place, one in kept.items() if one.sha256})
    return {place: one.sha256 for place, one in kept.items()}, trouble


def _sha256(cell: FoundCell) -> str:
    try:
        with cell.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _judge(
    part: str,
    chosen: Mapping[Key, FoundCell],
    hashed: Mapping[str, str],
    expected: Mapping[Key, PublishedCell],
    labels: Mapping[str, CellLabel],
) -> SplitAudit:
    """One part: every image that was found is intact, corrupt or unknown; the rest is missing."""
    known_bytes = {cell.sha256: key for key, cell in expected.items()}
    wanted_names = {name for of, name in expected if of == part}
    here = {name: cell for (of, name), cell in chosen.items() if of == part}
    intact: list[CellRecord] = []
    wrong: dict[bool, list[Finding]] = {True: [], False: []}
    for name in sorted(here, key=submission_order):
        cell, wanted, sha256 = here[name], expected.get((part, name)), hashed[here[name].place]
        if wanted is not None and sha256 == wanted.sha256:
            intact.append(_record(cell, wanted, labels.get(name)))
            continue
        reason = _what_is_wrong(cell, sha256, wanted, known_bytes)
        wrong[wanted is not None].append(Finding(name, cell.place, reason))
    missing = tuple(sorted(wanted_names - here.keys(), key=submission_order))
    return SplitAudit(
        part,
        len(wanted_names),
        tuple(intact),
        missing,
        corrupt=tuple(wrong[True]),
        unknown=tuple(wrong[False]),
    )


def _chosen(
    found: FoundFiles, hashed: Mapping[str, str], expected: Mapping[Key, PublishedCell]
) -> dict[Key, FoundCell]:
    """One file for every cell: of several copies the first with the right bytes, or the first there is."""
    copies: defaultdict[Key, list[FoundCell]] = defaultdict(list)
    for cell in found.cells:
        copies[cell.part, cell.name].append(cell)
    return {key: _best_copy(cells, hashed, expected.get(key)) for key, cells in copies.items()}


def _best_copy(cells: list[FoundCell], hashed: Mapping[str, str], wanted: PublishedCell | None) -> FoundCell:
    right = (cell for cell in cells if wanted is not None and hashed[cell.place] == wanted.sha256)
    return next(right, cells[0])


def _record(cell: FoundCell, wanted: PublishedCell, row: CellLabel | None) -> CellRecord:
    subject, label = wanted.subject, wanted.label
    if cell.part == "prelim" and row is not None:
        subject, label = row.subject, row.label
    return CellRecord(cell.name, cell.path, cell.part, wanted.fold, subject, label, wanted.sha256)


def _what_is_wrong(
    cell: FoundCell, sha256: str, wanted: PublishedCell | None, known_bytes: Mapping[str, Key]
) -> str:
    """In words: other bytes than expected, whose bytes they are, and whether they are an image at all."""
    if not sha256:
        return "the file cannot be read"
    reasons = [
        "no published image has this name"
        if wanted is None
        else f"expected SHA-256 {wanted.sha256[:12]}…, found {sha256[:12]}…"
    ]
    if wanted is not None and cell.state.size != wanted.size:
        reasons.append(f"expected {wanted.size} bytes, found {cell.state.size}")
    if sha256 in known_bytes:
        part, name = known_bytes[sha256]
        reasons.append(f"its bytes are those of {name} of {part}")
    elif trouble := _undecodable(cell.path):
        reasons.append(f"cannot be decoded: {trouble}")
    return "; ".join(reasons)


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


def _passed_over(found: FoundFiles, chosen: Mapping[Key, FoundCell]) -> tuple[str, ...]:
    used = {cell.place for cell in chosen.values()}
    return tuple(cell.place for cell in found.cells if cell.place not in used)


def _misplaced(chosen: Mapping[Key, FoundCell], expected: Mapping[Key, PublishedCell]) -> tuple[str, ...]:
    """Training images that lie in another fold's folder; the published fold is what counts."""
    return tuple(
        cell.place
        for key, cell in chosen.items()
        if cell.fold is not None and key in expected and expected[key].fold != cell.fold
    )


def _label_file(found: FoundFiles, marker: Marker | None) -> LabelFileAudit:
    """The recognised label file among the candidates, or the first that can be read, or why none can."""
    wanted = marker.label_sha256 if marker else LABEL_FILE.sha256
    looked = [_looked_at(path, wanted) for path in found.label_files]
    looked.sort(key=lambda one: (not one.recognised, not one.labels))
    return looked[0] if looked else LabelFileAudit(reason=f"there is no {LABEL_FILE.name}")


def _looked_at(path: Path, wanted: str) -> LabelFileAudit:
    try:
        labels = read_labels(path)
        right = has_sha256(path, wanted)
    except DataWrong as error:
        return LabelFileAudit(path, reason=str(error))
    return LabelFileAudit(path, right, "" if right else "its SHA-256 is not the expected one", labels)


def _twins(splits: Mapping[str, SplitAudit], *, with_boxes: bool) -> tuple[Twin, ...]:
    """Every pair of intact images of the same cell: same bytes, or published as the same cell."""
    found = [twin for split in splits.values() for twin in _same_bytes(split.name, split.intact)]
    if with_boxes:
        there = {cell.name for cell in splits["train"].intact}
        found += [
            Twin("train", pair.a, pair.b, "same box, other bytes")
            for pair in published().pairs
            if not pair.identical and pair.a in there and pair.b in there
        ]
    return tuple(found)


def _same_bytes(part: str, cells: Iterable[CellRecord]) -> list[Twin]:
    first: dict[str, str] = {}
    twins = []
    for cell in cells:
        other = first.setdefault(cell.sha256, cell.name)
        if other != cell.name:
            twins.append(Twin(part, other, cell.name, "same bytes"))
    return twins
