"""What a host does with a phase, and what only a host sees of it; as pages have it and as JSON."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from eval_server.service import phase_deeds
from eval_server.service.access import Caller, require_host
from eval_server.service.alike import alike_now
from eval_server.service.desk import Desk
from eval_server.service.finding import find_phase
from eval_server.service.refusals import NotFound
from eval_server.service.setting_aside import act_of
from eval_server.store.records import PhaseRecord
from eval_server.web.documents.alike import AlikeList, alike_document
from eval_server.web.documents.phases import PhaseDocument, phase_document, phase_list
from eval_server.web.routes.answers import as_json, tells
from eval_server.web.routes.asking import Reason, Sure, asked_back
from eval_server.web.routes.callers import BOARD, FORM_TOKEN, HEADER_TOKEN, Asker, AtDesk
from eval_server.web.routes.rendering import page

pages = APIRouter(include_in_schema=False)
router = APIRouter(prefix="/api/phases/{phase}")
Why = Annotated[str, Query(max_length=2000)]
ASKED = {
    "close": (
        "Close {title} now?",
        "From now on nothing can be handed in, withdrawn or chosen. A hidden board is open to all at once.",
        "Close it",
    ),
    "reopen": (
        "Open {title} again?",
        "Submissions are taken in again, until the end that was set; where that is over, without an end.",
        "Open it again",
    ),
    "archive": (
        "Put {title} into the archive?",
        "It leaves the start page. Its board stays at its address, and the start page links to the archive.",
        "Put it there",
    ),
}

UNDONE = "You can undo this here at any time."
REVEALS = {
    "close": (
        "Its board then shows the private part, and what stood on the public one. Opening it again shows the "
        "public part, but does not take back what was seen meanwhile."
    ),
    "reopen": "Its board shows the public part again, but that does not take back what was seen meanwhile.",
}
"""What a divided phase shows, beside that."""


@pages.get("/archived")
def archived(request: Request, desk: AtDesk, caller: Asker) -> Response:
    found = [one for one in phase_list(desk, caller).phases if one.archived]
    return page(request, "archived.html", title="Archived phases", phases=found)


@pages.post("/phases/{phase}/deeds/{deed}", dependencies=[FORM_TOKEN])
def deed_page(
    phase: str,
    deed: str,
    request: Request,
    desk: AtDesk,
    caller: Asker,
    reason: Reason = "",
    sure: Sure = "",
) -> Response:
    require_host(caller)
    record = find_phase(desk, phase)
    if deed not in phase_deeds.DEEDS:
        raise NotFound("deed", deed)
    if deed in ASKED and sure != "yes":
        question, said, button = ASKED[deed]
        question = question.format(title=record.rules.title or record.name)
        told = *filter(None, [said, REVEALS.get(deed, "") if record.divided else ""]), UNDONE
        return asked_back(
            request, question, *told, button=button, back=desk.settings.path_to("/host"), reason=reason
        )
    _do(desk, record, deed, caller, reason)
    return RedirectResponse(desk.settings.path_to("/host"), 303)


@router.post(
    "/closing", dependencies=[FORM_TOKEN], summary="Close a phase now; for a host", **tells(PhaseDocument)
)
def close(phase: str, desk: AtDesk, caller: Asker, reason: Reason = "") -> Response:
    return _told(desk, phase, "close", caller, reason)


@router.delete(
    "/closing", dependencies=[HEADER_TOKEN], summary="Open a phase again; for a host", **tells(PhaseDocument)
)
def reopen(phase: str, desk: AtDesk, caller: Asker, reason: Why = "") -> Response:
    return _told(desk, phase, "reopen", caller, reason)


@router.post(
    "/archiving",
    dependencies=[FORM_TOKEN],
    summary="Take a phase off the start page; for a host",
    **tells(PhaseDocument),
)
def archive(phase: str, desk: AtDesk, caller: Asker, reason: Reason = "") -> Response:
    return _told(desk, phase, "archive", caller, reason)


@router.delete(
    "/archiving",
    dependencies=[HEADER_TOKEN],
    summary="Put a phase back on the start page; for a host",
    **tells(PhaseDocument),
)
def unarchive(phase: str, desk: AtDesk, caller: Asker, reason: Why = "") -> Response:
    return _told(desk, phase, "unarchive", caller, reason)


@router.get(
    "/alike",
    dependencies=[BOARD],
    summary="Submissions of different teams that are alike; for a host",
    **tells(AlikeList),
)
def alike(phase: str, desk: AtDesk, caller: Asker) -> Response:
    require_host(caller)
    record = find_phase(desk, phase)
    return as_json(alike_document(record.name, alike_now(desk, record)))


def _told(desk: Desk, phase: str, deed: str, caller: Caller, reason: str) -> Response:
    """Do it, and say how the phase stands."""
    require_host(caller)
    _do(desk, find_phase(desk, phase), deed, caller, reason)
    return as_json(phase_document(desk, find_phase(desk, phase), caller))


def _do(desk: Desk, record: PhaseRecord, deed: str, caller: Caller, reason: str) -> None:
    phase_deeds.DEEDS[deed](desk.store, record, act_of(desk, caller, reason))
