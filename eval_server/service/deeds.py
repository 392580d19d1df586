"""What people do with submissions: hand in, let one stand for a team, have one judged again."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from eval_server.service.access import Caller, admission, require_host, require_open, require_owner
from eval_server.service.desk import Desk
from eval_server.service.finding import find_phase, find_submission
from eval_server.service.refusals import StateConflict
from eval_server.store.records import SCORED, Arrival, PhaseRecord, Receipt, Submission
from eval_server.store.submissions import ChoicesSpent
from submissions.columns import Scale
from submissions.parts import is_zip
from submissions.rows import noted


@dataclass(frozen=True, slots=True)
class Upload:
    """What was sent, files still open; `scale` says what a table's scores are, where its sender said so."""

    entry: str
    file: BinaryIO
    size: int
    scores: BinaryIO | None = None
    manifest: str | None = None
    remarks: tuple[str, ...] = ()
    scale: Scale | None = None


def hand_in(
    desk: Desk, record: PhaseRecord, upload: Upload, team: str, caller: Caller, now: datetime
) -> Receipt:
    """Keep an upload; on return it is on disk and in the database for good, and a judge knows of it.

    Files first, then the row: whoever is told an id can be sure of both.
    """
    arrival = _kept(desk, record, upload, team, now)
    receipt = desk.store.arrivals.receive(arrival, admission(record.rules, now))
    desk.room.suffices()
    desk.judge.wake()
    if caller.is_host:
        desk.store.audit.note(now, caller.name, "handed in for a team", team, {"submission": receipt.id})
    return receipt


def _kept(desk: Desk, record: PhaseRecord, upload: Upload, team: str, now: datetime) -> Arrival:
    keep = desk.store.archive.keep
    archive = keep(stated(upload.file, upload.scale))
    scores = None if upload.scores is None else keep(stated(upload.scores, upload.scale))
    # where every entry has a line of its own, the same file under another name is another submission
    name = upload.entry if record.rules.represents == "every" else ""
    said = json.dumps([archive, scores, upload.manifest, name])
    return Arrival(
        phase=record.name,
        team=team,
        entry=upload.entry,
        digest=hashlib.sha256(said.encode()).hexdigest(),
        archive=archive,
        scores=scores,
        manifest=upload.manifest,
        remarks=upload.remarks,
        size=upload.size,
        at=now,
    )


def stated(file: BinaryIO, scale: Scale | None) -> BinaryIO:
    """A file as it is kept: a table that came with a word on its scores carries it in its first line."""
    if scale is None:
        return file
    data = file.read()
    return io.BytesIO(data if is_zip(data) else noted(data, scale))


def let_stand(desk: Desk, submission: str, caller: Caller) -> Submission:
    """Let a submission of the caller's team stand for it, or count in the end."""
    found, record = _to_choose(desk, submission, caller)
    if found.status != SCORED:
        raise StateConflict(f"Only a scored submission can stand for a team; this one is {found.status}.")
    if not found.counts:
        raise StateConflict(f"Only what counts can stand for a team; this submission is {found.set_aside}.")
    try:
        desk.store.submissions.choose(found, record.rules.choices)
    except ChoicesSpent as spent:
        said = f"{found.team} chose {len(spent.chosen)} of {record.rules.choices} submissions already"
        raise StateConflict(f"{said}: {', '.join(spent.chosen)}. Take one of them back first.") from spent
    _note_choice(desk, caller, "chose for a team", found)
    return found


def take_back_choice(desk: Desk, submission: str, caller: Caller) -> Submission:
    """Let a submission that the caller's team chose count no more as chosen."""
    found, _ = _to_choose(desk, submission, caller)
    desk.store.submissions.take_back(found)
    _note_choice(desk, caller, "took back a team's choice", found)
    return found


def _to_choose(desk: Desk, submission: str, caller: Caller) -> tuple[Submission, PhaseRecord]:
    """A submission about which the caller may decide now: the owner while the phase is open, a host ever."""
    found = find_submission(desk, submission, caller)
    require_owner(caller, found.team)
    record = find_phase(desk, found.phase)
    if not caller.is_host:
        require_open(record, desk.now(), "this choice was made")
    return found, record


def _note_choice(desk: Desk, caller: Caller, deed: str, found: Submission) -> None:
    if caller.is_host:
        desk.store.audit.note(desk.now(), caller.name, deed, found.team, {"submission": found.id})


def judge_again(desk: Desk, submission: str, caller: Caller) -> Submission:
    """Have a submission judged once more, because a host asked for it."""
    require_host(caller)
    found = find_submission(desk, submission, caller)
    if not desk.store.queue.judge_again(found.id, desk.now(), "the host asked for it"):
        raise StateConflict(f"This submission is {found.status}: it is being judged already.")
    desk.store.audit.note(desk.now(), caller.name, "judged again", found.id)
    desk.judge.wake()
    return found
