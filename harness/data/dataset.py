"""The data set as the other rooms use it: its intact cells, and what the audit said."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness import console
from harness.data.audit import Audit, audit
from harness.data.published import PARTS
from harness.data.records import CellRecord
from models.progress import Progress, silent


@dataclass(frozen=True, slots=True)
class Dataset:
    """All intact cells of a copy: training cells by name, then preliminary and final ones by number."""

    root: Path
    records: tuple[CellRecord, ...] = field(repr=False)
    audit: Audit = field(repr=False)

    @property
    def drawn(self) -> bool:
        """Whether the cells are synthetic; whatever is made of them has to say so."""
        return self.audit.drawn

    @property
    def partial(self) -> bool:
        """Whether images that must be there are missing or corrupt."""
        return not all(split.complete for split in self.audit.splits.values())

    @property
    def resaved(self) -> dict[str, int]:
        """How many usable images were saved again: with the published pixels, and nobody knows with which."""
        parts = self.audit.splits.values()
        unproven = sum(not cell.proven for cell in self.records)
        return {"same_pixels": sum(len(part.resaved) for part in parts), "pixels_not_known": unproven}

    @property
    def label_file(self) -> Path | None:
        """The preliminary label file, where there is one that can be read."""
        return self.audit.label_file.path if self.audit.label_file.labels else None

    @property
    def other_labels(self) -> bool:
        """Whether the preliminary labels come from a file that is not the expected one."""
        return bool(self.audit.label_file.labels) and not self.audit.label_file.recognised

    @property
    def key(self) -> str:
        """SHA-256 over part, name and SHA-256 of every cell: the same key, the same pixels."""
        lines = (f"{cell.part} {cell.name} {cell.sha256}\n" for cell in self.records)
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def of(self, part: str) -> tuple[CellRecord, ...]:
        """The intact cells of train, prelim or final."""
        return tuple(cell for cell in self.records if cell.part == part)

    def marks(self, used: Iterable[CellRecord]) -> dict[str, bool]:
        """What must be said of cells that were used: labels that are not the published ones, odd pixels."""
        cells = tuple(used)
        return {
            "other_labels": self.other_labels and any(cell.part == "prelim" for cell in cells),
            "pixels_not_known": any(not cell.proven for cell in cells),
        }

    def described(self) -> dict[str, Any]:
        """JSON-able facts for a manifest: no path of this machine among them."""
        marker = self.audit.marker
        return {
            "source": marker.words if marker else "C-NMC 2019",
            "drawn": self.drawn,
            "partial": self.partial,
            "cells": {part: len(self.of(part)) for part in PARTS},
            "key": self.key,
            "resaved": self.resaved,
            "label_file_recognised": self.audit.label_file.recognised,
        }


def open_dataset(
    root: Path,
    progress: Progress = silent,
    jobs: int | None = None,
    cache: Path | None = None,
    *,
    accept_resaved: bool = False,
) -> Dataset:
    """Audit the copy below `root` and keep its usable cells; what the caches had to say is said.

    Raises `DataWrong` where `root` is absent or holds no image of C-NMC; missing and corrupt images
    are no error here, they make the data set partial.
    """
    report = audit(root, progress, jobs, cache, accept_resaved=accept_resaved)
    for remark in report.remarks:
        console.say(remark)
    records = tuple(cell for part in PARTS for cell in report.splits[part].intact)
    return Dataset(root, records, report)
