"""What a host does with a phase as a whole: close and reopen it by hand, put it into the archive and back.

Each takes a store and not a desk, so that the command line does the very same as the pages.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from eval_server.service.access import status_at, utc
from eval_server.service.refusals import StateConflict
from eval_server.store.records import Act, PhaseRecord
from eval_server.store.store import Store

PhaseDeed = Callable[[Store, PhaseRecord, Act], bool]
"""Does something to a phase; False where it was done already."""


def close(store: Store, record: PhaseRecord, act: Act) -> bool:
    """Close a phase now; the end that was set stays beside it, for when it is reopened."""
    if status_at(record.rules, act.at) == "closed":
        return False
    return store.phases.mark(record.name, {"closed_at": act.at}, act, "phase closed")


def reopen(store: Store, record: PhaseRecord, act: Act) -> bool:
    """Undo a closing by hand. Where the end that was set is over, the phase has none until another is set."""
    if record.archived_at is not None:
        raise StateConflict(f"The phase {record.name} is in the archive: take it out first.")
    if status_at(record.rules, act.at) != "closed":
        return False
    values: dict[str, datetime | None] = {"closed_at": None, "closes_at": record.rules.closes_at}
    if is_over(record, act.at):
        values["closes_at"] = None
    return store.phases.mark(record.name, values, act, "phase reopened")


def archive(store: Store, record: PhaseRecord, act: Act) -> bool:
    """Take a closed phase off the start page; its board stays where it is."""
    if status_at(record.rules, act.at) != "closed":
        end = "no end is set" if record.rules.ends_at is None else f"it closes at {utc(record.rules.ends_at)}"
        raise StateConflict(f"The phase {record.name} is not closed ({end}): close it first.")
    if record.archived_at is not None:
        return False
    return store.phases.mark(record.name, {"archived_at": act.at}, act, "phase archived")


def unarchive(store: Store, record: PhaseRecord, act: Act) -> bool:
    """Put a phase back on the start page."""
    return store.phases.mark(record.name, {"archived_at": None}, act, "phase taken out of the archive")


def is_over(record: PhaseRecord, now: datetime) -> bool:
    """Whether the end that was set for a phase has passed, whoever closed it."""
    return record.rules.closes_at is not None and now >= record.rules.closes_at


DEEDS: dict[str, PhaseDeed] = {
    "close": close,
    "reopen": reopen,
    "archive": archive,
    "unarchive": unarchive,
}
