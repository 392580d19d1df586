"""Tables of text for spreadsheets: CSV in UTF-8 in which no cell is taken for a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
_BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""With these a spreadsheet takes what follows for a formula, or looks behind them for one."""


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with its heads; what a stranger wrote is text, whatever it begins with."""
    text = io.StringIO()
    csv.writer(text).writerows([columns, *([inert(cell) for cell in row] for row in rows)])
    return text.getvalue()


def inert(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula; numbers stay numbers."""
    return f"'{cell}" if cell.startswith(_BEGINS) and not _NUMBER.fullmatch(cell) else cell
