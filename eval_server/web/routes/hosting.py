"""For those who run the server: health, metrics, audit log, judging again."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from eval_server.service import health
from eval_server.service.access import Caller, require_host, utc
from eval_server.service.desk import Desk
from eval_server.store.records import Submission
from eval_server.web.routes.api import as_json, find_submission
from eval_server.web.routes.callers import Asker, AtDesk, require_form_token
from eval_server.web.routes.problems import Refusal, answer

router = APIRouter()


@router.get("/healthz", summary="What a reader or an uploader would meet, as a list of troubles")
async def healthz(desk: AtDesk) -> Response:
    found = await run_in_threadpool(health.troubles, desk)
    if found:
        said = " ".join(trouble.detail for trouble in found)
        return answer(503, said, troubles=[trouble.to_json() for trouble in found])
    return as_json({"status": "ok", "troubles": []})


@router.get("/metrics", summary="Counts for Prometheus; for the host, or anyone on an open server")
def metrics(request: Request, desk: AtDesk, caller: Asker) -> Response:
    if not caller.anyone:
        require_host(caller)
    text = request.app.state.counters.text(desk.store)
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get("/api/audit", summary="What the hosts did, the newest first")
def audit(desk: AtDesk, caller: Asker) -> Response:
    require_host(caller)
    deeds = desk.store.audit.listed()
    return as_json(
        {
            "audit": [
                {
                    "at": utc(deed.at),
                    "actor": deed.actor,
                    "action": deed.action,
                    "subject": deed.subject,
                    "detail": dict(deed.detail),
                }
                for deed in deeds
            ]
        }
    )


@router.post("/api/submissions/{submission}/judging", status_code=202, summary="Judge a submission again")
def judge_again(submission: str, request: Request, desk: AtDesk, caller: Asker) -> Response:
    require_form_token(request, None)
    found = queue_again(desk, submission, caller)
    return as_json({"id": found.id, "status": "received", "url": f"/api/submissions/{found.id}"}, 202)


def queue_again(desk: Desk, submission: str, caller: Caller) -> Submission:
    """Have a submission judged once more, because a host asked for it."""
    require_host(caller)
    found = find_submission(desk, submission, caller)
    if not desk.store.queue.judge_again(found.id, desk.now(), "the host asked for it"):
        raise Refusal(409, f"This submission is {found.status}: it is being judged already.")
    desk.store.audit.note(desk.now(), caller.name, "judged again", found.id)
    desk.judge.wake()
    return found
