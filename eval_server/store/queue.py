"""Submissions that wait for a judge: each is claimed by one worker and settled once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, bindparam, func, or_, select, update

from eval_server.store.database import Database
from eval_server.store.history import note_history
from eval_server.store.records import (
    CHECKING,
    FAILED,
    RECEIVED,
    REFUSED,
    SCORED,
    WAITING,
    Settlement,
    Submission,
)
from eval_server.store.revisions import touch_phases_of
from eval_server.store.schema import submissions
from eval_server.store.submissions import FIELDS, submission_from
from eval_server.store.verdicts import keep_verdicts, on_boards

MAX_ATTEMPTS = 20
"""Claims after which a submission counts as failed: something in it ends the server each time."""
LEASE = timedelta(minutes=10)
"""After this long a claim is taken to be a dead worker's; a judgement takes milliseconds.

Long, because it is the last resort: a judge's claims are given back by name as soon as it is seen to be gone.
"""
_ENDED = (
    update(submissions)
    .where(submissions.c.id == bindparam("one"))
    .values({name: bindparam(f"new_{name}") for name in ("status", "decided_at", "trouble")})
    .values({name: bindparam(f"new_{name}") for name in ("problems", "passed_over")})
    .values(claimed_by=None, claimed_at=None)
)


class Queue:
    """What waits for a judge, or is held by one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def waiting(self) -> int:
        query = select(func.count()).select_from(submissions).where(submissions.c.status.in_(WAITING))
        with self._database.reading() as connection:
            return connection.execute(query).scalar_one()

    def claim(self, worker: str, now: datetime, most: int) -> list[Submission]:
        """Take up to `most` waiting submissions for this worker, the oldest first."""
        free = or_(
            submissions.c.status == RECEIVED,
            and_(submissions.c.status == CHECKING, submissions.c.claimed_at < now - LEASE),
        )
        oldest = select(submissions.c.id).where(free).order_by(submissions.c.submitted_at).limit(most)
        claimed = {
            "status": CHECKING,
            "claimed_by": worker,
            "claimed_at": now,
            "attempts": submissions.c.attempts + 1,
        }
        taken = update(submissions).where(submissions.c.id.in_(oldest.with_for_update(skip_locked=True)))
        with self._database.writing() as connection:
            rows = connection.execute(taken.values(**claimed).returning(*FIELDS)).all()
            found = sorted(map(submission_from, rows), key=lambda one: one.submitted_at)
            note_history(connection, [(one.id, CHECKING, now, "") for one in found])
        return found

    def settle(self, outcomes: Sequence[Settlement], worker: str, now: datetime) -> int:
        """Write verdicts and end the claims, all or none; returns how many were still this worker's.

        A claim that was taken away (another worker's, a truth replaced meanwhile) leaves no verdict.
        """
        with self._database.writing() as connection:
            mine = _claimed_by(connection, worker, [one.submission for one in outcomes])
            kept = [one for one in outcomes if one.submission in mine]
            if kept:
                connection.execute(_ENDED, [_ending(one, now) for one in kept])
                keep_verdicts(connection, [one for one in kept if one.verdicts], now)
                note_history(
                    connection, [(one.submission, one.status, now, one.trouble or "") for one in kept]
                )
                touch_phases_of(connection, on_boards(connection, kept))
        return len(kept)

    def release(self, worker: str | None = None, *, untried: bool = False) -> int:
        """Give back every claim, or this worker's; `untried` ones count as no attempt. Returns how many."""
        with self._database.writing() as connection:
            return requeue_claimed(connection, worker, untried=untried)

    def judge_again(self, submission: str, now: datetime, note: str) -> bool:
        """Put a failed or scored submission back in the queue; its verdict so far is superseded."""
        open_to_it = submissions.c.status.in_((FAILED, SCORED, REFUSED))
        values = {"status": RECEIVED, "attempts": 0, "trouble": None, "problems": [], "passed_over": []}
        with self._database.writing() as connection:
            where = submissions.c.id == submission, open_to_it
            if not connection.execute(update(submissions).where(*where).values(**values)).rowcount:
                return False
            note_history(connection, [(submission, RECEIVED, now, note)])
            touch_phases_of(connection, [submission])
            return True


def requeue_claimed(connection: Connection, worker: str | None = None, *, untried: bool = False) -> int:
    """Every submission that is claimed (by this worker) is received again; returns how many."""
    values: dict[str, Any] = {"status": RECEIVED, "claimed_by": None, "claimed_at": None}
    if untried:
        values["attempts"] = submissions.c.attempts - 1
    claimed = update(submissions).where(submissions.c.status == CHECKING)
    if worker is not None:
        claimed = claimed.where(submissions.c.claimed_by == worker)
    return connection.execute(claimed.values(**values)).rowcount


def _claimed_by(connection: Connection, worker: str, ids: Sequence[str]) -> set[str]:
    """Those of these submissions that this worker still holds; nobody else can take them until the end."""
    held = submissions.c.status == CHECKING, submissions.c.claimed_by == worker
    query = select(submissions.c.id).where(submissions.c.id.in_(ids), *held).with_for_update()
    return set(connection.execute(query).scalars())


def _ending(outcome: Settlement, now: datetime) -> dict[str, Any]:
    return {
        "one": outcome.submission,
        "new_status": outcome.status,
        "new_decided_at": now,
        "new_trouble": outcome.trouble,
        "new_problems": list(outcome.problems),
        "new_passed_over": list(outcome.passed_over),
    }
