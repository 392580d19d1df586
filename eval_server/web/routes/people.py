"""Pages of people: sign in and out, a team with its tokens, and what a host looks after."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import FileResponse, RedirectResponse
from starlette.background import BackgroundTask

from eval_server.figures.wording import counted, listed
from eval_server.service import health, sessions, suspects
from eval_server.service.access import Caller, Role, TooMany, require_host
from eval_server.service.alike import alike_now
from eval_server.service.desk import Desk
from eval_server.service.finding import find_phase, find_team, visible_teams
from eval_server.service.refusals import TokenInvalid
from eval_server.service.telling import tell
from eval_server.store.limits import TOKEN_DAYS
from eval_server.store.records import FEEDBACKS, OTHERS
from eval_server.web.documents.alike import alike_document
from eval_server.web.documents.hosting import DesignDocument, audit_document, designs_document
from eval_server.web.documents.phases import phase_list
from eval_server.web.documents.submissions import submission_brief
from eval_server.web.documents.teams import NewTokenDocument, join_document, new_token_document, team_document
from eval_server.web.exporting.writing import zipped_course
from eval_server.web.presenting import submissions, words
from eval_server.web.routes.asking import Days, Note
from eval_server.web.routes.callers import COOKIE, FORM_TOKEN, Asker, AtDesk, address_of
from eval_server.web.routes.rendering import page
from eval_server.web.routes.sessions import forget_cookie, set_cookie

router = APIRouter(include_in_schema=False)
MOST_LISTED = 200


@router.get("/sign-in")
def sign_in_form(
    request: Request, desk: AtDesk, caller: Asker, next: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    return page(request, "sign-in.html", title="Sign in", next=_local(desk, next), refused="")


@router.post("/sign-in")
def sign_in(
    request: Request,
    desk: AtDesk,
    token: Annotated[str, Form(max_length=200)] = "",
    next: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Open a session; a token that is not valid is said on the form itself."""
    try:
        opened = sessions.open_session(desk, token, address_of(request))
    except (TokenInvalid, TooMany) as refusal:
        status = 429 if isinstance(refusal, TooMany) else 401
        return page(
            request, "sign-in.html", status, title="Sign in", next=_local(desk, next), refused=str(refusal)
        )
    request.state.caller = opened.caller
    answer = RedirectResponse(_local(desk, next), 303)
    set_cookie(request, desk, answer, opened.secret)
    return answer


@router.post("/sign-out", dependencies=[FORM_TOKEN])
def sign_out(request: Request, desk: AtDesk) -> Response:
    sessions.close_session(desk, request.cookies.get(COOKIE, ""))
    answer = RedirectResponse(desk.settings.path_to("/"), 303)
    forget_cookie(desk, answer)
    return answer


def _local(desk: Desk, address: str) -> str:
    """An address of this server, behind its prefix; anything else leads to its start."""
    start = desk.settings.path_to("/")
    inside = address.startswith(start) and not address.startswith(("//", "/\\"))
    return address if inside and address.isprintable() else start


@router.get("/teams")
def teams(request: Request, desk: AtDesk, caller: Asker) -> Response:
    """The teams a caller may look at: all for a host or at an open server, else one's own."""
    if caller.role is Role.TEAM:
        return RedirectResponse(desk.settings.path_to(f"/teams/{quote(caller.team or '')}"), 303)
    known = visible_teams(desk, caller)
    joins = [join_document(one) for one in desk.store.joining.listed()] if caller.is_host else []
    alike = desk.store.teams.alike() if caller.is_host else []
    return page(request, "teams.html", title="Teams", teams=known, joins=joins, alike=alike)


@router.get("/teams/{team:path}")
def team(team: str, request: Request, desk: AtDesk, caller: Asker) -> Response:
    return _team(request, desk, team, caller)


def _team(
    request: Request, desk: Desk, name: str, caller: Caller, secret: NewTokenDocument | None = None
) -> Response:
    found = team_document(desk, find_team(desk, name, caller), caller)
    known = phase_list(desk, caller).phases
    phases = [phase for phase in known if not phase.archived]
    quotas = [(phase, words.quota_words(found.quotas[phase.name], found.now)) for phase in phases]
    choices = [
        words.choices_words(phase, found.choices[phase.name])
        for phase in phases
        if phase.name in found.choices
    ]
    metrics = {phase.name: phase.metric for phase in known}
    told = [(one, submissions.own_words(one, metrics[one.phase])) for one in found.submissions]
    chosen = [(one, said) for one, said in told if said]
    others = [one for one in visible_teams(desk, caller) if one != found.team] if caller.is_host else []
    return page(
        request,
        "team.html",
        title=found.team,
        team=found,
        quotas=quotas,
        secret=secret,
        chosen=chosen,
        choices=choices,
        others=others,
    )


@router.post("/teams/{team:path}/tokens", dependencies=[FORM_TOKEN])
def add_token(
    team: str,
    request: Request,
    desk: AtDesk,
    caller: Asker,
    note: Note = "",
    days: Days = TOKEN_DAYS,
) -> Response:
    """Make a token; the page that answers is the only place where it is ever shown."""
    record, secret = sessions.add_token(desk, team, caller, note, days)
    answer = _team(request, desk, team, caller, new_token_document(record, secret, desk))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@router.post("/teams/{team:path}/tokens/{token}/revocation", dependencies=[FORM_TOKEN])
def revoke_token(team: str, token: str, desk: AtDesk, caller: Asker) -> Response:
    sessions.end_token(desk, team, token, caller)
    return RedirectResponse(desk.settings.path_to(f"/teams/{quote(team)}"), 303)


@router.post("/host/course.zip", dependencies=[FORM_TOKEN])
def course(desk: AtDesk, caller: Asker) -> Response:
    """Everything of the course as one file; made anew each time, and kept nowhere."""
    require_host(caller)
    kept = ExitStack()
    path = kept.enter_context(zipped_course(desk))
    desk.store.audit.note(desk.now(), caller.name, "course exported", "course.zip")
    return FileResponse(path, filename="course.zip", background=BackgroundTask(kept.close))


def _designs(desk: Desk, phase: str) -> list[DesignDocument]:
    found = suspects.designs(desk.store, desk.verdicts, find_phase(desk, phase))
    return designs_document(phase, found).designs


@router.post("/phases/{phase}/feedback", dependencies=[FORM_TOKEN])
def set_feedback(
    phase: str,
    desk: AtDesk,
    caller: Asker,
    feedback: Annotated[str, Form(max_length=20)] = "",
    others: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Change how much a phase tells, from the host's page."""
    tell(desk, find_phase(desk, phase), feedback, others, caller)
    return RedirectResponse(desk.settings.path_to("/host"), 303)


@router.get("/host")
def host(request: Request, desk: AtDesk, caller: Asker) -> Response:
    require_host(caller)
    counts = desk.store.submissions.by_status()
    submissions = desk.store.submissions.listed()[:MOST_LISTED]
    said = [f"{counts[status]:,} {status}" for status in counts]
    total = counted(sum(counts.values()), "submission")
    phases = phase_list(desk, caller).phases
    return page(
        request,
        "host.html",
        title="Host",
        wrong=health.troubles(desk),
        phases=phases,
        levels=FEEDBACKS,
        others=OTHERS,
        designs=[(phase, found) for phase in phases if (found := _designs(desk, phase.name))],
        submissions=[submission_brief(desk, one) for one in submissions],
        troubles={one.id: one.trouble for one in submissions if one.trouble},
        counts=f"{total}: {listed(said)}." if said else "None yet.",
        alike=[alike_document(one.name, alike_now(desk, one)) for one in desk.store.phases.all()],
        audit=audit_document(desk.store.audit.listed()).audit,
        now=words.text_of(desk.now()),
    )
