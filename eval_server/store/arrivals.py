"""Uploads on their way in: each is received once, under the quota of its team."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, case, func, insert, select, update

from eval_server.store.database import Database
from eval_server.store.history import note_history
from eval_server.store.records import FAILED, RECEIVED, REFUSED, SCORED, WAITING, Arrival, Receipt, SpentQuota
from eval_server.store.schema import fresh_id, submissions
from eval_server.store.team_names import folded
from eval_server.store.teams import lock_team

_INSERTED = insert(submissions)
_EARLIER = select(submissions.c.id, submissions.c.status).where(
    submissions.c.phase == bindparam("phase"),
    submissions.c.team == bindparam("team"),
    submissions.c.digest == bindparam("digest"),
)
"""Statements of every upload, built once."""


class Arrivals:
    """What was handed in to this server."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def receive(self, arrival: Arrival, admit: Callable[[SpentQuota], None] | None) -> Receipt:
        """Keep an arrival; durable on return. The same archive by the same team is not kept twice.

        `admit` is asked inside the transaction and raises when the team may not hand in another one,
        so two uploads at the same moment cannot share the last place.
        """
        with self._database.writing() as connection:
            # of two uploads of a team at one moment the second has to see what the first used up
            arrival = replace(arrival, team=lock_team(connection, arrival.team, arrival.at))
            arrival = replace(arrival, entry=_entry_name(connection, arrival))
            earlier = _earlier(connection, arrival)
            if earlier is not None:
                return Receipt(earlier.id, _again(connection, earlier, arrival.at), True)
            if admit is not None:
                admit(_spent(connection, arrival.phase, arrival.team, arrival.at))
            receipt = Receipt(fresh_id(), RECEIVED, False)
            connection.execute(_INSERTED, _row_of(arrival, receipt.id))
            note_history(connection, [(receipt.id, RECEIVED, arrival.at, "")], first=True)
        return receipt

    def spent(self, phase: str, team: str, now: datetime) -> SpentQuota:
        with self._database.reading() as connection:
            return _spent(connection, phase, team, now)


def _entry_name(connection: Connection, arrival: Arrival) -> str:
    """The entry's name as it is kept; one that the team has in these letters from before stays."""
    name = folded(arrival.entry)
    if name == arrival.entry:
        return name
    own = submissions.c.phase == arrival.phase, submissions.c.team == arrival.team
    query = select(submissions.c.id).where(*own, submissions.c.entry == arrival.entry).limit(1)
    return name if connection.execute(query).first() is None else arrival.entry


def _row_of(arrival: Arrival, submission: str) -> dict[str, Any]:
    return {
        "id": submission,
        "phase": arrival.phase,
        "team": arrival.team,
        "entry": arrival.entry,
        "digest": arrival.digest,
        "archive": arrival.archive,
        "scores": arrival.scores,
        "manifest": arrival.manifest,
        "remarks": list(arrival.remarks),
        "size": arrival.size,
        "submitted_at": arrival.at,
        "status": RECEIVED,
        "attempts": 0,
        "problems": [],
        "passed_over": [],
        "chosen": False,
    }


def _earlier(connection: Connection, arrival: Arrival) -> Any:
    asked = {"phase": arrival.phase, "team": arrival.team, "digest": arrival.digest}
    return connection.execute(_EARLIER, asked).first()


def _again(connection: Connection, earlier: Any, now: datetime) -> str:
    """The status to tell; what failed through our fault is queued once more."""
    if earlier.status != FAILED:
        return str(earlier.status)
    again = update(submissions).where(submissions.c.id == earlier.id)
    connection.execute(again.values(status=RECEIVED, attempts=0, trouble=None))
    note_history(connection, [(earlier.id, RECEIVED, now, "handed in again")])
    return RECEIVED


def _spent(connection: Connection, phase: str, team: str, now: datetime) -> SpentQuota:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    today = submissions.c.submitted_at >= midnight
    scored = submissions.c.status == SCORED
    unscored = submissions.c.status.in_((REFUSED, FAILED))
    counts = (
        func.count(case((and_(scored, today), 1))),
        func.count(case((scored, 1))),
        func.count(case((submissions.c.status.in_(WAITING), 1))),
        func.count(case((and_(unscored, today), 1))),
    )
    query = select(*counts).where(submissions.c.phase == phase, submissions.c.team == team)
    return SpentQuota(*tuple(connection.execute(query).one()))
