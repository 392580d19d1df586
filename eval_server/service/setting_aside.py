"""What takes a submission off its board: its team withdraws it, a host hides or disqualifies it; and back."""

from __future__ import annotations

from eval_server.service.access import Caller, require_host, require_open, require_owner
from eval_server.service.desk import Desk
from eval_server.service.finding import find_phase, find_submission
from eval_server.service.refusals import RequestUnfit, StateConflict
from eval_server.store.limits import MOST_NOTE, MOST_REASON
from eval_server.store.records import FAILED, REFUSED, Act, Submission


def withdraw(desk: Desk, submission: str, caller: Caller, reason: str = "") -> Submission:
    """Take a submission of the caller's team off the board, while its phase is open."""
    found = _of_own_team(desk, submission, caller, "it was to be withdrawn")
    require_settable(found)
    desk.store.setting_aside.withdraw(found.id, act_of(desk, caller, reason))
    return _again(desk, found)


def take_back(desk: Desk, submission: str, caller: Caller, reason: str = "") -> Submission:
    """Let a submission that its team withdrew count again, while its phase is open."""
    found = _of_own_team(desk, submission, caller, "it was to be taken back")
    desk.store.setting_aside.take_back(found.id, act_of(desk, caller, reason))
    return _again(desk, found)


def bar(desk: Desk, submission: str, kind: str, caller: Caller, reason: str) -> Submission:
    """Hide or disqualify a submission, for a reason that its team sees."""
    require_host(caller)
    found = find_submission(desk, submission, caller)
    require_settable(found)
    desk.store.setting_aside.bar(found.id, kind, act_of(desk, caller, fit_reason(reason, needed=True)))
    return _again(desk, found)


def lift(desk: Desk, submission: str, caller: Caller, reason: str = "") -> Submission:
    """Undo what a host did to a submission; what its team withdrew stays withdrawn."""
    require_host(caller)
    found = find_submission(desk, submission, caller)
    desk.store.setting_aside.lift(found.id, act_of(desk, caller, reason))
    return _again(desk, found)


def require_settable(found: Submission) -> None:
    """Raises `StateConflict` for a submission that could never stand on a board."""
    if found.status in (REFUSED, FAILED):
        raise StateConflict(f"This submission is {found.status}: it counts on no board.")


def act_of(desk: Desk, caller: Caller, reason: str) -> Act:
    """Who does something now, and why."""
    return Act(caller.name, desk.now(), fit_reason(reason))


def fit_reason(reason: str, *, needed: bool = False) -> str:
    """A reason in one line; raises `RequestUnfit` for one that is too long, or missing."""
    told = _fit_line("a reason", " ".join(reason.split()), MOST_REASON)
    if needed and not told:
        raise RequestUnfit("Expected a reason, which the team sees; found none.")
    return told


def fit_note(note: str) -> str:
    """What a token is for; raises `RequestUnfit` for more than a line of it."""
    return _fit_line("a note", note, MOST_NOTE)


def _fit_line(what: str, text: str, most: int) -> str:
    """The text; raises `RequestUnfit` where it is too long or no line."""
    if len(text) <= most and text.isprintable():
        return text
    found = f"{len(text):,}" if len(text) > most else "others among them"
    raise RequestUnfit(f"Expected {what} of at most {most} printable characters, found {found}.")


def _of_own_team(desk: Desk, submission: str, caller: Caller, deed: str) -> Submission:
    """A submission whose team may decide about it now: a host always, a team while the phase is open."""
    found = find_submission(desk, submission, caller)
    require_owner(caller, found.team)
    if not caller.is_host:
        require_open(find_phase(desk, found.phase), desk.now(), deed)
    return found


def _again(desk: Desk, found: Submission) -> Submission:
    """The submission as it stands now."""
    return desk.store.submissions.find(found.id) or found
