"""The preliminary label file: class and subject of the numbered images."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import DataWrong
from submissions.cells import CellName, CellNameInvalid, Label, cell_number
from submissions.label_files import PUBLISHED, LabelsInvalid, LabelTable, label_table
from submissions.problems import shown


@dataclass(frozen=True, slots=True)
class CellLabel:
    """Class and subject of one numbered image; `original` is its name in ``Patient_ID``."""

    subject: str
    label: Label
    original: str


def read_labels(path: Path) -> Mapping[str, CellLabel]:
    """The rows by image name (``5.bmp``); raises `DataWrong` naming the line that is not as it must be."""
    table = _table(path)
    if table.problems:
        raise DataWrong(f"{path}, {table.problems[0]}", _ROW)
    rows: dict[str, CellLabel] = {}
    columns = zip(table.lines, table.cells, table.originals, table.labels, strict=True)
    for line, name, original, label in columns:
        if name in rows:
            raise DataWrong(f"{path}, line {line}: {name} comes twice", "Keep one row for each image.")
        rows[name] = _row(name, original, label, f"{path}, line {line}")
    return rows


_ROW = "A row is like UID_57_29_1_all.bmp,1.bmp,1 (1 = ALL, 0 = HEM)."


def has_sha256(path: Path, wanted: str) -> bool:
    """Whether the file is the wanted one, byte for byte or but for line ends and a byte-order mark."""
    content = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    plain = content.replace(b"\r\n", b"\n")
    return wanted in {hashlib.sha256(text).hexdigest() for text in (plain, plain.replace(b"\n", b"\r\n"))}


def _table(path: Path) -> LabelTable:
    """The rows as they stand; whether a label is that of its name is said here in the words of the images."""
    try:
        content = path.read_bytes()
        table = label_table(content, trust_labels=True)
    except OSError as error:
        raise DataWrong(f"the label file {path} cannot be read: {error}", "Fetch it again.") from error
    except LabelsInvalid as invalid:
        if not content.strip():
            raise _other_header(path, "an empty file") from invalid
        raise DataWrong(f"{path}, {invalid.problems[0]}", _PUBLISHED_ONE) from invalid
    if not table.published:
        raise _other_header(path, shown(content.split(b"\n", 1)[0]))
    return table


_PUBLISHED_ONE = "Use the published label file of the preliminary phase."


def _other_header(path: Path, found: str) -> DataWrong:
    return DataWrong(
        f"{path}, line 1: expected the header {','.join(PUBLISHED)}, found {found}", _PUBLISHED_ONE
    )


def _row(name: str, original: str, label: int, where: str) -> CellLabel:
    try:
        parsed = CellName.parse(original)
        cell_number(name)
    except CellNameInvalid as error:
        raise DataWrong(f"{where}: {error}", _ROW) from error
    if label != parsed.label:
        wanted = int(parsed.label)
        raise DataWrong(f"{where}: expected the label {wanted} for {original}, found '{label}'", _ROW)
    return CellLabel(parsed.subject, parsed.label, original)
