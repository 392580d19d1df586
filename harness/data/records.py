"""One usable cell of a data set, as every later step sees it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from submissions.cells import Label


@dataclass(frozen=True, slots=True)
class CellRecord:
    """A usable image; `sha256` says which cell it is, in every key and digest that is made from cells.

    It is the published one where the image is as published or was saved again with the same pixels, and
    that of the pixels where nobody knows whether they are the published ones (`proven` is False then).
    `file_sha256` is that of the file itself.

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
    file_sha256: str = ""
    proven: bool = True
