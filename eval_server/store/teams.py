"""Teams: there is one as soon as it hands in, or gets a token."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select
from sqlalchemy.exc import IntegrityError

from eval_server.store.database import Database
from eval_server.store.schema import teams

_TEAM = select(teams.c.name).where(teams.c.name == bindparam("team")).with_for_update()
"""The statement of every upload, built once."""


class Teams:
    """The teams of this server."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def names(self) -> list[str]:
        with self._database.reading() as connection:
            return list(connection.execute(select(teams.c.name).order_by(teams.c.name)).scalars())


def lock_team(connection: Connection, team: str, now: datetime) -> None:
    """Make sure the team is there, and let its uploads pass one after another."""
    if connection.execute(_TEAM, {"team": team}).first() is None:
        try:
            with connection.begin_nested():
                connection.execute(insert(teams), {"name": team, "created_at": now})
        except IntegrityError:
            connection.execute(_TEAM, {"team": team}).first()
