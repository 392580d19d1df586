"""One usable cell of a data set, as every later step sees it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from submissions.cells import Label


@dataclass(frozen=True, slots=True)
class CellRecord:
    """An intact image: its SHA-256 is that of the list it was held against.

    `part` is train, prelim or final; `fold` is fold_0, fold_1 or fold_2 for training cells. Subject
    and label are None where they are not known: without the label file, and in the final phase.
    """

    name: str
    path: Path
    part: str
    fold: str | None
    subject: str | None
    label: Label | None
    sha256: str
