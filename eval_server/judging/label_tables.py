"""Label files in other people's dialects, written plainly: the same rules as for tables of predictions."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from submissions.columns import CELL, LABEL, SUBJECT
from submissions.naming import last_part
from submissions.problems import SubmissionRefused
from submissions.rows import Sheet, sheet_of

PLAIN_HEADERS = ({"cell", "label"}, {"new_names", "labels"})
"""A comma-separated UTF-8 file with one of these pairs among its names needs no other dialect."""


class DialectUnknown(Exception):
    """A label file that cannot be understood; its words are those of the first reason."""


def is_plain(raw: bytes) -> bool:
    """Whether the first line is comma-separated UTF-8 and names its columns as this program does."""
    first = raw.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].rstrip(b"\r")
    names = {name.strip(b' "').decode("utf-8", "replace") for name in first.split(b",")}
    return any(pair <= names for pair in PLAIN_HEADERS)


def written_plainly(raw: bytes) -> str | None:
    """The same table as ``cell,label[,subject]`` or with the published names, every row in its own line.

    None where the first line names no cells and labels in any dialect. Raises `DialectUnknown` for what is
    no table, or has two columns of labels.
    """
    try:
        sheet = sheet_of(raw)
        names = _names(sheet.first)
        return None if names is None else _text(sheet, names)
    except SubmissionRefused as refused:
        raise DialectUnknown(str(refused)) from refused


def _names(first: Sequence[str]) -> list[str] | None:
    """What each column is called here; empty for those that say nothing of cells, labels or subjects."""
    lower = [name.lower() for name in first]
    if {"patient_id", "new_names", "labels"} <= set(lower):
        return [{"patient_id": "Patient_ID"}.get(name, name) for name in lower]
    cell = next((name for name in CELL if name in lower), None)
    labels = [name for name in LABEL if name in lower]
    if cell is None or not labels:
        return None
    if len(labels) > 1 and "label" not in labels:
        raise DialectUnknown(f"line 1: expected one column of labels, found {' and '.join(labels)}")
    meant = {cell: "cell", labels[0]: "label", SUBJECT: SUBJECT}
    return [meant.get(name, "") for name in lower]


def _text(sheet: Sheet, names: Sequence[str]) -> str:
    text, at = io.StringIO(), sheet.first_line
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    text.write("\n" * (at - 1))
    for line, fields in sheet.rows(header=True):
        text.write("\n" * (line - at - 1))
        at = line
        writer.writerow([_value(name, field) for name, field in zip(names, fields, strict=False)])
    return text.getvalue()


def _value(name: str, field: str) -> str:
    """A value as it is written plainly; what a label says is for the reader of the plain table."""
    return last_part(field) if name in ("cell", "new_names") else field
