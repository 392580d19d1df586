"""Hold a copy of the data set against the published list: what is there, missing, damaged, unknown.

A drawn data set carries a marker and is held against that instead; everything then says "drawn data".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.data.cache import Hashed
from harness.data.fingerprints import Fingerprints, fingerprints
from harness.data.judgement import EXAMPLES, Finding, Key, Known, Soundness, SplitAudit, judge
from harness.data.labels import CellLabel, has_sha256, read_labels
from harness.data.layouts import FoundCell, FoundFiles, find_files, label_files_below, marker_of
from harness.data.marker import Marker, read_marker
from harness.data.published import LABEL_FILE, PARTS, PublishedCell, published
from harness.data.records import CellRecord
from harness.errors import DataWrong
from models.progress import Progress, silent

__all__ = ["EXAMPLES", "Audit", "Finding", "LabelFileAudit", "SplitAudit", "Twin", "audit"]


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
    other_forms: tuple[Finding, ...] = ()
    other_case: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def drawn(self) -> bool:
        return self.marker is not None

    @property
    def complete(self) -> bool:
        """Every expected image is there and intact, and so is the label file; strangers do not matter."""
        return self.label_file.recognised and all(split.complete for split in self.splits.values())

    @property
    def resaved_hint(self) -> str:
        """What to do about images that were saved again and are not used; empty where there are none."""
        waiting = sum(len(part.unproven) for part in self.splits.values() if not part.accepted)
        words = "were saved again, and nobody has seen whether their pixels are the published ones"
        return f"{waiting} images {words}: --accept-resaved takes them." if waiting else ""

    def to_json(self) -> dict[str, Any]:
        """The document of ``harness data audit --json``.

        Per split, expected, present and missing are counts; corrupt, unknown, resaved and unproven are
        lists of name, path and reason.
        """
        return {
            "root": str(self.root),
            "complete": self.complete,
            "drawn": self.drawn,
            "data": self.marker.words if self.marker else "C-NMC 2019",
            "splits": {name: split.to_json() for name, split in self.splits.items()},
            "label_file": self.label_file.to_json(),
            "twins": [twin.to_json() for twin in self.twins],
            "other_forms": [one.to_json() for one in self.other_forms],
            "other_case": list(self.other_case),
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
    accept_resaved: bool = False,
) -> Audit:
    """Find, hash and judge every image below `root`; raises `DataWrong` where there is none.

    Reading uses `jobs` threads (all cores when None). Files that kept path, size and time of change
    since the last audit are not read again, unless `rehash`; what was read is remembered in the
    folder `cache` (the user's cache folder when None). With `accept_resaved`, images of the right size
    and name that were saved again are taken also where nobody has seen their published pixels.
    """
    found = find_files(root)
    marker = read_marker(found.marker) if found.marker else None
    expected = _expected(marker)
    names = {cell.sha256: key for key, cell in expected.items()}
    read = fingerprints(found, names.keys(), progress, jobs, cache, rehash=rehash)
    known = Known(expected, read.pixels, names)
    return _report(found, marker, known, read, accept=accept_resaved)


def _report(
    found: FoundFiles, marker: Marker | None, known: Known, read: Fingerprints, *, accept: bool
) -> Audit:
    """What was found and read, held against what is known."""
    label_file = _label_file(found.label_files, marker)
    chosen = _chosen(found, read.of, known)
    splits = {part: judge(part, chosen, read.of, known, label_file.labels, accept=accept) for part in PARTS}
    return Audit(
        root=found.root,
        splits=splits,
        label_file=label_file,
        twins=_twins(splits, with_boxes=marker is None),
        stray=tuple(map(found.below_root, found.stray)),
        duplicates=_passed_over(found, chosen),
        misplaced=_misplaced(chosen, known.cells),
        marker=marker,
        other_forms=tuple(Finding(one.name, found.below_root(one), what) for one, what in found.other_forms),
        other_case=tuple(one.place for one in chosen.values() if one.path.suffix not in (".bmp", ".png")),
        remarks=read.remarks,
    )


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
            drawn[part, name] = replace(cell, sha256=sha256, box=None, identical_to=None, pixels=None)
    return drawn


def _chosen(found: FoundFiles, hashed: Mapping[str, Hashed], known: Known) -> dict[Key, FoundCell]:
    """One file for every cell: of several copies the one that stands best, or the first of them."""
    copies: defaultdict[Key, list[FoundCell]] = defaultdict(list)
    for cell in found.cells:
        copies[cell.part, cell.name].append(cell)
    order = list(Soundness)
    return {
        key: min(cells, key=lambda cell: order.index(known.standing(key, hashed[cell.place])))
        for key, cells in copies.items()
    }


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


def label_file_below(root: Path) -> LabelFileAudit:
    """The preliminary label file of a copy, found without looking at its images."""
    if not root.is_dir():
        return LabelFileAudit(reason=f"there is no folder {root}")
    marker = marker_of(root)
    found = _label_file(label_files_below(root), read_marker(marker) if marker else None)
    return found if found.path else replace(found, reason=f"{found.reason} below {root}")


def _label_file(candidates: Iterable[Path], marker: Marker | None) -> LabelFileAudit:
    """The recognised label file among the candidates, or the first that can be read, or why none can."""
    wanted = marker.label_sha256 if marker else LABEL_FILE.sha256
    looked = [_looked_at(path, wanted) for path in candidates]
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
