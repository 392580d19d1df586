"""Submissions as they stand: found, listed, counted, and which one stands for its team."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, case, func, select, update

from eval_server.store.database import Database
from eval_server.store.records import HistoryStep, Submission
from eval_server.store.revisions import touch_phases_of
from eval_server.store.schema import history, submissions

FIELDS = [submissions.c[name] for name in Submission.__dataclass_fields__]


class Submissions:
    """The submissions of this server."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, submission: str) -> Submission | None:
        with self._database.reading() as connection:
            row = connection.execute(select(*FIELDS).where(submissions.c.id == submission)).first()
        return None if row is None else submission_from(row)

    def steps(self, submission: str) -> list[HistoryStep]:
        query = select(history.c.status, history.c.at, history.c.note)
        query = query.where(history.c.submission == submission).order_by(history.c.number)
        with self._database.reading() as connection:
            return [HistoryStep(*tuple(row)) for row in connection.execute(query)]

    def listed(self, *, phase: str | None = None, team: str | None = None) -> list[Submission]:
        """Submissions of a phase, of a team, or of both, the newest first."""
        query = select(*FIELDS).order_by(submissions.c.submitted_at.desc(), submissions.c.id)
        if phase is not None:
            query = query.where(submissions.c.phase == phase)
        if team is not None:
            query = query.where(submissions.c.team == team)
        with self._database.reading() as connection:
            return [submission_from(row) for row in connection.execute(query)]

    def by_status(self) -> dict[str, int]:
        query = select(submissions.c.status, func.count()).group_by(submissions.c.status)
        with self._database.reading() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def choose(self, submission: Submission) -> None:
        """Let this submission stand for its team."""
        mine = and_(submissions.c.phase == submission.phase, submissions.c.team == submission.team)
        chosen = case((submissions.c.id == submission.id, True), else_=False)
        with self._database.writing() as connection:
            connection.execute(update(submissions).where(mine).values(chosen=chosen))
            touch_phases_of(connection, [submission.id])

    def note_trouble(self, submission: str, trouble: str) -> None:
        """Let the host know of something wrong with a submission; its status stays."""
        with self._database.writing() as connection:
            connection.execute(
                update(submissions).where(submissions.c.id == submission).values(trouble=trouble)
            )


def submission_from(row: Any) -> Submission:
    values = dict(zip(Submission.__dataclass_fields__, row, strict=True))
    for name in ("problems", "passed_over", "remarks"):
        values[name] = tuple(values[name])
    return Submission(**values)
