"""Tokens and sessions; only digests are kept, never what was shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, select, update

from eval_server.store.audit import note_deed
from eval_server.store.database import Database
from eval_server.store.records import Act, TokenRecord
from eval_server.store.schema import fresh_id, sessions, tokens
from eval_server.store.teams import lock_team

_FIELDS = [tokens.c[name] for name in TokenRecord.__dataclass_fields__]


class Tokens:
    """The tokens of this server and the sessions opened with them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, digest: str, role: str, team: str | None, note: str, now: datetime, expires_at: datetime
    ) -> TokenRecord:
        with self._database.writing() as connection:
            return _added(connection, digest, role, team, note, now, expires_at)

    def add_for_teams(
        self, wanted: Sequence[tuple[str, str]], note: str, expires_at: datetime, act: Act
    ) -> list[TokenRecord]:
        """A token for each (team, digest), all or none, each in the audit log."""
        with self._database.writing() as connection:
            return [
                _added_with_deed(connection, team, digest, note, expires_at, act) for team, digest in wanted
            ]

    def by_digest(self, digest: str) -> TokenRecord | None:
        return self._one(select(*_FIELDS).where(tokens.c.digest == digest))

    def by_id(self, token: str) -> TokenRecord | None:
        return self._one(select(*_FIELDS).where(tokens.c.id == token))

    def listed(self, team: str | None = None) -> list[TokenRecord]:
        query = select(*_FIELDS).order_by(tokens.c.created_at.desc())
        if team is not None:
            query = query.where(tokens.c.team == team)
        with self._database.reading() as connection:
            return [TokenRecord(*tuple(row)) for row in connection.execute(query)]

    def any_host(self, now: datetime) -> bool:
        """Whether somebody could administer this server."""
        return any(one.role == "host" and one.valid(now) for one in self.listed())

    def revoke(self, token: str, now: datetime) -> bool:
        """End a token and every session opened with it."""
        with self._database.writing() as connection:
            where = tokens.c.id == token, tokens.c.revoked_at.is_(None)
            connection.execute(delete(sessions).where(sessions.c.token == token))
            return bool(connection.execute(update(tokens).where(*where).values(revoked_at=now)).rowcount)

    def open_session(self, digest: str, token: str, now: datetime, expires_at: datetime) -> None:
        with self._database.writing() as connection:
            connection.execute(delete(sessions).where(sessions.c.expires_at < now))
            connection.execute(insert(sessions).values(digest=digest, token=token, expires_at=expires_at))

    def by_session(self, digest: str, now: datetime) -> TokenRecord | None:
        query = select(*_FIELDS).join(sessions, sessions.c.token == tokens.c.id)
        return self._one(query.where(sessions.c.digest == digest, sessions.c.expires_at > now))

    def close_session(self, digest: str) -> None:
        with self._database.writing() as connection:
            connection.execute(delete(sessions).where(sessions.c.digest == digest))

    def _one(self, query: Select[Any]) -> TokenRecord | None:
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else TokenRecord(*tuple(row))


def _added(
    connection: Connection,
    digest: str,
    role: str,
    team: str | None,
    note: str,
    now: datetime,
    expires_at: datetime,
) -> TokenRecord:
    """A new token; the team is made where there is none that the name could mean."""
    known = None if team is None else lock_team(connection, team, now)
    record = TokenRecord(fresh_id(), digest, role, known, note, now, expires_at, None)
    values = {name: getattr(record, name) for name in TokenRecord.__dataclass_fields__}
    connection.execute(insert(tokens).values(**values))
    return record


def _added_with_deed(
    connection: Connection, team: str, digest: str, note: str, expires_at: datetime, act: Act
) -> TokenRecord:
    record = _added(connection, digest, "team", team, note, act.at, expires_at)
    note_deed(connection, act, "token added", record.team or team, {"token": record.id})
    return record
