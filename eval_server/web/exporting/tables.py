"""The tables of a course for spreadsheets: boards, comparisons and uploads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eval_server.service.access import utc
from eval_server.web.documents.boards import board_lines
from eval_server.web.documents.spreadsheets import csv_text
from eval_server.web.exporting.course import PartExport, PhaseExport

Facts = Mapping[str, Any]


def board_table(part: PartExport) -> str:
    """The board as the server's own CSV has it."""
    return csv_text(*board_lines(part.board))


def comparisons_table(part: PartExport) -> str:
    """Every pair of entries on a board: the difference, its interval and the exact test."""
    columns = ["a", "b", "submission_a", "submission_b", "difference", "low", "high", "p", "p_holm"]
    pairs = () if part.report is None else part.report.pairs
    facts = [
        {
            "a": one.a,
            "b": one.b,
            "submission_a": part.ids[one.a],
            "submission_b": part.ids[one.b],
            "difference": one.difference,
            "low": one.interval.low,
            "high": one.interval.high,
            "p": one.p,
            "p_holm": one.p_holm,
            "significant": "yes" if one.significant else "no",
        }
        for one in pairs
    ]
    return table_of([*columns, "significant"], facts)


def uploads_table(phase: PhaseExport, files: Mapping[str, str]) -> str:
    """Everything that was handed in, with the file that holds it; `files` are by submission."""
    facts = [
        {
            "file": files.get(one.id, "lost"),
            "team": one.team,
            "entry": one.entry,
            "submission": one.id,
            "status": one.status,
            "state": one.set_aside or "",
            "reason": one.bar_reason or "",
            "chosen": "yes" if one.chosen else "",
            "submitted_at": utc(one.submitted_at),
            "bytes": one.size,
            "remarks": "; ".join(one.remarks),
        }
        for one in phase.submissions
    ]
    what = ["file", "team", "entry", "submission", "status", "state", "reason", "chosen"]
    return table_of([*what, "submitted_at", "bytes", "remarks"], facts)


def table_of(columns: Sequence[str], facts: Sequence[Facts]) -> str:
    """A table of text, a line for each of the facts; what one of them lacks is empty."""
    rows = [["" if one.get(name) is None else str(one[name]) for name in columns] for one in facts]
    return csv_text(columns, rows)
