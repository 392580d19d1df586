"""The JSON interface to submissions: hand in, check, see what came of it, let one stand."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from eval_server.service import deeds
from eval_server.service.finding import find_file, find_phase, find_submission, list_submissions
from eval_server.service.refusals import NotFound
from eval_server.store.limits import LONGEST_NAME
from eval_server.web.documents.handing_in import (
    CheckDocument,
    ChoiceDocument,
    QueuedDocument,
    ReceiptDocument,
    check_document,
    receipt_document,
)
from eval_server.web.documents.submissions import (
    SubmissionDocument,
    SubmissionList,
    submission_brief,
    submission_document,
)
from eval_server.web.routes import uploads
from eval_server.web.routes.answers import as_json, multipart, sends, tells
from eval_server.web.routes.callers import HEADER_TOKEN, Asker, AtDesk, PartAsked
from submissions.columns import Scale

router = APIRouter(prefix="/api")
_BINARY = {"type": "string", "format": "binary"}
_SCALE = {"type": "string", "enum": ["", *Scale]}


@router.post(
    "/phases/{phase}/submissions",
    summary="Hand in a submission: a zip or a table",
    openapi_extra=multipart(
        ["file", "entry"],
        file=_BINARY,
        entry={"type": "string"},
        team={"type": "string"},
        scores=_BINARY,
        manifest=_BINARY,
        scores_as=_SCALE,
        terms={"type": "string"},
    ),
    responses={200: {"description": "The same file was there already", "model": ReceiptDocument}},
    **tells(ReceiptDocument, 202),
)
async def submit(phase: str, request: Request, desk: AtDesk, caller: Asker) -> Response:
    record = await run_in_threadpool(find_phase, desk, phase)
    told = receipt_document(desk, await uploads.receive(request, desk, caller, record))
    return as_json(told, 200 if told.earlier else 202, Location=told.url)


@router.get(
    "/phases/{phase}/submissions",
    summary="One's own submissions to a phase; all for a host",
    **tells(SubmissionList),
)
def submissions(
    phase: str,
    desk: AtDesk,
    caller: Asker,
    team: Annotated[str | None, Query(max_length=LONGEST_NAME)] = None,
) -> Response:
    found = list_submissions(desk, find_phase(desk, phase), team, caller)
    return as_json(SubmissionList(submissions=[submission_brief(desk, one) for one in found]))


@router.post(
    "/phases/{phase}/checks",
    summary="Would this zip or table be accepted? Nothing is kept or counted",
    openapi_extra=multipart(["file"], file=_BINARY, scores=_BINARY, manifest=_BINARY, scores_as=_SCALE),
    **tells(CheckDocument),
)
async def checks(phase: str, request: Request, desk: AtDesk, caller: Asker) -> Response:
    record = await run_in_threadpool(find_phase, desk, phase)
    return as_json(check_document(await uploads.checked(request, desk, caller, record), record.rules.classes))


@router.get(
    "/submissions/{submission}",
    summary="A submission: status, problems, metrics",
    **tells(SubmissionDocument),
)
def submission(submission: str, desk: AtDesk, caller: Asker, part: PartAsked = "") -> Response:
    return as_json(submission_document(desk, find_submission(desk, submission, caller), caller, part))


@router.get(
    "/submissions/{submission}/archive",
    summary="The zip that was judged, for its owner",
    **sends("application/zip", "The zip as it was handed in, or the one made of a table"),
)
def archive(submission: str, desk: AtDesk, caller: Asker) -> Response:
    found, read = find_file(desk, submission, caller)
    if read.zipped is None:
        raise NotFound("zip of the submission", submission)
    headers = {"Content-Disposition": f'attachment; filename="{found.id}.zip"'}
    return Response(read.zipped, headers=headers, media_type="application/zip")


@router.get(
    "/submissions/{submission}/original",
    summary="The file as it was handed in, for its owner",
    **sends("application/octet-stream", "A zip, or a table as its sender wrote it"),
)
def original(submission: str, desk: AtDesk, caller: Asker) -> Response:
    found, read = find_file(desk, submission, caller)
    ending = "csv" if read.is_table else "zip"
    headers = {"Content-Disposition": f'attachment; filename="{found.id}.{ending}"'}
    return Response(read.original, headers=headers, media_type="application/octet-stream")


@router.post(
    "/submissions/{submission}/choice",
    dependencies=[HEADER_TOKEN],
    summary="Let this submission stand for its team",
    **tells(ChoiceDocument),
)
def choose(submission: str, desk: AtDesk, caller: Asker) -> Response:
    found = deeds.let_stand(desk, submission, caller)
    return as_json(ChoiceDocument(id=found.id, chosen=True))


@router.delete(
    "/submissions/{submission}/choice",
    dependencies=[HEADER_TOKEN],
    summary="Take the choice of a submission back",
    **tells(ChoiceDocument),
)
def take_back(submission: str, desk: AtDesk, caller: Asker) -> Response:
    found = deeds.take_back_choice(desk, submission, caller)
    return as_json(ChoiceDocument(id=found.id, chosen=False))


@router.post(
    "/submissions/{submission}/judging",
    dependencies=[HEADER_TOKEN],
    summary="Judge a submission again",
    **tells(QueuedDocument, 202),
)
def judge_again(submission: str, desk: AtDesk, caller: Asker) -> Response:
    found = deeds.judge_again(desk, submission, caller)
    url = desk.settings.path_to(f"/api/submissions/{found.id}")
    return as_json(QueuedDocument(id=found.id, status="received", url=url), 202)
