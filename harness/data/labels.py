"""The preliminary label file: class and subject of the numbered images."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.data.layouts import LABEL_HEADER, is_label_header
from harness.errors import DataWrong
from submissions.cells import CellName, CellNameInvalid, Label, cell_number


@dataclass(frozen=True, slots=True)
class CellLabel:
    """Class and subject of one numbered image; `original` is its name in ``Patient_ID``."""

    subject: str
    label: Label
    original: str


def read_labels(path: Path) -> Mapping[str, CellLabel]:
    """The rows by image name (``5.bmp``); raises `DataWrong` naming the line that is not as it must be."""
    text = _text(path)
    lines = text.splitlines()
    if not lines or not is_label_header(lines[0]):
        found = repr(lines[0][:60]) if lines else "an empty file"
        raise DataWrong(
            f"{path}, line 1: expected the header {','.join(LABEL_HEADER)}, found {found}",
            "Use the published label file of the preliminary phase.",
        )
    rows: dict[str, CellLabel] = {}
    for number, row in enumerate(csv.reader(lines[1:]), start=2):
        if row:
            name, label = _row(row, f"{path}, line {number}")
            if name in rows:
                raise DataWrong(f"{path}, line {number}: {name} comes twice", "Keep one row for each image.")
            rows[name] = label
    return rows


def has_sha256(path: Path, wanted: str) -> bool:
    """Whether the file is the wanted one, byte for byte or but for line ends and a byte-order mark."""
    content = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    plain = content.replace(b"\r\n", b"\n")
    return wanted in {hashlib.sha256(text).hexdigest() for text in (plain, plain.replace(b"\n", b"\r\n"))}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataWrong(f"the label file {path} cannot be read: {error}", "Fetch it again.") from error


def _row(row: list[str], where: str) -> tuple[str, CellLabel]:
    mend = "A row is like UID_57_29_1_all.bmp,1.bmp,1 (1 = ALL, 0 = HEM)."
    if len(row) != len(LABEL_HEADER):
        raise DataWrong(f"{where}: expected {len(LABEL_HEADER)} columns, found {len(row)}", mend)
    original, name, label = (word.strip() for word in row)
    try:
        parsed = CellName.parse(original)
        cell_number(name)
    except CellNameInvalid as error:
        raise DataWrong(f"{where}: {error}", mend) from error
    if label != str(int(parsed.label)):
        wanted = int(parsed.label)
        raise DataWrong(f"{where}: expected the label {wanted} for {original}, found {label!r}", mend)
    return name, CellLabel(parsed.subject, parsed.label, original)
