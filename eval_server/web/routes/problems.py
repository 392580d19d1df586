"""Every error as a problem document (RFC 9457): what happened, to what, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from eval_server.service.access import AccessDenied, TooMany, WindowClosed, utc
from eval_server.service.boards import BoardMissing
from eval_server.service.refusals import (
    FileLost,
    NotFound,
    NotShown,
    RequestUnfit,
    StateConflict,
    TermsNotAccepted,
    TokenInvalid,
)
from eval_server.store.database import StoreDamaged
from eval_server.store.joining import TeamClash
from eval_server.store.phases import PhaseClash
from eval_server.web.documents.document import encoded
from eval_server.web.documents.problems import MEDIA_TYPE, ProblemDocument, problem_document
from eval_server.web.documents.teams import allowance_document
from eval_server.web.routes.misfits import misfit, misfits_words


class Refusal(Exception):
    """A request that cannot be answered as asked; `facts` become members of the problem document."""

    def __init__(self, status: int, detail: str, **facts: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.facts = facts


class ProblemAnswer(Response):
    """A problem document on its way, at hand for who says it in words instead."""

    def __init__(self, problem: ProblemDocument, headers: dict[str, str] | None = None) -> None:
        super().__init__(encoded(problem), problem.status, headers=headers, media_type=MEDIA_TYPE)
        self.problem = problem


def answer(status: int, detail: str, headers: dict[str, str] | None = None, **facts: Any) -> ProblemAnswer:
    return ProblemAnswer(problem_document(status, detail, **facts), headers)


Telling = Callable[[Request, Any], ProblemAnswer]
"""What an error comes to."""
Dress = Callable[[Request, ProblemAnswer], Response]
"""What makes a page of a problem document, where a person asked."""


def register(app: FastAPI, dress: Dress) -> None:
    """Let the app answer every error this way; `dress` sees each answer before it leaves."""
    answers: dict[type[Exception], Telling] = {
        Refusal: _refusal,
        HTTPException: _http,
        RequestValidationError: _invalid,
        AccessDenied: _denied,
        WindowClosed: _closed,
        TooMany: _too_many,
        TermsNotAccepted: _terms,
        PhaseClash: _told_as(409),
        NotFound: _told_as(404),
        NotShown: _told_as(410),
        TeamClash: _told_as(409),
        StateConflict: _told_as(409),
        RequestUnfit: _told_as(422),
        TokenInvalid: _told_as(401),
        FileLost: _told_as(500),
        StoreDamaged: _damaged,
        BoardMissing: _no_board,
    }
    for error, told in answers.items():
        app.add_exception_handler(error, _dressed(told, dress))


def _dressed(told: Telling, dress: Dress) -> Callable[[Request, Any], Response]:
    return lambda request, error: dress(request, told(request, error))


def _refusal(request: Request, error: Any) -> ProblemAnswer:
    return answer(error.status, error.detail, **error.facts)


def _http(request: Request, error: Any) -> ProblemAnswer:
    said = {
        404: f"There is nothing at {request.url.path[:200]}.",
        405: f"{request.method[:20]} is not possible here.",
    }
    return answer(error.status_code, said.get(error.status_code, str(error.detail)), error.headers)


def _invalid(request: Request, error: Any) -> ProblemAnswer:
    errors = [misfit(one) for one in error.errors()]
    said = misfits_words(errors)
    return answer(422, f"The request is not as it must be: {said}.", errors=tuple(errors))


def _denied(request: Request, error: Any) -> ProblemAnswer:
    if error.known:
        return answer(403, str(error))
    said = f"{error} Send the header `Authorization: Bearer TOKEN`."
    return answer(401, said, {"WWW-Authenticate": "Bearer"})


def _closed(request: Request, error: Any) -> ProblemAnswer:
    rules = error.phase.rules
    moments = {"opens_at": rules.opens_at, "closes_at": rules.ends_at, "arrived_at": error.now}
    facts: dict[str, Any] = {
        name: None if moment is None else utc(moment) for name, moment in moments.items()
    }
    return answer(403, str(error), None, **facts)


def _terms(request: Request, error: Any) -> ProblemAnswer:
    return answer(403, str(error), None, terms_sha256=error.terms)


def _too_many(request: Request, error: Any) -> ProblemAnswer:
    headers = {} if error.seconds is None else {"Retry-After": str(error.seconds)}
    facts: dict[str, Any] = {"resets_at": None if error.resets_at is None else utc(error.resets_at)}
    if error.allowance is not None:
        facts["left"] = allowance_document(error.allowance)
    return answer(429, str(error), headers, **facts)


def _damaged(request: Request, error: Any) -> ProblemAnswer:
    return answer(503, "The server's database is damaged. Nothing is taken in until the host has mended it.")


def _no_board(request: Request, error: Any) -> ProblemAnswer:
    return answer(503, f"{error} Ask again in a moment.", {"Retry-After": "2"})


def _told_as(status: int) -> Telling:
    """An answer of this status that says what the error says."""
    return lambda request, error: answer(status, str(error))
