"""What a reader or an uploader would meet: a list of named troubles, empty while the server is well."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from eval_server.service.desk import Desk

SILENCE = 15.0
"""Seconds without a beat of the judge, while something waits, after which no judge is taken to work."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is wrong with this server, in a word and in a sentence."""

    name: str
    detail: str


def database(desk: Desk) -> Trouble | None:
    said = desk.store.troubles()
    return Trouble("database", "; ".join(said)) if said else None


def judge(desk: Desk) -> Trouble | None:
    """Whether none has come to work yet, or none has worked for a while although something waits."""
    silent = desk.judge.silent_for()
    if math.isinf(silent):
        return Trouble("judge", "No judge has come to work yet.")
    waiting = desk.store.queue.waiting() if silent > SILENCE else 0
    if not waiting:
        return None
    said = f"No judge has worked for {silent:,.0f} seconds, and {waiting:,} submissions wait for one."
    return Trouble("judge", said)


def room(desk: Desk) -> Trouble | None:
    """Whether the last upload found no room, and none was kept since."""
    at = desk.room.lacking_since
    if at is None:
        return None
    said = f"There has been no room for an upload since {at:%Y-%m-%d %H:%M:%S} UTC ({desk.room.reason})."
    return Trouble("disk", said)


CHECKS: Sequence[Callable[[Desk], Trouble | None]] = (database, judge, room)
"""Looked at in this order; where the database does not answer, nothing else is asked of it."""


def troubles(desk: Desk) -> list[Trouble]:
    """All that is wrong now; ends at the first trouble with the database."""
    found: list[Trouble] = []
    for check in CHECKS:
        trouble = check(desk)
        if trouble is not None:
            found.append(trouble)
            if trouble.name == "database":
                break
    return found
