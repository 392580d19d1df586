"""The host's form for what a phase says of itself."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from eval_server.service.access import require_host
from eval_server.service.finding import find_phase
from eval_server.service.introducing import Said, introduce
from eval_server.service.own_picture import MOST_BYTES
from eval_server.web.documents.phases import phase_document
from eval_server.web.routes.callers import Asker, AtDesk, require_form_token
from eval_server.web.routes.rendering import page
from eval_server.web.routes.uploads import SLACK, read_form

router = APIRouter(include_in_schema=False)


@router.get("/phases/{phase}/introduction")
def introduction(phase: str, request: Request, desk: AtDesk, caller: Asker) -> Response:
    require_host(caller)
    record = find_phase(desk, phase)
    told = phase_document(desk, record, caller)
    return page(request, "introducing.html", title=f"{told.title}: texts", phase=told, rules=record.rules)


@router.post("/phases/{phase}/introduction")
async def introduced(phase: str, request: Request, desk: AtDesk, caller: Asker) -> Response:
    require_host(caller)
    record = await run_in_threadpool(find_phase, desk, phase)
    form = await read_form(request, MOST_BYTES + SLACK)
    try:
        require_form_token(request, str(form.get("csrf") or ""))
        await run_in_threadpool(introduce, desk, record, _said(form), caller)
    finally:
        await form.close()
    return RedirectResponse(desk.settings.path_to(f"/phases/{record.name}/rules"), 303)


def _said(form: FormData) -> Said:
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    sent = form.get("picture")
    picture = sent.file.read() if isinstance(sent, UploadFile) and sent.size else None
    return Said(fields, picture, fields.get("without_picture") == "yes")
