"""The revision of a phase: another one whenever a board made from it would be out of date."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select, update

from eval_server.store.schema import fresh_id, phases, submissions


def touch(connection: Connection, name: str) -> None:
    """Give the phase another revision: every board made from the old one is out of date."""
    connection.execute(update(phases).where(phases.c.name == name).values(revision=fresh_id()))


def touch_phases_of(connection: Connection, ids: Sequence[str]) -> None:
    """The same for the phases of these submissions."""
    if not ids:
        return
    touched = select(submissions.c.phase).where(submissions.c.id.in_(ids))
    connection.execute(update(phases).where(phases.c.name.in_(touched)).values(revision=fresh_id()))
