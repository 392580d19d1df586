"""Tokens, sessions and the audit log; only digests are kept, never what was shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, insert, select, update

from eval_server.store.database import Database
from eval_server.store.records import Deed, TokenRecord
from eval_server.store.schema import audit, fresh_id, sessions, teams, tokens

_FIELDS = [tokens.c[name] for name in TokenRecord.__dataclass_fields__]


class Tokens:
    """The tokens of this server and the sessions opened with them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, digest: str, role: str, team: str | None, note: str, now: datetime, expires_at: datetime
    ) -> TokenRecord:
        record = TokenRecord(fresh_id(), digest, role, team, note, now, expires_at, None)
        values = {name: getattr(record, name) for name in TokenRecord.__dataclass_fields__}
        with self._database.writing() as connection:
            known = select(teams.c.name).where(teams.c.name == team)
            if team is not None and connection.execute(known).first() is None:
                connection.execute(insert(teams).values(name=team, created_at=now))
            connection.execute(insert(tokens).values(**values))
        return record

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


class AuditLog:
    """What the host did, in order; nothing is ever taken out."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(
        self, at: datetime, actor: str, action: str, subject: str, detail: Mapping[str, Any] | None = None
    ) -> None:
        values = {"actor": actor, "action": action, "subject": subject, "detail": dict(detail or {})}
        with self._database.writing() as connection:
            connection.execute(insert(audit).values(id=fresh_id(), at=at, **values))

    def listed(self, most: int = 500) -> list[Deed]:
        query = select(audit.c.at, audit.c.actor, audit.c.action, audit.c.subject, audit.c.detail)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(audit.c.at.desc(), audit.c.id).limit(most))
            return [Deed(*row) for row in rows]
