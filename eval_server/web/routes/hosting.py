"""The JSON interface for those who run the server: health, metrics, audit log."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from eval_server.service import health, suspects
from eval_server.service.access import require_host
from eval_server.service.finding import find_phase
from eval_server.web.documents.hosting import (
    AuditDocument,
    DesignsDocument,
    HealthDocument,
    audit_document,
    designs_document,
    troubles_document,
)
from eval_server.web.routes.answers import as_json, sends, tells
from eval_server.web.routes.callers import Asker, AtDesk
from eval_server.web.routes.problems import answer

router = APIRouter()


@router.get(
    "/healthz",
    summary="What a reader or an uploader would meet, as a list of troubles",
    **tells(HealthDocument),
)
async def healthz(desk: AtDesk) -> Response:
    found = await run_in_threadpool(health.troubles, desk)
    if found:
        said = " ".join(trouble.detail for trouble in found)
        return answer(503, said, troubles=troubles_document(found))
    return as_json(HealthDocument(status="ok", troubles=[]))


@router.get(
    "/metrics",
    summary="Counts for Prometheus; for the host, or anyone on an open server",
    **sends("text/plain", "Prometheus's text format"),
)
def metrics(request: Request, desk: AtDesk, caller: Asker) -> Response:
    if not caller.anyone:
        require_host(caller)
    text = request.app.state.counters.text(desk.store)
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get(
    "/api/phases/{phase}/designs",
    summary="Teams whose uploads look like a design to learn labels by; for the host",
    **tells(DesignsDocument),
)
def designs(phase: str, desk: AtDesk, caller: Asker) -> Response:
    require_host(caller)
    record = find_phase(desk, phase)
    return as_json(designs_document(record.name, suspects.designs(desk.store, desk.verdicts, record)))


@router.get("/api/audit", summary="What the hosts did, the newest first", **tells(AuditDocument))
def audit(desk: AtDesk, caller: Asker) -> Response:
    require_host(caller)
    return as_json(audit_document(desk.store.audit.listed()))
