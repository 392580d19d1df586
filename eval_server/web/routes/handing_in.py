"""Pages of a submission: hand it in, check it without handing in, see what came of it."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from eval_server.judging.verdict import Verdict
from eval_server.service import deeds
from eval_server.service.access import Caller, Role
from eval_server.service.desk import Desk
from eval_server.service.finding import find_phase, find_submission
from eval_server.service.parts import word_of
from eval_server.service.sight import seen
from eval_server.service.terms import asked_of
from eval_server.store.limits import LONGEST_NAME
from eval_server.store.records import SCORED, WAITING, PhaseRecord, Submission
from eval_server.web.documents.boards import leaderboard_document
from eval_server.web.documents.handing_in import CheckDocument, check_document
from eval_server.web.documents.phases import phase_document
from eval_server.web.documents.submissions import SubmissionDocument, submission_document
from eval_server.web.documents.teams import quota_document
from eval_server.web.presenting import parts, submissions, words
from eval_server.web.routes import pictures, uploads
from eval_server.web.routes.callers import FORM_TOKEN, Asker, AtDesk, PartAsked
from eval_server.web.routes.rendering import introduced, page

router = APIRouter(include_in_schema=False)
LOOKS, PAUSE = 40, 0.05
"""How often, and after how many seconds, an upload is looked after before its page is shown.

Two seconds: judging takes milliseconds, and where it takes longer the page says so and looks again by itself.
"""


@router.get("/phases/{phase}/submit")
def form(
    phase: str,
    request: Request,
    desk: AtDesk,
    caller: Asker,
    entry: Annotated[str, Query(max_length=LONGEST_NAME)] = "",
    team: Annotated[str, Query(max_length=LONGEST_NAME)] = "",
) -> Response:
    return _form(request, desk, find_phase(desk, phase), caller, entry=entry, team=team)


def _form(
    request: Request,
    desk: Desk,
    record: PhaseRecord,
    caller: Caller,
    *,
    entry: str = "",
    team: str = "",
    report: CheckDocument | None = None,
) -> Response:
    """The form, with what is left of the quota and the report of a check."""
    told = phase_document(desk, record, caller)
    named = desk.store.teams.find(team) if team.isprintable() else None
    known = caller.team or (named if named is not None and caller.owns(named) else "")
    left = quota_document(desk, record, known) if known else None
    terms = told.terms_sha256 and (asked_of(desk, record, known) if known else told.terms_sha256)
    may_submit = caller.role is not Role.VISITOR or caller.anyone
    quota = words.quota_words(left, told.now) if left else ""
    return page(
        request,
        "submit.html",
        title=f"Submit to {told.title}",
        phase=told,
        report=report,
        may_submit=may_submit,
        live=may_submit and told.status == "open" and (left is None or not left.spent),
        names_team=caller.team is None,
        quota=f"{known} has {quota}" if quota else "",
        entry=entry,
        team=team,
        terms="" if caller.is_host else terms,
        about=introduced(told, frozenset({"terms"})),
        commands=words.commands(told, str(request.base_url).rstrip("/"), open_to_all=caller.anyone),
    )


@router.post("/phases/{phase}/submit")
async def submit(phase: str, request: Request, desk: AtDesk, caller: Asker) -> Response:
    record = await run_in_threadpool(find_phase, desk, phase)
    receipt = await uploads.receive(request, desk, caller, record)
    for _ in range(LOOKS):
        found = await run_in_threadpool(desk.store.submissions.find, receipt.id)
        if found is None or _told(desk, record, found):
            break
        await asyncio.sleep(PAUSE)
    return RedirectResponse(desk.settings.path_to(f"/submissions/{receipt.id}"), 303)


def _told(desk: Desk, record: PhaseRecord, found: Submission) -> bool:
    """Whether all there is to say of a submission can be said: what it came to, and its place."""
    if found.status == SCORED:
        return desk.boards.knows(record, found.id)
    return found.status not in WAITING


@router.post("/phases/{phase}/check")
async def check(phase: str, request: Request, desk: AtDesk, caller: Asker) -> Response:
    record = await run_in_threadpool(find_phase, desk, phase)
    report = check_document(await uploads.checked(request, desk, caller, record), record.rules.classes)
    return await run_in_threadpool(_form, request, desk, record, caller, report=report)


@router.get("/submissions/{submission}")
def submission(
    submission: str, request: Request, desk: AtDesk, caller: Asker, part: PartAsked = ""
) -> Response:
    stored = find_submission(desk, submission, caller)
    record = find_phase(desk, stored.phase, caller, part)
    found, told = submission_document(desk, stored, caller, part), phase_document(desk, record, caller)
    answer = page(
        request,
        "submission.html",
        title=f"{found.entry} of {found.team}",
        found=found,
        phase=told,
        part_note=parts.part_note(told, host=caller.is_host),
        part=word_of(record, desk.now()),
        state=submissions.status_words(found),
        set_aside=submissions.set_aside_words(found),
        **_scored(desk, record, found, caller),
    )
    complete = found.metrics or found.feedback == "none" or stored.status != SCORED
    if stored.counts and not (_told(desk, record, stored) and complete):
        answer.headers["Refresh"] = "1"
    return answer


def _scored(desk: Desk, record: PhaseRecord, found: SubmissionDocument, caller: Caller) -> dict[str, Any]:
    """What a scored submission's page shows beside its document; pictures at full feedback only."""
    stored = find_submission(desk, found.id, caller)
    told = seen(desk, record, stored, caller) if found.metrics else None
    if told is None:
        return {}
    board, classes, whole = leaderboard_document(desk, record, caller), record.rules.classes, told.whole
    placed = desk.boards.knows(record, found.id)
    best_of = submissions.best_of_words(found.best_of, record.rules.metric)
    return {
        "headline": submissions.headline(found, board, classes, placed=placed),
        "best_of": classes.said(best_of),
        "metrics": submissions.MetricTable(tuple(submissions.metric_lines(found, classes))),
        "ranked": submissions.headline_metric(found, record.rules.metric),
        "pictures": ()
        if whole is None
        else submissions.pictures_of(found.entry, whole, host=caller.is_host, classes=classes),
        "worst": _worst(desk, record, whole) if whole is not None and caller.is_host else [],
    }


def _worst(
    desk: Desk, record: PhaseRecord, verdict: Verdict
) -> list[tuple[submissions.WrongCell, str | None]]:
    """The worst cells, each with where its picture is served, if anywhere."""
    cells = submissions.worst_cells(verdict, desk.verdicts.cells(record))
    return [(cell, pictures.address(desk, record, cell.name)) for cell in cells]


@router.post("/submissions/{submission}/choice", dependencies=[FORM_TOKEN])
def choose(submission: str, request: Request, desk: AtDesk, caller: Asker) -> Response:
    return _back(request, desk, deeds.let_stand(desk, submission, caller))


@router.post("/submissions/{submission}/choice/withdrawal", dependencies=[FORM_TOKEN])
def take_back(submission: str, request: Request, desk: AtDesk, caller: Asker) -> Response:
    return _back(request, desk, deeds.take_back_choice(desk, submission, caller))


def _back(request: Request, desk: Desk, found: Submission) -> Response:
    """To the team's page where its button was used, else to the submission's."""
    team = desk.settings.path_to(f"/teams/{quote(found.team)}")
    from_team = urlsplit(request.headers.get("referer", "")).path == team
    return RedirectResponse(team if from_team else desk.settings.path_to(f"/submissions/{found.id}"), 303)


@router.post("/submissions/{submission}/judging", dependencies=[FORM_TOKEN])
def judge_again(submission: str, desk: AtDesk, caller: Asker) -> Response:
    found = deeds.judge_again(desk, submission, caller)
    return RedirectResponse(desk.settings.path_to(f"/submissions/{found.id}"), 303)
