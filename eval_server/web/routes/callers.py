"""Who asks: a bearer token, a session cookie, whoever sits at an open server, or a visitor."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated

from fastapi import Depends, Form, Query, Request
from starlette.concurrency import run_in_threadpool

from eval_server.service.access import Caller, csrf_of, same
from eval_server.service.desk import Desk
from eval_server.service.sessions import caller_by_secret, caller_by_session
from eval_server.web.routes.problems import Refusal

COOKIE = "harness_session"
NEXT_LOOK = 0.02
"""Seconds between two looks for a board that somebody waits for."""


async def desk_of(request: Request) -> Desk:
    # not because anything is awaited: FastAPI would send a plain function to a thread, for every request
    found: Desk = request.app.state.desk
    return found


def address_of(request: Request) -> str:
    return request.client.host if request.client is not None else "unknown"


async def identify(request: Request) -> Caller:
    """The caller of a request, noted for the log line; raises for a token or session that is not valid.

    The store is asked off the event loop, and only about those who say who they are.
    """
    desk = await desk_of(request)
    header = request.headers.get("authorization")
    session = request.cookies.get(COOKIE)
    caller: Caller | None = None
    if header is not None:
        caller = await run_in_threadpool(_bearer, desk, header, address_of(request))
    elif session is not None:
        caller = await run_in_threadpool(caller_by_session, desk, session)
    caller = caller or Caller(anyone=desk.settings.is_open)
    request.state.caller = caller
    return caller


async def in_time(phase: str, request: Request) -> None:
    """Let who reads a board wait, off the threads, while it is older than it may be."""
    # boards are made on threads and this waits on the event loop: a look now and then needs no bridge
    boards, asked = (await desk_of(request)).boards, time.monotonic()
    while boards.to_wait_for(phase, asked):
        await asyncio.sleep(NEXT_LOOK)


def require_form_token(request: Request, given: str | None) -> None:
    """Raises unless a request made with a session cookie carries that session's form token."""
    session = request.cookies.get(COOKIE)
    if session is None or "authorization" in request.headers:
        return
    given = given or request.headers.get("x-csrf-token", "")
    if not same(given, csrf_of(session)):
        raise Refusal(403, "The form is not from this session: load the page again and send it once more.")


def _bearer(desk: Desk, header: str, address: str) -> Caller:
    scheme, _, secret = header.partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise Refusal(401, "Expected the header `Authorization: Bearer TOKEN`.")
    return caller_by_secret(desk, secret.strip(), address)


async def _form_token(request: Request, csrf: Annotated[str | None, Form(max_length=200)] = None) -> None:
    require_form_token(request, csrf)


async def _header_token(request: Request) -> None:
    require_form_token(request, None)


BOARD = Depends(in_time)
"""For routes that read a phase's board."""
FORM_TOKEN, HEADER_TOKEN = Depends(_form_token), Depends(_header_token)
"""For routes that change something: the session's token comes as a field of the form, or as a header."""
Asker = Annotated[Caller, Depends(identify)]
AtDesk = Annotated[Desk, Depends(desk_of)]
PartAsked = Annotated[
    str, Query(max_length=10, description="`public` or `private`, where the phase is divided")
]
"""Which part of a divided phase a reader asks for; without a word the one that is shown now."""
