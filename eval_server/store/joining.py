"""Teams renamed, joined and separated again: what stood before is kept, so that each can be undone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, delete, insert, select, update

from eval_server.store.audit import note_deed
from eval_server.store.database import Database
from eval_server.store.records import Act, Join
from eval_server.store.revisions import touch_phases_of
from eval_server.store.schema import acceptances, fresh_id, joins, metadata, submissions, teams, tokens
from eval_server.store.team_names import folded, team_key
from eval_server.store.teams import give_keys, meant


class TeamClash(Exception):
    """A team that is not there, a name that another team has, or teams that cannot be joined or separated."""


@dataclass(frozen=True, slots=True)
class Unchosen:
    """A submission that its team chose, and that counts as chosen no more while the team is joined."""

    submission: str
    phase: str
    entry: str


@dataclass(frozen=True, slots=True)
class Renamed:
    """The names that a team had and has."""

    before: str
    after: str


class Joining:
    """What a host does with teams as a whole."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rename(self, team: str, name: str, act: Act) -> Renamed:
        """Give a team another name: all that was its stays its own. Raises `TeamClash` where it is taken."""
        name = folded(name)
        with self._database.writing() as connection:
            team = _found(connection, team)
            _require_free(connection, name, team)
            _rename(connection, team, name)
            touch_phases_of(connection, _own_submissions(connection, name))
            note_deed(connection, act, "team renamed", name, {"before": team, "after": name})
        return Renamed(team, name)

    def unchosen(self, team: str, target: str) -> list[Unchosen]:
        """What a team chose that does not count once it is joined, because the target chose in that phase."""
        with self._database.reading() as connection:
            moved = _to_move(connection, team, target)
            settled = {one["phase"] for one in moved["chosen"]}
            dropped = [one["id"] for one in moved["submissions"] if one["chosen"] and one["phase"] in settled]
            facts = (submissions.c[name] for name in ("id", "phase", "entry"))
            query = select(*facts).where(submissions.c.id.in_(dropped))
            query = query.order_by(submissions.c.phase, submissions.c.submitted_at)
            return [Unchosen(*tuple(row)) for row in connection.execute(query)]

    def join(self, team: str, target: str, act: Act) -> str:
        """Let a team's submissions and tokens be another's; returns the id by which they are separated.

        What both handed in to a phase is kept twice, and the choice that counts is the target's.
        """
        with self._database.writing() as connection:
            team, target = _found(connection, team), _found(connection, target)
            if team == target:
                raise TeamClash(f"{team} is one team: name another to join it into")
            moved = _to_move(connection, team, target)
            _move(connection, moved, target)
            connection.execute(update(teams).where(teams.c.name == team).values(joined_into=target))
            row = {"id": fresh_id(), "team": team, "target": target, "at": act.at, "moved": moved}
            connection.execute(insert(joins).values(**row))
            facts = {"join": row["id"], "before": team, "after": target, **_counts(moved)}
            note_deed(connection, act, "team joined", target, facts)
        return str(row["id"])

    def separate(self, join: str, act: Act) -> Join:
        """Undo a join: what moved moves back, what came since stays. Raises `TeamClash` where none stands."""
        with self._database.writing() as connection:
            row = connection.execute(select(joins).where(joins.c.id == join)).mappings().first()
            if row is None or row["separated_at"] is not None:
                raise TeamClash(f"there is no join {join!r} that could be undone")
            team, target, moved = row["team"], row["target"], row["moved"]
            if (now := _found(connection, target)) != target:
                raise TeamClash(f"{target} was joined into {now} since: separate these two first")
            _move_back(connection, moved, team, target)
            connection.execute(update(teams).where(teams.c.name == team).values(joined_into=None))
            connection.execute(update(joins).where(joins.c.id == join).values(separated_at=act.at))
            facts = {"join": join, "before": target, "after": team, **_counts(moved)}
            note_deed(connection, act, "team separated", team, facts)
        return Join(join, team, target, row["at"], act.at)

    def listed(self) -> list[Join]:
        """The joins that stand, the newest first."""
        query = select(*(joins.c[name] for name in Join.__dataclass_fields__))
        query = query.where(joins.c.separated_at.is_(None)).order_by(joins.c.at.desc(), joins.c.id)
        with self._database.reading() as connection:
            return [Join(*tuple(row)) for row in connection.execute(query)]


def _found(connection: Connection, team: str) -> str:
    found = meant(connection, team, locked=True)
    if found is None:
        raise TeamClash(f"there is no team {team!r}")
    return found


def _require_free(connection: Connection, name: str, team: str) -> None:
    """Raises `TeamClash` where a name is another team's than this one's, now or before it was joined."""
    query = select(teams.c.name, teams.c.joined_into)
    query = query.where((teams.c.name == name) | (teams.c.key == team_key(name)))
    for other, target in connection.execute(query):
        if other != team and target is not None:
            raise TeamClash(
                f"{other} is the name of a team that was joined into {target}: separate these two, "
                "or take another name"
            )
        if other != team:
            raise TeamClash(f"there is a team {other} already: join the two, or take another name")
    if name == team:
        raise TeamClash(f"{team} is the team's name already")


def _rename(connection: Connection, team: str, name: str) -> None:
    """A row of the new name, everything that named the old one, then the old row away."""
    own = teams.c.name == team
    row = connection.execute(select(teams).where(own)).mappings().one()
    connection.execute(update(teams).where(own).values(key=None))
    connection.execute(insert(teams).values(**{**row, "name": name, "key": team_key(name)}))
    for column in _bearers():
        renamed = update(column.table).where(column == team).values({column.name: name})
        connection.execute(renamed)
    connection.execute(delete(teams).where(own))
    give_keys(connection)


def _bearers() -> Iterator[Column[Any]]:
    """Every column that holds a team's name."""
    yield from (teams.c.joined_into, acceptances.c.team)
    for table in metadata.sorted_tables:
        for column in table.c:
            if any(key.column is teams.c.name for key in column.foreign_keys):
                yield column


def _own_submissions(connection: Connection, team: str) -> list[str]:
    return list(connection.execute(select(submissions.c.id).where(submissions.c.team == team)).scalars())


def _to_move(connection: Connection, team: str, target: str) -> dict[str, Any]:
    """What is the team's before it is joined, and what the target had chosen."""
    facts = [submissions.c[name] for name in ("id", "phase", "digest", "chosen")]
    rows = connection.execute(select(*facts).where(submissions.c.team == team)).mappings()
    chosen = select(submissions.c.id, submissions.c.phase)
    chosen = chosen.where(submissions.c.team == target, submissions.c.chosen)
    own = select(tokens.c.id).where(tokens.c.team == team)
    return {
        "submissions": [dict(row) for row in rows],
        "tokens": list(connection.execute(own).scalars()),
        "chosen": [dict(row) for row in connection.execute(chosen).mappings()],
    }


def _counts(moved: Mapping[str, Any]) -> dict[str, int]:
    return {name: len(moved[name]) for name in ("submissions", "tokens")}


def _move(connection: Connection, moved: Mapping[str, Any], target: str) -> None:
    """Give everything to the target; of what both handed in, the moved one gets a digest of its own."""
    there = select(submissions.c.phase, submissions.c.digest).where(submissions.c.team == target)
    taken = {tuple(row) for row in connection.execute(there)}
    settled = {one["phase"] for one in moved["chosen"]}
    for one in moved["submissions"]:
        values: dict[str, Any] = {"team": target}
        if (one["phase"], one["digest"]) in taken:
            values["digest"] = hashlib.sha256(f"{one['id']} {one['digest']}".encode()).hexdigest()
        if one["phase"] in settled:
            values["chosen"] = False
        connection.execute(update(submissions).where(submissions.c.id == one["id"]).values(**values))
    connection.execute(update(tokens).where(tokens.c.id.in_(moved["tokens"])).values(team=target))
    touch_phases_of(connection, [one["id"] for one in moved["submissions"]])


def _move_back(connection: Connection, moved: Mapping[str, Any], team: str, target: str) -> None:
    """Give back what is still the target's, as it was, and the target the choice that it had made."""
    for one in moved["submissions"]:
        where = submissions.c.id == one["id"], submissions.c.team == target
        values = {"team": team, "digest": one["digest"], "chosen": one["chosen"]}
        connection.execute(update(submissions).where(*where).values(**values))
    mine = tokens.c.id.in_(moved["tokens"]), tokens.c.team == target
    connection.execute(update(tokens).where(*mine).values(team=team))
    now = select(submissions.c.phase).where(submissions.c.team == target, submissions.c.chosen)
    settled = set(connection.execute(now).scalars())
    for one in moved["chosen"]:
        if one["phase"] not in settled:
            connection.execute(update(submissions).where(submissions.c.id == one["id"]).values(chosen=True))
    touch_phases_of(connection, [one["id"] for one in moved["submissions"]])
