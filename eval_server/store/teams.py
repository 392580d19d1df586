"""Teams: there is one as soon as it hands in, or gets a token; which one a name means is decided here."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from eval_server.store.database import Database
from eval_server.store.schema import teams
from eval_server.store.team_names import folded, natural_order, team_key

_FACTS = select(teams.c.name, teams.c.joined_into)
_TEAM = _FACTS.where(teams.c.name == bindparam("team"))
_BY_KEY = _FACTS.where(teams.c.key == bindparam("key"))
_LOCKED = _TEAM.with_for_update()
"""The statements of every upload, built once."""


class Teams:
    """The teams of this server."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def names(self) -> list[str]:
        """All teams, group 2 before group 10; one that was joined into another is that one."""
        query = select(teams.c.name).where(teams.c.joined_into.is_(None))
        with self._database.reading() as connection:
            return sorted(connection.execute(query).scalars(), key=natural_order)

    def find(self, name: str) -> str | None:
        """The team that a name means, by the name it has; None where there is none."""
        with self._database.reading() as connection:
            return meant(connection, name)

    def alike(self) -> list[tuple[str, ...]]:
        """Names that count as one team's now, and are several teams because an earlier release made them."""
        shared: dict[str, list[str]] = defaultdict(list)
        for name in self.names():
            shared[team_key(name)].append(name)
        return [tuple(found) for found in shared.values() if len(found) > 1]


def meant(connection: Connection, name: str, *, locked: bool = False) -> str | None:
    """The team of exactly this name, else the one whose name differs in case, width or spaces only.

    A team that was joined into another is that one. `locked`, nobody else changes it until the end.
    """
    by_name = _LOCKED if locked else _TEAM
    row = connection.execute(by_name, {"team": name}).first()
    if row is None:
        row = connection.execute(_BY_KEY, {"key": team_key(name)}).first()
        name = "" if row is None else str(row.name)
        row = connection.execute(by_name, {"team": name}).first() if name and locked else row
    while row is not None and row.joined_into is not None:
        row = connection.execute(by_name, {"team": row.joined_into}).first()
    return None if row is None else str(row.name)


def lock_team(connection: Connection, team: str, now: datetime) -> str:
    """Make sure the team is there, let its uploads pass one after another, and say what it is called."""
    found = meant(connection, team, locked=True)
    if found is not None:
        return found
    team = folded(team)
    try:
        with connection.begin_nested():
            values = {"name": team, "key": team_key(team), "created_at": now}
            connection.execute(insert(teams), values)
    except IntegrityError:
        return meant(connection, team, locked=True) or team
    return team


def give_keys(connection: Connection) -> None:
    """Give each team without a key its own, where no other has it any more."""
    query = select(teams.c.name).where(teams.c.key.is_(None)).order_by(teams.c.created_at, teams.c.name)
    for name in connection.execute(query).scalars().all():
        if connection.execute(_BY_KEY, {"key": team_key(name)}).first() is None:
            connection.execute(update(teams).where(teams.c.name == name).values(key=team_key(name)))
