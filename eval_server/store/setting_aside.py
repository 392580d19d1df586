"""Submissions that count on no board for the time being: withdrawn by their teams, or barred by a host.

The two are kept apart, so that a host who lets one stand again does not undo what its team decided.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from eval_server.store.audit import note_deed
from eval_server.store.database import Database
from eval_server.store.records import HIDDEN, WITHDRAWN, Act
from eval_server.store.revisions import touch_phases_of
from eval_server.store.schema import submissions

_MARKS = ("withdrawn_at", "barred", "bar_reason", "barred_at")


class SettingAside:
    """Takes submissions off their boards, and puts them back as they were."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def withdraw(self, submission: str, act: Act) -> bool:
        """Note that its team withdrew it; False where it had."""
        return self._change(submission, {"withdrawn_at": act.at}, act, "submission withdrawn")

    def take_back(self, submission: str, act: Act) -> bool:
        """Undo a withdrawal; False where there is none."""
        return self._change(submission, {"withdrawn_at": None}, act, "submission taken back")

    def bar(self, submission: str, kind: str, act: Act) -> bool:
        """Hide or disqualify it, for the reason of the act; False where that is so already."""
        values = {"barred": kind, "bar_reason": act.reason, "barred_at": act.at}
        done = "submission hidden" if kind == HIDDEN else "submission disqualified"
        return self._change(submission, values, act, done)

    def lift(self, submission: str, act: Act) -> bool:
        """Undo what a host did to it; False where nothing was done."""
        values = {"barred": None, "bar_reason": None, "barred_at": None}
        return self._change(submission, values, act, "submission restored")

    def _change(self, submission: str, values: Mapping[str, Any], act: Act, action: str) -> bool:
        """Change the marks of a submission and note the deed, in one transaction; the same again is none."""
        where = submissions.c.id == submission
        query = select(submissions.c.team, *(submissions.c[name] for name in _MARKS)).where(where)
        with self._database.writing() as connection:
            before = connection.execute(query.with_for_update()).mappings().one()
            after = {**before, **values}
            if _said(before) == _said(after):
                return False
            connection.execute(update(submissions).where(where).values(**values))
            touch_phases_of(connection, [submission])
            facts = {"team": before["team"], "before": _said(before), "after": _said(after)}
            note_deed(connection, act, action, submission, facts)
        return True


def _said(marks: Mapping[Any, Any]) -> dict[str, Any]:
    """What is the matter with a submission, for the audit log; a moment alone makes no difference."""
    withdrawn: datetime | None = marks["withdrawn_at"]
    return {WITHDRAWN: withdrawn is not None, "barred": marks["barred"], "bar_reason": marks["bar_reason"]}
