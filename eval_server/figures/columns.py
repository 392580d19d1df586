"""The columns of a leaderboard, wherever it is shown: terminal, Markdown, CSV, pages and JSON.

Rows are mappings from a column's key to its value; shares are fractions. A number that joins those of
`BESIDE` appears on every surface at once; a column of another kind is added to the surfaces that have it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eval_server.figures.wording import ABSENT, metric_words, percent, ranks

ASCENDING, DESCENDING = "ascending", "descending"


def inert(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    formula = cell[:1] in ("=", "+", "@", "\t") or (cell[:1] == "-" and not cell[1:2].isdigit())
    return f"'{cell}" if formula else cell


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its key in documents, its head in at most two lines, and how surfaces treat it.

    `css` is its class and the word that sorts by it on the server's page, `first` the order that a reader
    wants first. A `spare` one is left out where a terminal is narrow; words are set flush `left`.
    """

    key: str
    head: str
    css: str = ""
    first: str = DESCENDING
    left: bool = False
    spare: bool = False

    @property
    def line(self) -> str:
        """Its head in one line."""
        return self.head.replace("\n", " ")

    @property
    def title(self) -> str:
        """The same as the head of a column on the server's page."""
        return f"{self.line[:1].upper()}{self.line[1:]}"

    def words(self, row: Mapping[str, Any]) -> str:
        """Its cell of a row, as a person reads it."""
        value = row.get(self.key)
        special = {"rank": _rank, "interval": _interval, "remarks": _joined}.get(self.key)
        if special is not None:
            return special(row)
        return metric_words(self.key, value) if value is None or isinstance(value, float) else str(value)


BESIDE = ("subject_accuracy", "sensitivity", "specificity")
"""The measures that stand beside weighted F1 on every surface."""

COLUMNS: Mapping[str, Column] = {
    column.key: column
    for column in (
        Column("rank", "rank", "rank", ASCENDING, left=True),
        Column("entry", "entry", "entry", ASCENDING, left=True),
        Column("team", "team", "team", ASCENDING, left=True),
        Column("weighted_f1", "weighted\nF1, %", "f1"),
        Column("interval", "95 %\ninterval"),
        Column("subject_accuracy", "subject\nacc., %", "subjects"),
        Column("sensitivity", "sens., %", "sens", spare=True),
        Column("specificity", "spec., %", "spec", spare=True),
        Column("submitted_at", "when", "when"),
        Column("submissions", "tries", "count"),
        Column("remarks", "remarks", left=True),
    )
}
"""Every column by its key."""

OF_COMPARISON = ("rank", "entry", "weighted_f1", "interval", *BESIDE, "remarks")
"""What `harness compare` shows in a terminal, in Markdown and on its page."""
OF_BOARD = ("rank", "entry", "team", "weighted_f1", *BESIDE, "submitted_at", "submissions")
"""What the server's page shows."""

_VALUES = ("weighted_f1", "low", "high", *BESIDE)
CSV_OF_COMPARISON = ("name", "rank", "rank_low", "rank_high", *_VALUES, "remarks")
"""The fields of a CSV file of `harness compare`."""
CSV_OF_BOARD = (
    *("rank", "rank_set", "team", "entry", *_VALUES),
    *("submitted_at", "submissions", "remarks", "source"),
)
"""The fields of the server's CSV and Markdown files."""

MOVES = ("public_rank", "moved")
"""The fields beside them where the private part of a phase is shown."""


def flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with its interval and rank set taken apart and its remarks joined, as CSV files have them."""
    low, high = row.get("interval") or (None, None)
    rank_low, rank_high = row.get("rank_set") or (None, None)
    rank_set = None if rank_low is None else f"{rank_low}-{rank_high}"
    apart = {"low": low, "high": high, "rank_low": rank_low, "rank_high": rank_high, "rank_set": rank_set}
    return {**row, **apart, "remarks": "; ".join(row.get("remarks", ()))}


def _rank(row: Mapping[str, Any]) -> str:
    """The rank set, or where nothing was tested the rank by value in parentheses."""
    return ranks(row["rank_set"]) if row["rank_set"] else f"({row['rank']})"


def _interval(row: Mapping[str, Any]) -> str:
    low, high = row["interval"]
    return ABSENT if low is None or high is None else f"{percent(low, 1)} to {percent(high, 1)}"


def _joined(row: Mapping[str, Any]) -> str:
    return ", ".join(row["remarks"])
