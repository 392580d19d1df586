"""What is said about submissions: from arrival to verdict, to their owners and to others."""

from __future__ import annotations

import json
from typing import Annotated, Any

from eval_server.judging.feedback import Told
from eval_server.service import handed_in
from eval_server.service.access import Caller, shows_board, utc
from eval_server.service.best_of import best_of
from eval_server.service.desk import Desk
from eval_server.service.finding import find_phase
from eval_server.service.side_by_side import shown_as
from eval_server.service.sight import is_spot_checked, level_of, seen, shown_id
from eval_server.store.records import PhaseRecord, Submission
from eval_server.web.documents.boards import told_as
from eval_server.web.documents.document import (
    STABLE,
    Document,
    Word,
)
from eval_server.web.documents.handing_in import ProblemToMend, problem_to_mend
from eval_server.web.documents.results import (
    BestOfDocument,
    ResultDocument,
    best_of_document,
    result_document,
)


class StepDocument(Document):
    """One step of a submission's way."""

    status: Word
    at: Word
    note: str


class HintDocument(Document):
    """A mistake that looks like a bad model: how the submission would have scored, read in another way."""

    reading: str
    """The other way to read it, in a word."""
    weighted_f1: float
    """What it would have come to, in three digits."""
    says: str
    mend: str


class SubmissionDocument(ResultDocument):
    """A submission from arrival to verdict; who does not own it sees neither files nor manifest."""

    id: Word
    phase: Word
    team: Word
    """Whose it is, or a stand-in such as `anonymous-4f7a2c`."""
    entry: Word
    """What made the predictions, or the stand-in of its team."""
    status: Word
    """`received`, `checking`, `scored`, `refused` (the sender's to mend) or `failed` (our fault)."""
    submitted_at: Word
    decided_at: Annotated[str | None, STABLE]
    """When it was scored, refused or failed; null before."""
    history: list[StepDocument]
    """Its way so far."""
    problems: Annotated[list[ProblemToMend], STABLE]
    """Why it was refused: every reason."""
    passed_over: list[str]
    """What the reader skipped without harm; for the owner."""
    trouble: str | None
    """What was wrong on our side."""
    chosen: bool
    """Whether its team chose it to stand on the board."""
    owned: bool
    """Whether it is the caller's own, or the caller is a host."""
    size: Annotated[int | None, STABLE]
    """Bytes of the file; for the owner."""
    sha256: Annotated[str | None, STABLE]
    """The digest of the file; for the owner."""
    feedback: str = "full"
    """How much who asks is told of it: `full`, `summary`, `score`, or `none` before the phase's end."""
    spot_checked: bool = False
    """Whether its numbers are measured on a tenth of the cells, others for each submission."""
    shown: Annotated[str | None, STABLE]
    """The submission whose numbers are told: with the Ladder perhaps an earlier one; null before any are."""
    has_scores: bool
    """Whether scores came with it."""
    manifest: dict[str, Any] | None
    """The manifest that came with it; for the owner."""
    url: Word
    """Its page."""
    kind: str | None
    """`zip` or `table`; for the owner."""
    read_as: list[str]
    """How a table was read; for the owner."""
    hints: list[HintDocument]
    """Mistakes that look like a bad model; for the owner."""
    best_of: BestOfDocument | None = None
    """Where it stands for its team as the best of several: the optimism to expect; nothing is taken off."""
    set_aside: str | None
    """Why it counts on no board: `withdrawn` by its team, `hidden` or `disqualified` by a host; else null."""
    set_aside_reason: str | None
    """What the host said to that."""
    set_aside_at: str | None
    """Since when."""
    withdrawn: bool
    """Whether its team withdrew it, whatever a host did."""


class StandingOrNot(Document):
    """Whether a submission counts, after a deed that may have changed that."""

    id: Word
    set_aside: str | None
    """`withdrawn`, `hidden` or `disqualified`; null where it counts."""
    reason: str | None
    """What the host said to that."""


class SubmissionBrief(Document):
    """One line of a list of one's own submissions."""

    id: Word
    phase: Word
    team: Word
    entry: Word
    status: Word
    submitted_at: Word
    chosen: bool
    problems: int
    """How many reasons there are to refuse it."""
    set_aside: str | None
    """`withdrawn`, `hidden` or `disqualified`; null where it counts."""
    url: Word


class SubmissionList(Document):
    """One's own submissions to a phase, all for a host; the newest first."""

    submissions: Annotated[list[SubmissionBrief], STABLE]


def submission_document(desk: Desk, found: Submission, caller: Caller, part: str = "") -> SubmissionDocument:
    record = find_phase(desk, found.phase, caller, part)
    owned = caller.owns(found.team)
    told = seen(desk, record, found, caller)
    result: dict[str, Any] = {"metrics": {}}
    if told is not None:
        result = set_fields(result_document(told, found, caller))
    visible = told is not None and shows_board(caller, record.rules, desk.now())
    return SubmissionDocument(
        **_facts(desk, record, found, caller, owned=owned),
        **_file(desk, record, found, owned=owned),
        **result,
        shown=shown_id(desk, record, found, caller),
        feedback=told_as(level_of(record.rules, caller, found.team, desk.now())),
        spot_checked=is_spot_checked(record, caller, desk.now()),
        best_of=best_of_document(best_of(desk, record, found, caller)) if visible else None,
        hints=_hints(desk, record, found, told, caller),
    )


def _facts(
    desk: Desk, record: PhaseRecord, found: Submission, caller: Caller, *, owned: bool
) -> dict[str, Any]:
    """What the store knows of a submission, as far as it is this caller's to see."""
    steps = desk.store.submissions.steps(found.id)
    entry, team = shown_as(desk, record, found, caller)
    return {
        "id": found.id,
        "phase": found.phase,
        "team": team,
        "entry": entry,
        "status": found.status,
        "submitted_at": utc(found.submitted_at),
        "decided_at": None if found.decided_at is None else utc(found.decided_at),
        "history": [StepDocument(status=one.status, at=utc(one.at), note=one.note) for one in steps],
        "problems": [problem_to_mend(problem, record.rules.classes) for problem in found.problems],
        "passed_over": list(found.passed_over) if owned else [],
        "trouble": found.trouble,
        "chosen": found.chosen,
        "owned": owned,
        "size": found.size if owned else None,
        "sha256": found.archive if owned else None,
        "manifest": json.loads(found.manifest) if owned and found.manifest else None,
        "url": desk.settings.path_to(f"/submissions/{found.id}"),
        "set_aside": found.set_aside,
        "set_aside_reason": found.bar_reason,
        "set_aside_at": utc(since) if (since := found.barred_at or found.withdrawn_at) else None,
        "withdrawn": found.withdrawn_at is not None,
    }


def _file(desk: Desk, record: PhaseRecord, found: Submission, *, owned: bool) -> dict[str, Any]:
    """What the owner is told of the file; others, and the owner of a lost one, only whether scores came."""
    read = handed_in.handed_in(desk, record, found) if owned else None
    return {
        "kind": None if read is None else "table" if read.is_table else "zip",
        "read_as": [] if read is None else [record.rules.classes.said(one) for one in read.read_as],
        "has_scores": found.scores is not None or (read is not None and read.scored),
    }


def _hints(
    desk: Desk, record: PhaseRecord, found: Submission, told: Told | None, caller: Caller
) -> list[HintDocument]:
    """Mistakes that look like a bad model, for the owner and the host of a result."""
    return [
        HintDocument(reading=one.reading, weighted_f1=one.weighted_f1, says=one.says, mend=one.mend)
        for one in handed_in.mistakes(desk, record, found, told, caller)
    ]


def set_fields(document: Document) -> dict[str, Any]:
    """The fields of a document that were set, as they are."""
    return {name: getattr(document, name) for name in document.model_fields_set}


def standing_or_not(found: Submission) -> StandingOrNot:
    return StandingOrNot(id=found.id, set_aside=found.set_aside, reason=found.bar_reason)


def submission_brief(desk: Desk, one: Submission) -> SubmissionBrief:
    return SubmissionBrief(
        id=one.id,
        phase=one.phase,
        team=one.team,
        entry=one.entry,
        status=one.status,
        submitted_at=utc(one.submitted_at),
        chosen=one.chosen,
        problems=len(one.problems),
        set_aside=one.set_aside,
        url=desk.settings.path_to(f"/submissions/{one.id}"),
    )
