"""Submissions as they stand: found, listed, counted, and which one stands for its team."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, and_, func, select, update

from eval_server.store.database import Database
from eval_server.store.records import HistoryStep, Submission
from eval_server.store.revisions import touch_phases_of
from eval_server.store.schema import history, submissions, teams

FIELDS = [submissions.c[name] for name in Submission.__dataclass_fields__]


class ChoicesSpent(Exception):
    """A team chose as many submissions as it may: these."""

    def __init__(self, chosen: Sequence[str]) -> None:
        super().__init__(f"{len(chosen)} submissions are chosen already")
        self.chosen = tuple(chosen)


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

    def choose(self, submission: Submission, most: int = 1) -> None:
        """Let this submission stand for its team, beside others where it may choose several.

        Of one, the next takes its place; raises `ChoicesSpent` where all of several are chosen already.
        """
        mine = and_(submissions.c.phase == submission.phase, submissions.c.team == submission.team)
        others = select(submissions.c.id).where(mine, submissions.c.chosen, submissions.c.id != submission.id)
        with self._database.writing() as connection:
            # two choices of a team at one moment cannot share the last place
            connection.execute(select(teams.c.name).where(teams.c.name == submission.team).with_for_update())
            chosen = list(connection.execute(others.order_by(submissions.c.submitted_at)).scalars())
            if most > 1 and len(chosen) >= most:
                raise ChoicesSpent(chosen)
            if most == 1:
                connection.execute(update(submissions).where(mine).values(chosen=False))
            self._mark(connection, submission.id, chosen=True)

    def take_back(self, submission: Submission) -> None:
        """Choose it no longer."""
        with self._database.writing() as connection:
            self._mark(connection, submission.id, chosen=False)

    def _mark(self, connection: Connection, submission: str, *, chosen: bool) -> None:
        one = submissions.c.id == submission
        connection.execute(update(submissions).where(one).values(chosen=chosen))
        touch_phases_of(connection, [submission])

    def chosen(self, phase: str, team: str) -> list[str]:
        """What a team chose, in order of arrival."""
        query = select(submissions.c.id).where(submissions.c.phase == phase, submissions.c.team == team)
        query = query.where(submissions.c.chosen).order_by(submissions.c.submitted_at)
        with self._database.reading() as connection:
            return list(connection.execute(query).scalars())

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
