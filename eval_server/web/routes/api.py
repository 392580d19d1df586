"""The JSON interface; every page is the same document in another dress."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from eval_server.service.access import (
    AccessDenied,
    Caller,
    Role,
    may_see,
    require_host,
    require_open,
    require_owner,
    shows_board,
)
from eval_server.service.desk import Desk
from eval_server.service.handed_in import HandedIn, handed_in
from eval_server.service.jobs import BRING_BACK
from eval_server.store.files import FileDamaged
from eval_server.store.records import PhaseRecord, Submission
from eval_server.web import documents
from eval_server.web.routes import uploads
from eval_server.web.routes.callers import BOARD, Asker, AtDesk, require_form_token
from eval_server.web.routes.problems import Refusal, not_found
from submissions.checking import check
from submissions.columns import Scale
from submissions.phases import Phase, cells_table

router = APIRouter(prefix="/api")
_PHASE = re.compile(r"[A-Za-z0-9._-]{1,64}")
STATE = "X-Board-State"
"""The header that tells the state of a table's board, where it is in nobody's way."""
MOST_COMPARED = 25
"""More entries than a significance map can show."""
_BINARY = {"type": "string", "format": "binary"}
_SCALE = {"type": "string", "enum": ["", *Scale]}


def _multipart(required: list[str], **parts: dict[str, Any]) -> dict[str, Any]:
    """How OpenAPI describes a body that is streamed, not declared."""
    schema = {"type": "object", "required": required, "properties": parts}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


def find_phase(desk: Desk, name: str) -> PhaseRecord:
    record = desk.store.phases.find(name) if _PHASE.fullmatch(name) else None
    if record is None:
        raise not_found("phase", name)
    return record


def find_submission(desk: Desk, submission: str, caller: Caller) -> Submission:
    """A submission this caller may see; what is another's is as if it were not there."""
    found = desk.store.submissions.find(submission) if uploads.is_id(submission) else None
    record = None if found is None else desk.store.phases.find(found.phase)
    if found is None or record is None or not may_see(caller, found, record.rules, desk.now()):
        raise not_found("submission", submission)
    return found


def as_json(document: Any, status: int = 200, **headers: str) -> Response:
    return Response(documents.encoded(document), status, headers=headers, media_type="application/json")


@router.get("/phases", summary="All phases")
def phases(desk: AtDesk, caller: Asker) -> Response:
    return as_json(documents.phases(desk, caller))


@router.get("/phases/{phase}", summary="One phase: window, quota, rules")
def phase(phase: str, desk: AtDesk, caller: Asker) -> Response:
    return as_json(documents.phase(desk, find_phase(desk, phase), caller))


@router.get("/phases/{phase}/cells.csv", summary="The cells in the order of a submission's lines")
def cells(phase: str, desk: AtDesk, caller: Asker) -> Response:
    asked = desk.verdicts.truth(find_phase(desk, phase).truth).phase
    return _download(cells_table(asked), "text/csv", f"{phase}-cells.csv")


@router.get(
    "/phases/{phase}/leaderboard",
    dependencies=[BOARD],
    summary="The leaderboard with rank sets and references",
)
def leaderboard(phase: str, desk: AtDesk, caller: Asker) -> Response:
    body = documents.leaderboard_json(desk, find_phase(desk, phase), caller)
    return Response(body, media_type="application/json")


@router.get("/phases/{phase}/leaderboard.csv", dependencies=[BOARD], summary="The leaderboard as CSV")
def leaderboard_csv(phase: str, desk: AtDesk, caller: Asker) -> Response:
    board = documents.leaderboard(desk, find_phase(desk, phase), caller)
    columns, rows = documents.board_lines(board)
    text = io.StringIO()
    csv.writer(text).writerows([columns, *([_inert(cell) for cell in row] for row in rows)])
    return _download(text.getvalue(), "text/csv", f"{phase}.csv", **{STATE: board["state"]})


@router.get(
    "/phases/{phase}/leaderboard.md", dependencies=[BOARD], summary="The leaderboard as a Markdown table"
)
def leaderboard_markdown(phase: str, desk: AtDesk, caller: Asker) -> Response:
    board = documents.leaderboard(desk, find_phase(desk, phase), caller)
    columns, rows = documents.board_lines(board)
    lines = [columns, ["---"] * len(columns), *([cell.replace("|", r"\|") for cell in row] for row in rows)]
    text = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    return _download(text, "text/markdown", f"{phase}.md", **{STATE: board["state"]})


@router.post(
    "/phases/{phase}/submissions",
    status_code=202,
    summary="Hand in a submission: a zip or a table",
    openapi_extra=_multipart(
        ["file", "entry"],
        file=_BINARY,
        entry={"type": "string"},
        team={"type": "string"},
        scores=_BINARY,
        manifest=_BINARY,
        scores_as=_SCALE,
    ),
)
async def submit(phase: str, request: Request, desk: AtDesk, caller: Asker) -> Response:
    record = await run_in_threadpool(find_phase, desk, phase)
    receipt = await uploads.receive(request, desk, caller, record)
    told: dict[str, Any] = {"id": receipt.id, "status": receipt.status}
    told |= {
        "url": f"/api/submissions/{receipt.id}",
        "page": f"/submissions/{receipt.id}",
        "earlier": receipt.earlier,
    }
    return as_json(told, 200 if receipt.earlier else 202, Location=f"/api/submissions/{receipt.id}")


@router.get("/phases/{phase}/submissions", summary="One's own submissions to a phase; all for a host")
def submissions(
    phase: str, desk: AtDesk, caller: Asker, team: Annotated[str | None, Query(max_length=80)] = None
) -> Response:
    record = find_phase(desk, phase)
    wanted = team or caller.team
    if wanted is None:
        require_host(caller)
    else:
        require_owner(caller, wanted)
    found = desk.store.submissions.listed(phase=record.name, team=_printable(wanted))
    return as_json({"submissions": [documents.brief(one) for one in found]})


@router.post(
    "/phases/{phase}/checks",
    summary="Would this zip or table be accepted? Nothing is kept or counted",
    openapi_extra=_multipart(["file"], file=_BINARY, scores=_BINARY, manifest=_BINARY, scores_as=_SCALE),
)
async def checks(phase: str, request: Request, desk: AtDesk, caller: Asker) -> Response:
    record = await run_in_threadpool(find_phase, desk, phase)
    uploads.count(request, desk, caller)
    form = await uploads.read_form(request, desk.settings.upload_bytes + uploads.SLACK)
    try:
        parts = uploads.parts_of(form)
        asked = await run_in_threadpool(desk.verdicts.truth, record.truth)
        report = await run_in_threadpool(_checked, parts, asked.phase)
    finally:
        await form.close()
    return as_json(report)


@router.get("/submissions/{submission}", summary="A submission: status, problems, metrics")
def submission(submission: str, desk: AtDesk, caller: Asker) -> Response:
    return as_json(documents.submission(desk, find_submission(desk, submission, caller), caller))


@router.get("/submissions/{submission}/archive", summary="The zip that was judged, for its owner")
def archive(submission: str, desk: AtDesk, caller: Asker) -> Response:
    """The zip as it was handed in, or the one made of a table."""
    found = find_submission(desk, submission, caller)
    require_owner(caller, found.team)
    read = _file_of(desk, found)
    if read.zipped is None:
        raise not_found("zip of the submission", submission)
    headers = {"Content-Disposition": f'attachment; filename="{found.id}.zip"'}
    return Response(read.zipped, headers=headers, media_type="application/zip")


@router.get("/submissions/{submission}/original", summary="The file as it was handed in, for its owner")
def original(submission: str, desk: AtDesk, caller: Asker) -> Response:
    found = find_submission(desk, submission, caller)
    require_owner(caller, found.team)
    read = _file_of(desk, found)
    ending = "csv" if read.is_table else "zip"
    headers = {"Content-Disposition": f'attachment; filename="{found.id}.{ending}"'}
    return Response(read.original, headers=headers, media_type="application/octet-stream")


def _file_of(desk: Desk, found: Submission) -> HandedIn:
    """A submission's file, whole; where it is lost or damaged the host is told."""
    try:
        desk.store.archive.whole(found.archive)
    except FileDamaged as damaged:
        desk.store.submissions.note_trouble(found.id, f"{damaged.brief}. {BRING_BACK}")
        raise Refusal(500, "The server lost this file; its host has been told.") from damaged
    read = handed_in(desk, find_phase(desk, found.phase), found)
    if read is None:
        raise not_found("file of the submission", found.id)
    return read


@router.post("/submissions/{submission}/choice", summary="Let this submission stand for its team")
def choose(submission: str, request: Request, desk: AtDesk, caller: Asker) -> Response:
    require_form_token(request, None)
    found = let_stand(desk, submission, caller)
    return as_json({"id": found.id, "chosen": True})


def let_stand(desk: Desk, submission: str, caller: Caller) -> Submission:
    """Let a submission of the caller's team stand for it."""
    found = find_submission(desk, submission, caller)
    require_owner(caller, found.team)
    if not caller.is_host:
        require_open(find_phase(desk, found.phase), desk.now(), "this choice was made")
    if found.status != "scored":
        raise Refusal(409, f"Only a scored submission can stand for a team; this one is {found.status}.")
    desk.store.submissions.choose(found)
    if caller.is_host:
        desk.store.audit.note(
            desk.now(), caller.name, "chose for a team", found.team, {"submission": found.id}
        )
    return found


@router.get("/teams", summary="The teams one may look at")
def teams(desk: AtDesk, caller: Asker) -> Response:
    return as_json({"teams": visible_teams(desk, caller)})


def visible_teams(desk: Desk, caller: Caller) -> list[str]:
    """All teams for a host or at an open server, a team's own for itself, none for a visitor."""
    if caller.role is Role.TEAM:
        return [caller.team or ""]
    if not (caller.anyone or caller.is_host):
        raise AccessDenied("The list of teams is the host's.", known=False)
    return desk.store.teams.names()


@router.get("/teams/{team:path}", summary="A team's submissions, what is left of its quotas, its tokens")
def team(team: str, desk: AtDesk, caller: Asker) -> Response:
    require_owner(caller, team)
    if _printable(team) not in desk.store.teams.names():
        raise not_found("team", team)
    return as_json(documents.team(desk, team, caller))


@router.get("/phases/{phase}/comparisons", summary="Two entries: difference, interval, exact test, subjects")
def compare_two(
    phase: str,
    desk: AtDesk,
    caller: Asker,
    a: Annotated[str, Query(max_length=40)],
    b: Annotated[str, Query(max_length=40)],
) -> Response:
    record = find_phase(desk, phase)
    visible_board(desk, record, caller)
    one, other = compared(desk, record, (a, b), caller)
    return as_json(documents.comparison(desk, record, one, other, caller))


@router.get("/phases/{phase}/significance", summary="Several entries (s, repeated) compared pair by pair")
def compare_many(
    phase: str, desk: AtDesk, caller: Asker, s: Annotated[list[str], Query(max_length=200)]
) -> Response:
    record = find_phase(desk, phase)
    found = chosen(desk, record, s, caller)
    return as_json(documents.significance(desk, record, found, caller))


def chosen(desk: Desk, record: PhaseRecord, ids: Sequence[str], caller: Caller) -> list[Submission]:
    """The submissions that were selected on the board, each once."""
    visible_board(desk, record, caller)
    once = list(dict.fromkeys(ids))
    if not 2 <= len(once) <= MOST_COMPARED:
        said = f"Select 2 to {MOST_COMPARED} entries on the leaderboard, then compare; found {len(once)}."
        raise Refusal(422, said)
    return compared(desk, record, once, caller)


def compared(desk: Desk, record: PhaseRecord, ids: Sequence[str], caller: Caller) -> list[Submission]:
    """Different scored submissions of this phase whose numbers the caller may see."""
    if len(set(ids)) < len(ids):
        raise Refusal(422, "Expected different submissions to compare, found the same one twice.")
    found = [find_submission(desk, one, caller) for one in ids]
    for one in found:
        if one.phase != record.name:
            raise not_found("submission", one.id)
        if documents.shown_id(desk, record, one, caller) != one.id:
            raise Refusal(409, f"The submission {one.id} has no numbers to compare: it is {one.status}.")
    return found


def visible_board(desk: Desk, record: PhaseRecord, caller: Caller) -> None:
    """Raises where the board is hidden from this caller."""
    if not shows_board(caller, record.rules, desk.now()):
        raise Refusal(403, "The board of this phase is hidden until the phase closes.")


def _checked(parts: uploads.SentParts, asked: Phase) -> dict[str, Any]:
    scores = None if parts.scores is None else parts.scores.file.read()
    return check(parts.file.file.read(), asked, scores=scores, scale=parts.scale).to_json()


def _printable(text: str | None) -> str | None:
    """Text that a database can be asked for; anything else matches nothing."""
    if text is None or text.isprintable():
        return text
    raise not_found("team", text)


def _inert(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return (
        f"'{cell}"
        if cell[:1] in ("=", "+", "@", "\t") or (cell[:1] == "-" and not cell[1:2].isdigit())
        else cell
    )


def _download(text: str, kind: str, name: str, **headers: str) -> Response:
    headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return Response(text, headers=headers, media_type=f"{kind}; charset=utf-8")
