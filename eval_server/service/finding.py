"""What is asked for, found for who asks; what is another's is as if it were not there."""

from __future__ import annotations

import re
from collections.abc import Sequence

from eval_server.service.access import (
    AccessDenied,
    Caller,
    Role,
    may_see,
    require_host,
    require_owner,
    shows_board,
)
from eval_server.service.desk import Desk
from eval_server.service.handed_in import HandedIn, handed_in
from eval_server.service.jobs import BRING_BACK
from eval_server.service.parts import in_part
from eval_server.service.refusals import FileLost, NotFound, NotShown, RequestUnfit, StateConflict
from eval_server.service.sight import board_of, may_compare, shown_id
from eval_server.store.files import FileDamaged
from eval_server.store.records import PhaseRecord, Submission

MOST_COMPARED = 25
"""More entries than a significance map can show."""
MINE = "mine"
"""In place of a submission's id: the one that stands for the team of who asks."""
_PHASE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_ID = re.compile(r"[0-9a-f]{20}")


def is_id(text: str) -> bool:
    """Whether this could be an id at all; nothing else is asked of the database."""
    return _ID.fullmatch(text) is not None


def find_phase(desk: Desk, name: str, caller: Caller | None = None, part: str = "") -> PhaseRecord:
    """A phase, speaking of the part that is asked for, or else of the one that is shown now."""
    record = desk.store.phases.find(name) if _PHASE.fullmatch(name) else None
    if record is None:
        raise NotFound("phase", name)
    return in_part(record, caller or Caller(), desk.now(), part)


def all_phases(desk: Desk, caller: Caller) -> list[PhaseRecord]:
    """Every phase, speaking of the part that is shown now."""
    return [in_part(record, caller, desk.now()) for record in desk.store.phases.all()]


def find_submission(desk: Desk, submission: str, caller: Caller) -> Submission:
    """A submission this caller may see; raises `NotShown` for another team's that does not count now."""
    found = desk.store.submissions.find(submission) if is_id(submission) else None
    record = None if found is None else desk.store.phases.find(found.phase)
    if found is None or record is None or not may_see(caller, found, record.rules, desk.now()):
        raise NotFound("submission", submission)
    if not found.counts and not caller.owns(found.team):
        raise NotShown
    return found


def find_file(desk: Desk, submission: str, caller: Caller) -> tuple[Submission, HandedIn]:
    """A submission of the caller's with its file, whole; where that is lost the host is told."""
    found = find_submission(desk, submission, caller)
    require_owner(caller, found.team)
    try:
        desk.store.archive.whole(found.archive)
    except FileDamaged as damaged:
        desk.store.submissions.note_trouble(found.id, f"{damaged.brief}. {BRING_BACK}")
        raise FileLost("The server lost this file; its host has been told.") from damaged
    read = handed_in(desk, find_phase(desk, found.phase), found)
    if read is None:
        raise NotFound("file of the submission", found.id)
    return found, read


def list_submissions(desk: Desk, record: PhaseRecord, team: str | None, caller: Caller) -> list[Submission]:
    """A team's submissions to a phase, one's own unless another is named; all of them for a host."""
    wanted = team or caller.team
    if wanted is None:
        require_host(caller)
        return desk.store.submissions.listed(phase=record.name)
    known = desk.store.teams.find(_printable(wanted)) or wanted
    require_owner(caller, known)
    return desk.store.submissions.listed(phase=record.name, team=known)


def find_team(desk: Desk, team: str, caller: Caller) -> str:
    """A team of this caller's that has handed in, or has a token."""
    known = desk.store.teams.find(_printable(team))
    require_owner(caller, known or team)
    if known is None:
        raise NotFound("team", team)
    return known


def visible_teams(desk: Desk, caller: Caller) -> list[str]:
    """All teams for a host or at an open server, a team's own for itself, none for a visitor."""
    if caller.role is Role.TEAM:
        return [caller.team or ""]
    if not (caller.anyone or caller.is_host):
        raise AccessDenied("The list of teams is the host's.", known=False)
    return desk.store.teams.names()


def find_pair(desk: Desk, record: PhaseRecord, ids: tuple[str, str], caller: Caller) -> list[Submission]:
    """The two submissions to be compared."""
    _require_board(desk, record, caller)
    return _compared(desk, record, ids, caller)


def find_selected(desk: Desk, record: PhaseRecord, ids: Sequence[str], caller: Caller) -> list[Submission]:
    """The submissions that were selected on the board, each once."""
    _require_board(desk, record, caller)
    once = list(dict.fromkeys(_own(desk, record, caller) if one == MINE else one for one in ids))
    if not 2 <= len(once) <= MOST_COMPARED:
        said = f"Select 2 to {MOST_COMPARED} entries on the leaderboard, then compare; found {len(once)}."
        raise RequestUnfit(said)
    return _compared(desk, record, once, caller)


def _own(desk: Desk, record: PhaseRecord, caller: Caller) -> str:
    """The best submission that stands on the board for the caller's team."""
    rows = board_of(desk, record, caller).rows
    found = next((row.judged.id for row in rows if caller.team and row.judged.team == caller.team), None)
    if found is None:
        raise RequestUnfit(
            "There is no entry of yours on this board to compare with: sign in, or hand one in."
        )
    return found


def _compared(desk: Desk, record: PhaseRecord, ids: Sequence[str], caller: Caller) -> list[Submission]:
    """Different scored submissions of this phase whose numbers the caller may see."""
    if len(set(ids)) < len(ids):
        raise RequestUnfit("Expected different submissions to compare, found the same one twice.")
    found = [find_submission(desk, one, caller) for one in ids]
    for one in found:
        if one.phase != record.name:
            raise NotFound("submission", one.id)
        if not one.counts and not caller.is_host:
            raise StateConflict(f"The submission {one.id} is compared with none: it is {one.set_aside}.")
        if shown_id(desk, record, one, caller) != one.id:
            raise StateConflict(f"The submission {one.id} has no numbers to compare: it is {one.status}.")
    if not may_compare(desk, record, found, caller):
        raise AccessDenied(
            "The board of this phase tells scores alone, so its entries are not compared.", known=True
        )
    return found


def _require_board(desk: Desk, record: PhaseRecord, caller: Caller) -> None:
    if not shows_board(caller, record.rules, desk.now()):
        # known or not: signing in as a team opens a hidden board for nobody
        raise AccessDenied("The board of this phase is hidden until the phase closes.", known=True)


def _printable(text: str) -> str:
    """Text that a database can be asked for; anything else matches nothing."""
    if text.isprintable():
        return text
    raise NotFound("team", text)
