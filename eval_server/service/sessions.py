"""Tokens and the sessions opened with them: who somebody is, and who may say so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from eval_server.service.access import (
    SESSION,
    TOKEN_PREFIX,
    Caller,
    caller_of,
    digest_of,
    new_secret,
    same,
)
from eval_server.service.desk import Desk
from eval_server.service.finding import find_team, is_id
from eval_server.service.refusals import NotFound, StateConflict, TokenInvalid
from eval_server.service.setting_aside import fit_note
from eval_server.store.records import TokenRecord


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A session just opened; the secret goes into the cookie and is kept as its digest only."""

    caller: Caller
    secret: str
    expires_at: datetime


def caller_by_secret(desk: Desk, secret: str, address: str) -> Caller:
    """Whose token this is; only attempts in vain are limited."""
    now = desk.now()
    digest = digest_of(secret)
    record = desk.store.tokens.by_digest(digest)
    caller = caller_of(record, now)
    if record is None or caller is None or not same(record.digest, digest):
        desk.token_attempts.note(address, secret, now)
        raise TokenInvalid("This token is unknown, revoked or expired.")
    return caller


def caller_by_session(desk: Desk, session: str) -> Caller | None:
    """Who opened this session; None where it is over."""
    now = desk.now()
    return caller_of(desk.store.tokens.by_session(digest_of(session), now), now)


def open_session(desk: Desk, token: str, address: str) -> OpenedSession:
    caller = caller_by_secret(desk, token.strip(), address)
    secret, now = new_secret(), desk.now()
    desk.store.tokens.open_session(digest_of(secret), caller.token or "", now, now + SESSION)
    return OpenedSession(caller, secret, now + SESSION)


def close_session(desk: Desk, secret: str) -> None:
    desk.store.tokens.close_session(digest_of(secret))


def add_token(desk: Desk, team: str, caller: Caller, note: str, days: int) -> tuple[TokenRecord, str]:
    """A new token of a team, and its secret, which nobody is ever shown again."""
    note, team = fit_note(note), find_team(desk, team, caller)
    secret, now = new_secret(TOKEN_PREFIX), desk.now()
    expires_at = now + timedelta(days=days)
    record = desk.store.tokens.add(digest_of(secret), "team", team, note, now, expires_at)
    desk.store.audit.note(now, caller.name, "token added", team, {"token": record.id})
    return record, secret


def end_token(desk: Desk, team: str, token: str, caller: Caller) -> None:
    """Revoke a token of a team, and with it the sessions it opened."""
    team = find_team(desk, team, caller)
    found = desk.store.tokens.by_id(token) if is_id(token) else None
    if found is None or found.team != team:
        raise NotFound("token", token)
    if not desk.store.tokens.revoke(token, desk.now()):
        raise StateConflict("This token is revoked already.")
    desk.store.audit.note(desk.now(), caller.name, "token revoked", team, {"token": token})
