"""Submissions from arrival to verdict: each is received once, claimed by one worker, settled once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, bindparam, case, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from eval_server.store.database import Database
from eval_server.store.schema import fresh_id, history, phases, submissions, teams, verdicts
from eval_server.store.verdict_seal import VerdictChanged, sealed_verdict, unsealed_verdict

RECEIVED, CHECKING, SCORED, REFUSED, FAILED = "received", "checking", "scored", "refused", "failed"
WAITING = (RECEIVED, CHECKING)
MAX_ATTEMPTS = 20
"""Claims after which a submission counts as failed: something in it ends the server each time."""
LEASE = timedelta(minutes=10)
"""After this long a claim is taken to be a dead worker's; a judgement takes milliseconds."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """An upload whose files lie safely on disk."""

    phase: str
    team: str
    entry: str
    digest: str
    archive: str
    scores: str | None
    manifest: str | None
    remarks: tuple[str, ...]
    size: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Spent:
    """What a team has handed in to a phase: scored today and in all, waiting, unscored today."""

    scored_today: int
    scored: int
    waiting: int
    unscored_today: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the sender is told; `earlier` when the same archive was there already."""

    id: str
    status: str
    earlier: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a submission's way."""

    status: str
    at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class Submission:
    """A submission as it stands."""

    id: str
    phase: str
    team: str
    entry: str
    archive: str
    scores: str | None
    manifest: str | None
    size: int
    submitted_at: datetime
    status: str
    decided_at: datetime | None
    attempts: int
    problems: tuple[Mapping[str, str], ...]
    passed_over: tuple[str, ...]
    remarks: tuple[str, ...]
    trouble: str | None
    chosen: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a claimed submission ended: a verdict, problems, or our own trouble."""

    submission: str
    status: str
    truth: str = ""
    verdict_id: str = ""
    verdict: Mapping[str, Any] | None = None
    stored: bytes = b""
    problems: tuple[Mapping[str, str], ...] = ()
    passed_over: tuple[str, ...] = ()
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A scored submission as the board needs it: the verdict that counts now, and its value of a metric."""

    id: str
    team: str
    entry: str
    submitted_at: datetime
    remarks: tuple[str, ...]
    chosen: bool
    verdict: str
    value: float | None


_FIELDS = [submissions.c[name] for name in Submission.__dataclass_fields__]


class Submissions:
    """The submissions of this server."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._values: dict[tuple[str, str], dict[str, float | None]] = {}

    def receive(self, arrival: Arrival, admit: Callable[[Spent], None] | None) -> Receipt:
        """Keep an arrival; durable on return. The same archive by the same team is not kept twice.

        `admit` is asked inside the transaction and raises when the team may not hand in another one,
        so two uploads at the same moment cannot share the last place.
        """
        with self._database.writing() as connection:
            _lock_team(connection, arrival.team, arrival.at)
            earlier = _earlier(connection, arrival)
            if earlier is not None:
                return Receipt(earlier.id, _again(connection, earlier, arrival.at), True)
            if admit is not None:
                admit(_spent(connection, arrival.phase, arrival.team, arrival.at))
            receipt = Receipt(fresh_id(), RECEIVED, False)
            connection.execute(_INSERTED, _row_of(arrival, receipt.id))
            note_history(connection, [(receipt.id, RECEIVED, arrival.at, "")], first=True)
        return receipt

    def spent(self, phase: str, team: str, now: datetime) -> Spent:
        with self._database.reading() as connection:
            return _spent(connection, phase, team, now)

    def find(self, submission: str) -> Submission | None:
        with self._database.reading() as connection:
            row = connection.execute(select(*_FIELDS).where(submissions.c.id == submission)).first()
        return None if row is None else _submission(row)

    def steps(self, submission: str) -> list[Step]:
        query = select(history.c.status, history.c.at, history.c.note)
        query = query.where(history.c.submission == submission).order_by(history.c.number)
        with self._database.reading() as connection:
            return [Step(*tuple(row)) for row in connection.execute(query)]

    def listed(self, *, phase: str | None = None, team: str | None = None) -> list[Submission]:
        """Submissions of a phase, of a team, or of both, the newest first."""
        query = select(*_FIELDS).order_by(submissions.c.submitted_at.desc(), submissions.c.id)
        if phase is not None:
            query = query.where(submissions.c.phase == phase)
        if team is not None:
            query = query.where(submissions.c.team == team)
        with self._database.reading() as connection:
            return [_submission(row) for row in connection.execute(query)]

    def teams(self) -> list[str]:
        with self._database.reading() as connection:
            return list(connection.execute(select(teams.c.name).order_by(teams.c.name)).scalars())

    def waiting(self) -> int:
        query = select(func.count()).select_from(submissions).where(submissions.c.status.in_(WAITING))
        with self._database.reading() as connection:
            return connection.execute(query).scalar_one()

    def by_status(self) -> dict[str, int]:
        query = select(submissions.c.status, func.count()).group_by(submissions.c.status)
        with self._database.reading() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def release(self, worker: str | None = None, *, untried: bool = False) -> int:
        """Give back every claim, or this worker's; `untried` ones count as no attempt. Returns how many."""
        with self._database.writing() as connection:
            return requeue_claimed(connection, worker, untried=untried)

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
            rows = connection.execute(taken.values(**claimed).returning(*_FIELDS)).all()
            found = sorted(map(_submission, rows), key=lambda one: one.submitted_at)
            note_history(connection, [(one.id, CHECKING, now, "") for one in found])
        return found

    def settle(self, outcomes: Sequence[Outcome], worker: str, now: datetime) -> int:
        """Write verdicts and end the claims, all or none; returns how many were still this worker's.

        A claim that was taken away (another worker's, a truth replaced meanwhile) leaves no verdict.
        """
        with self._database.writing() as connection:
            mine = _claimed_by(connection, worker, [one.submission for one in outcomes])
            kept = [one for one in outcomes if one.submission in mine]
            if kept:
                connection.execute(_ENDED, [_ending(one, now) for one in kept])
                _keep_verdicts(connection, [one for one in kept if one.verdict is not None], now)
                note_history(
                    connection, [(one.submission, one.status, now, one.trouble or "") for one in kept]
                )
                _touch_phases(connection, _on_boards(connection, kept))
        return len(kept)

    def judge_again(self, submission: str, now: datetime, note: str) -> bool:
        """Put a failed or scored submission back in the queue; its verdict so far is superseded."""
        open_to_it = submissions.c.status.in_((FAILED, SCORED, REFUSED))
        values = {"status": RECEIVED, "attempts": 0, "trouble": None, "problems": [], "passed_over": []}
        with self._database.writing() as connection:
            where = submissions.c.id == submission, open_to_it
            if not connection.execute(update(submissions).where(*where).values(**values)).rowcount:
                return False
            note_history(connection, [(submission, RECEIVED, now, note)])
            _touch_phases(connection, [submission])
            return True

    def note_trouble(self, submission: str, trouble: str) -> None:
        """Let the host know of something wrong with a submission; its status stays."""
        with self._database.writing() as connection:
            connection.execute(
                update(submissions).where(submissions.c.id == submission).values(trouble=trouble)
            )

    def choose(self, submission: Submission) -> None:
        """Let this submission stand for its team."""
        mine = and_(submissions.c.phase == submission.phase, submissions.c.team == submission.team)
        chosen = case((submissions.c.id == submission.id, True), else_=False)
        with self._database.writing() as connection:
            connection.execute(update(submissions).where(mine).values(chosen=chosen))
            _touch_phases(connection, [submission.id])

    def judged(self, phase: str, truth: str, metric: str = "weighted_f1") -> list[Judged]:
        """Submissions of a phase that have a verdict by this truth, in order of arrival.

        One that is judged again keeps its verdict until another one follows it.
        """
        light = [submissions.c[name] for name in ("id", "team", "entry", "submitted_at", "remarks", "chosen")]
        query = select(*light, verdicts.c.id).join(verdicts, verdicts.c.submission == submissions.c.id)
        query = query.where(
            submissions.c.phase == phase,
            submissions.c.status.in_((SCORED, *WAITING)),
            verdicts.c.truth == truth,
            verdicts.c.superseded_at.is_(None),
        )
        query = query.order_by(submissions.c.submitted_at, submissions.c.id)
        with self._database.reading() as connection:
            rows = [tuple(row) for row in connection.execute(query)]
        values = self._values_of([row[-1] for row in rows], phase, metric)
        return [Judged(*(*row, values[row[-1]])) for row in rows]

    def _values_of(self, ids: Sequence[str], phase: str, metric: str) -> dict[str, float | None]:
        """What these verdicts say of a metric; each is read once, as a verdict is never changed."""
        known = self._values.get((phase, metric), {})
        found = {one: known[one] for one in ids if one in known}
        for row, _ in self._whole([one for one in ids if one not in known]):
            found[row["id"]] = row["document"].get("metrics", {}).get(metric)
        self._values[phase, metric] = found
        return found

    def _whole(self, ids: Sequence[str]) -> Iterator[tuple[Any, bytes]]:
        """The rows of these verdicts and their stored form, each held against its seal."""
        with self._database.reading() as connection:
            for start in range(0, len(ids), 500):
                query = select(verdicts).where(verdicts.c.id.in_(ids[start : start + 500]))
                for row in connection.execute(query).mappings():
                    yield row, self._unsealed(row)

    def _unsealed(self, row: Any) -> bytes:
        """The stored form of a verdict; raises `StoreDamaged` where the row is not as it was written."""
        try:
            return unsealed_verdict(row)
        except VerdictChanged as changed:
            raise self._database.noted(str(changed)) from changed

    def stored_verdicts(self, ids: Sequence[str]) -> dict[str, bytes]:
        """The stored form of these verdicts, by id; it holds truth."""
        return {row["id"]: stored for row, stored in self._whole(ids)}

    def last_stored(self, submission: str) -> bytes | None:
        """The stored form of the newest verdict on a submission, by whichever truth; it holds truth."""
        query = select(verdicts).where(verdicts.c.submission == submission)
        with self._database.reading() as connection:
            row = connection.execute(query.order_by(verdicts.c.made_at.desc()).limit(1)).mappings().first()
        return None if row is None else self._unsealed(row)

    def verdict(self, submission: str, truth: str) -> tuple[str, Mapping[str, Any]] | None:
        """The id and public document of the verdict on a submission by this truth."""
        standing = verdicts.c.superseded_at.is_(None)
        query = select(verdicts).where(
            verdicts.c.submission == submission, verdicts.c.truth == truth, standing
        )
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            return None
        self._unsealed(row)
        return row["id"], row["document"]


def requeue_claimed(connection: Connection, worker: str | None = None, *, untried: bool = False) -> int:
    """Every submission that is claimed (by this worker) is received again; returns how many."""
    values: dict[str, Any] = {"status": RECEIVED, "claimed_by": None, "claimed_at": None}
    if untried:
        values["attempts"] = submissions.c.attempts - 1
    claimed = update(submissions).where(submissions.c.status == CHECKING)
    if worker is not None:
        claimed = claimed.where(submissions.c.claimed_by == worker)
    return connection.execute(claimed.values(**values)).rowcount


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


def _submission(row: Any) -> Submission:
    values = dict(zip(Submission.__dataclass_fields__, row, strict=True))
    for name in ("problems", "passed_over", "remarks"):
        values[name] = tuple(values[name])
    return Submission(**values)


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


_INSERTED = insert(submissions)
_TEAM = select(teams.c.name).where(teams.c.name == bindparam("team")).with_for_update()
_EARLIER = select(submissions.c.id, submissions.c.status).where(
    submissions.c.phase == bindparam("phase"),
    submissions.c.team == bindparam("team"),
    submissions.c.digest == bindparam("digest"),
)
"""Statements of every upload, built once."""


def _lock_team(connection: Connection, team: str, now: datetime) -> None:
    """Make sure the team is there, and let its uploads pass one after another."""
    if connection.execute(_TEAM, {"team": team}).first() is None:
        try:
            with connection.begin_nested():
                connection.execute(insert(teams), {"name": team, "created_at": now})
        except IntegrityError:
            connection.execute(_TEAM, {"team": team}).first()


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


def _spent(connection: Connection, phase: str, team: str, now: datetime) -> Spent:
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
    return Spent(*tuple(connection.execute(query).one()))


def _claimed_by(connection: Connection, worker: str, ids: Sequence[str]) -> set[str]:
    """Those of these submissions that this worker still holds; nobody else can take them until the end."""
    held = submissions.c.status == CHECKING, submissions.c.claimed_by == worker
    query = select(submissions.c.id).where(submissions.c.id.in_(ids), *held).with_for_update()
    return set(connection.execute(query).scalars())


_ENDED = (
    update(submissions)
    .where(submissions.c.id == bindparam("one"))
    .values({name: bindparam(f"new_{name}") for name in ("status", "decided_at", "trouble")})
    .values({name: bindparam(f"new_{name}") for name in ("problems", "passed_over")})
    .values(claimed_by=None, claimed_at=None)
)


def _ending(outcome: Outcome, now: datetime) -> dict[str, Any]:
    return {
        "one": outcome.submission,
        "new_status": outcome.status,
        "new_decided_at": now,
        "new_trouble": outcome.trouble,
        "new_problems": list(outcome.problems),
        "new_passed_over": list(outcome.passed_over),
    }


def _keep_verdicts(connection: Connection, outcomes: Sequence[Outcome], now: datetime) -> None:
    """Write verdicts; one by the same truth that stood so far is kept as superseded."""
    if not outcomes:
        return
    ids, made_by = [one.submission for one in outcomes], {one.truth for one in outcomes}
    stood = verdicts.c.submission.in_(ids), verdicts.c.truth.in_(made_by), verdicts.c.superseded_at.is_(None)
    connection.execute(update(verdicts).where(*stood).values(superseded_at=now))
    rows = [
        {
            "id": one.verdict_id,
            "submission": one.submission,
            "truth": one.truth,
            "document": one.verdict,
            "stored": one.stored,
            "made_at": now,
        }
        for one in outcomes
    ]
    connection.execute(insert(verdicts), [{**row, "stored": sealed_verdict(row)} for row in rows])


def _on_boards(connection: Connection, outcomes: Sequence[Outcome]) -> list[str]:
    """Those that a board shows or showed: scored now, or with a verdict from before that counts no more."""
    ids = [one.submission for one in outcomes]
    query = select(verdicts.c.submission).where(verdicts.c.submission.in_(ids)).distinct()
    return list(connection.execute(query).scalars())


def _touch_phases(connection: Connection, ids: Sequence[str]) -> None:
    if not ids:
        return
    touched = select(submissions.c.phase).where(submissions.c.id.in_(ids))
    connection.execute(update(phases).where(phases.c.name.in_(touched)).values(revision=fresh_id()))
