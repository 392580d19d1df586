"""Tokens and the sessions opened with them."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from eval_server.service.access import (
    SESSION,
    TOKEN_DAYS,
    TOKEN_PREFIX,
    Caller,
    csrf_of,
    digest_of,
    new_secret,
    require_owner,
    utc,
)
from eval_server.service.desk import Desk
from eval_server.web import documents
from eval_server.web.routes.api import as_json
from eval_server.web.routes.callers import COOKIE, Asker, AtDesk, address_of, by_secret, require_form_token
from eval_server.web.routes.problems import Refusal, not_found
from eval_server.web.routes.uploads import is_id

router = APIRouter(prefix="/api")


@router.post("/session", summary="Open a session with a token; answers with a cookie and a form token")
def open_session(
    request: Request, desk: AtDesk, token: Annotated[str, Form(min_length=1, max_length=200)]
) -> Response:
    caller = by_secret(desk, token.strip(), address_of(request))
    request.state.caller = caller
    secret, now = new_secret(), desk.now()
    desk.store.tokens.open_session(digest_of(secret), caller.token or "", now, now + SESSION)
    told = {
        "role": caller.role,
        "team": caller.team,
        "csrf": csrf_of(secret),
        "expires_at": utc(now + SESSION),
    }
    response = as_json(told)
    set_cookie(request, response, secret)
    return response


@router.get("/session", summary="Who this server takes you for")
def session(request: Request, desk: AtDesk, caller: Asker) -> Response:
    secret = request.cookies.get(COOKIE)
    csrf = csrf_of(secret) if secret and caller.token else None
    return as_json({"role": caller.role, "team": caller.team, "open": caller.anyone, "csrf": csrf})


@router.delete("/session", summary="Close the session")
def close_session(request: Request, desk: AtDesk) -> Response:
    require_form_token(request, None)
    desk.store.tokens.close_session(digest_of(request.cookies.get(COOKIE, "")))
    response = Response(status_code=204)
    response.delete_cookie(COOKIE)
    return response


@router.post("/teams/{team:path}/tokens", status_code=201, summary="A new token for a team, shown once")
def add_token(
    team: str,
    request: Request,
    desk: AtDesk,
    caller: Asker,
    note: Annotated[str, Form(max_length=200)] = "",
    days: Annotated[int, Form(ge=1, le=730)] = TOKEN_DAYS,
    csrf: Annotated[str | None, Form(max_length=200)] = None,
) -> Response:
    require_form_token(request, csrf)
    require_owner(caller, team)
    if not (team.isprintable() and note.isprintable()) or team not in desk.store.teams.names():
        raise not_found("team", team)
    secret, now = new_secret(TOKEN_PREFIX), desk.now()
    expires_at = now + timedelta(days=days)
    record = desk.store.tokens.add(digest_of(secret), "team", team, note, now, expires_at)
    desk.store.audit.note(now, caller.name, "token added", team, {"token": record.id})
    return as_json({**documents.token(record, desk), "token": secret}, 201)


@router.delete("/teams/{team:path}/tokens/{token}", summary="Revoke a token and end its sessions")
def revoke_token(team: str, token: str, request: Request, desk: AtDesk, caller: Asker) -> Response:
    require_form_token(request, None)
    end_token(desk, team, token, caller)
    return Response(status_code=204)


def end_token(desk: Desk, team: str, token: str, caller: Caller) -> None:
    """Revoke a token of a team, and with it the sessions it opened."""
    require_owner(caller, team)
    found = desk.store.tokens.by_id(token) if is_id(token) else None
    if found is None or found.team != team:
        raise not_found("token", token)
    if not desk.store.tokens.revoke(token, desk.now()):
        raise Refusal(409, "This token is revoked already.")
    desk.store.audit.note(desk.now(), caller.name, "token revoked", team, {"token": token})


def set_cookie(request: Request, response: Response, secret: str) -> None:
    """The session cookie: no script reads it, no other site sends it, no plain line carries it behind TLS."""
    response.set_cookie(
        COOKIE,
        secret,
        max_age=int(SESSION.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        path="/",
    )
