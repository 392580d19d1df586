"""A split as a table, for those who train elsewhere: every cell with its path, its label and its part."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from harness.data.records import CellRecord
from harness.data.splits import Split
from submissions.label_files import SPLIT_PARTS

COLUMNS = ("path", "cell", "subject", "label", "part", "reason")


@dataclass(frozen=True, slots=True)
class Row:
    """A cell and its part in the split; `reason` says why it is left out."""

    cell: CellRecord
    part: str
    reason: str = ""


def rows_of(split: Split, part: str | None = None) -> tuple[Row, ...]:
    """What is learnt from, what is predicted (in the order of a submission), and what is neither."""
    return tuple(row for row in _rows(split) if part in (None, row.part))


def _rows(split: Split) -> Iterator[Row]:
    yield from (Row(cell, "train") for cell in split.train)
    yield from (Row(cell, "test") for cell in split.test)
    yield from (Row(one.cell, "left out", one.reason) for one in split.left_out)


def table_of(rows: tuple[Row, ...]) -> str:
    """The rows as CSV; what is not known is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        cell = row.cell
        label = "" if cell.label is None else int(cell.label)
        writer.writerow((cell.path, cell.name, cell.subject or "", label, row.part, row.reason))
    return text.getvalue()


def counts_of(rows: tuple[Row, ...]) -> dict[str, int]:
    """How many cells each part has."""
    counts = Counter(row.part for row in rows)
    return {part: counts[part] for part in SPLIT_PARTS}
