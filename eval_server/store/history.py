"""The way of every submission, step by step; a step is written once and never taken out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from eval_server.store.schema import history


def note_history(
    connection: Connection, steps: Sequence[tuple[str, str, datetime, str]], *, first: bool = False
) -> None:
    """Write one step for each submission, numbered after those it has."""
    if not steps:
        return
    done: dict[str, int] = {}
    if not first:
        query = select(history.c.submission, func.count()).group_by(history.c.submission)
        rows = connection.execute(query.where(history.c.submission.in_([step[0] for step in steps])))
        done = {row[0]: row[1] for row in rows}
    rows_of = [
        {"submission": one, "number": done.get(one, 0) + 1, "status": status, "at": at, "note": note}
        for one, status, at, note in steps
    ]
    connection.execute(insert(history), rows_of)
