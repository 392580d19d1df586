"""The audit log: who did what to what, when and why; nothing is ever taken out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from eval_server.store.database import Database
from eval_server.store.records import Act, Deed
from eval_server.store.schema import audit, fresh_id


class AuditLog:
    """What hosts and teams did, in order."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(
        self, at: datetime, actor: str, action: str, subject: str, detail: Mapping[str, Any] | None = None
    ) -> None:
        with self._database.writing() as connection:
            note_deed(connection, Act(actor, at), action, subject, detail or {})

    def listed(self, most: int = 500) -> list[Deed]:
        query = select(audit.c.at, audit.c.actor, audit.c.action, audit.c.subject, audit.c.detail)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(audit.c.at.desc(), audit.c.id).limit(most))
            return [Deed(*row) for row in rows]


def note_deed(connection: Connection, act: Act, action: str, subject: str, detail: Mapping[str, Any]) -> None:
    """Write a deed inside the transaction that does it, so that neither is there without the other."""
    facts = {**detail, "reason": act.reason} if act.reason else dict(detail)
    values = {"actor": act.actor, "action": action, "subject": subject, "detail": facts}
    connection.execute(insert(audit).values(id=fresh_id(), at=act.at, **values))
