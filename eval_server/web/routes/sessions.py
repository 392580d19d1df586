"""The JSON interface to teams, their tokens, and the sessions opened with them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from eval_server.service import sessions
from eval_server.service.access import SESSION, csrf_of, utc
from eval_server.service.desk import Desk
from eval_server.service.finding import find_team, visible_teams
from eval_server.store.limits import TOKEN_DAYS
from eval_server.web.documents.teams import (
    NewSessionDocument,
    NewTokenDocument,
    SessionDocument,
    TeamDocument,
    TeamList,
    new_token_document,
    team_document,
)
from eval_server.web.routes.answers import as_json, tells
from eval_server.web.routes.asking import Days, Note
from eval_server.web.routes.callers import COOKIE, FORM_TOKEN, HEADER_TOKEN, Asker, AtDesk, address_of

router = APIRouter(prefix="/api")


@router.get("/teams", summary="The teams one may look at", **tells(TeamList))
def teams(desk: AtDesk, caller: Asker) -> Response:
    return as_json(TeamList(teams=visible_teams(desk, caller)))


@router.get(
    "/teams/{team:path}",
    summary="A team's submissions, what is left of its quotas, its tokens",
    **tells(TeamDocument),
)
def team(team: str, desk: AtDesk, caller: Asker) -> Response:
    return as_json(team_document(desk, find_team(desk, team, caller), caller))


@router.post(
    "/session",
    summary="Open a session with a token; answers with a cookie and a form token",
    **tells(NewSessionDocument),
)
def open_session(
    request: Request, desk: AtDesk, token: Annotated[str, Form(min_length=1, max_length=200)]
) -> Response:
    opened = sessions.open_session(desk, token, address_of(request))
    request.state.caller = caller = opened.caller
    told = NewSessionDocument(
        role=caller.role, team=caller.team, csrf=csrf_of(opened.secret), expires_at=utc(opened.expires_at)
    )
    response = as_json(told)
    set_cookie(request, desk, response, opened.secret)
    return response


@router.get("/session", summary="Who this server takes you for", **tells(SessionDocument))
def session(request: Request, desk: AtDesk, caller: Asker) -> Response:
    secret = request.cookies.get(COOKIE)
    csrf = csrf_of(secret) if secret and caller.token else None
    return as_json(SessionDocument(role=caller.role, team=caller.team, open=caller.anyone, csrf=csrf))


@router.delete("/session", dependencies=[HEADER_TOKEN], summary="Close the session", status_code=204)
def close_session(request: Request, desk: AtDesk) -> Response:
    sessions.close_session(desk, request.cookies.get(COOKIE, ""))
    response = Response(status_code=204)
    forget_cookie(desk, response)
    return response


@router.post(
    "/teams/{team:path}/tokens",
    dependencies=[FORM_TOKEN],
    summary="A new token for a team, shown once",
    **tells(NewTokenDocument, 201),
)
def add_token(
    team: str,
    desk: AtDesk,
    caller: Asker,
    note: Note = "",
    days: Days = TOKEN_DAYS,
) -> Response:
    record, secret = sessions.add_token(desk, team, caller, note, days)
    return as_json(new_token_document(record, secret, desk), 201)


@router.delete(
    "/teams/{team:path}/tokens/{token}",
    dependencies=[HEADER_TOKEN],
    summary="Revoke a token and end its sessions",
    status_code=204,
)
def revoke_token(team: str, token: str, request: Request, desk: AtDesk, caller: Asker) -> Response:
    sessions.end_token(desk, team, token, caller)
    return Response(status_code=204)


def set_cookie(request: Request, desk: Desk, response: Response, secret: str) -> None:
    """The session cookie: no script reads it, no other site sends it, no plain line carries it behind TLS.

    Behind a prefix it is sent to this server's paths alone, not to what else the host name offers.
    """
    response.set_cookie(
        COOKIE,
        secret,
        max_age=int(SESSION.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        path=desk.settings.path_prefix or "/",
    )


def forget_cookie(desk: Desk, response: Response) -> None:
    response.delete_cookie(COOKIE, path=desk.settings.path_prefix or "/")
