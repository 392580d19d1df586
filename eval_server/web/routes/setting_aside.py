"""Submissions taken off their boards and put back, as pages have it and as JSON."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from eval_server.service import setting_aside
from eval_server.service.access import Caller, require_host, require_owner
from eval_server.service.desk import Desk
from eval_server.service.finding import find_submission
from eval_server.service.setting_aside import fit_reason, require_settable
from eval_server.store.records import HIDDEN, Submission
from eval_server.web.documents.submissions import StandingOrNot, standing_or_not
from eval_server.web.routes.answers import as_json, tells
from eval_server.web.routes.asking import Reason, Sure, asked_back
from eval_server.web.routes.callers import FORM_TOKEN, HEADER_TOKEN, Asker, AtDesk

pages = APIRouter(include_in_schema=False)
router = APIRouter(prefix="/api/submissions/{submission}")
Kind = Annotated[Literal["hidden", "disqualified"], Form()]
Why = Annotated[str, Query(max_length=2000)]
NO_QUOTA = "Its quota stays spent. It stays in the record."


@pages.post("/submissions/{submission}/withdrawal", dependencies=[FORM_TOKEN])
def withdraw_page(
    submission: str, request: Request, desk: AtDesk, caller: Asker, sure: Sure = ""
) -> Response:
    found = _own(desk, submission, caller)
    if sure != "yes":
        return asked_back(
            request,
            f"Withdraw {found.entry} of {found.team}?",
            "It leaves the board at once, and is compared with no other submission any more.",
            f"{NO_QUOTA} While the phase is open it can be taken back.",
            button="Withdraw it",
            back=_address(desk, found),
        )
    return _seen(desk, setting_aside.withdraw(desk, submission, caller))


@pages.post("/submissions/{submission}/return", dependencies=[FORM_TOKEN])
def take_back_page(submission: str, desk: AtDesk, caller: Asker) -> Response:
    return _seen(desk, setting_aside.take_back(desk, submission, caller))


@pages.post("/submissions/{submission}/bar", dependencies=[FORM_TOKEN])
def bar_page(
    submission: str,
    request: Request,
    desk: AtDesk,
    caller: Asker,
    kind: Kind,
    reason: Reason = "",
    sure: Sure = "",
) -> Response:
    require_host(caller)
    found, reason = _own(desk, submission, caller), fit_reason(reason, needed=True)
    if sure != "yes":
        deed = "Hide" if kind == HIDDEN else "Disqualify"
        return asked_back(
            request,
            f"{deed} {found.entry} of {found.team}?",
            f"It leaves the board at once. Its team sees that it is {kind}, and why: “{reason}”",
            f"{NO_QUOTA} You can let it count again at any time.",
            button=f"{deed} it",
            back=_address(desk, found),
            kind=kind,
            reason=reason,
        )
    return _seen(desk, setting_aside.bar(desk, submission, kind, caller, reason))


@pages.post("/submissions/{submission}/restoration", dependencies=[FORM_TOKEN])
def lift_page(submission: str, desk: AtDesk, caller: Asker) -> Response:
    return _seen(desk, setting_aside.lift(desk, submission, caller))


@router.post(
    "/withdrawal",
    dependencies=[FORM_TOKEN],
    summary="Withdraw a submission of one's own",
    **tells(StandingOrNot),
)
def withdraw(
    submission: str,
    desk: AtDesk,
    caller: Asker,
    reason: Reason = "",
) -> Response:
    return as_json(standing_or_not(setting_aside.withdraw(desk, submission, caller, reason)))


@router.delete(
    "/withdrawal", dependencies=[HEADER_TOKEN], summary="Take back what was withdrawn", **tells(StandingOrNot)
)
def take_back(submission: str, desk: AtDesk, caller: Asker, reason: Why = "") -> Response:
    return as_json(standing_or_not(setting_aside.take_back(desk, submission, caller, reason)))


@router.post(
    "/bar",
    dependencies=[FORM_TOKEN],
    summary="Hide or disqualify a submission; for a host",
    **tells(StandingOrNot),
)
def bar(
    submission: str,
    desk: AtDesk,
    caller: Asker,
    kind: Kind,
    reason: Reason,
) -> Response:
    return as_json(standing_or_not(setting_aside.bar(desk, submission, kind, caller, reason)))


@router.delete(
    "/bar", dependencies=[HEADER_TOKEN], summary="Let it count again; for a host", **tells(StandingOrNot)
)
def lift(submission: str, desk: AtDesk, caller: Asker, reason: Why = "") -> Response:
    return as_json(standing_or_not(setting_aside.lift(desk, submission, caller, reason)))


def _own(desk: Desk, submission: str, caller: Caller) -> Submission:
    """A submission of the caller's that could stand on a board: what a question may be asked about."""
    found = find_submission(desk, submission, caller)
    require_owner(caller, found.team)
    require_settable(found)
    return found


def _address(desk: Desk, found: Submission) -> str:
    return desk.settings.path_to(f"/submissions/{found.id}")


def _seen(desk: Desk, found: Submission) -> Response:
    return RedirectResponse(_address(desk, found), 303)
