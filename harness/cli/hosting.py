"""What the commands of a host share: the store, who does it and why, and what is told afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness import console
from harness.cli.options import DATABASE, JSON, SERVER_DATA
from harness.errors import ServerTrouble, UsageWrong

if TYPE_CHECKING:
    from eval_server.store.records import Act, PhaseRecord
    from eval_server.store.store import Store

REASON = click.option("--reason", default="", help="Why; it stands in the audit log.")
NEEDED_REASON = click.option("--reason", required=True, help="Why; the team sees it.")


def host_options(command: Callable[..., None]) -> Callable[..., None]:
    """Which server's data, and whether to answer as JSON."""
    for option in (JSON, DATABASE, SERVER_DATA):
        command = option(command)
    return command


@contextmanager
def store_at(data_dir: Path, database: str | None, *, anew: bool = False) -> Iterator[Store]:
    """The server's store, for the length of one command.

    With `anew`, a database that is lost or damaged is put aside, and an empty one takes its place.
    """
    from eval_server.store.database import StoreUnfit
    from eval_server.store.store import Store

    try:
        store = Store.open(data_dir, database, anew=anew)
        try:
            yield store
        finally:
            store.close()
    except StoreUnfit as unfit:
        raise ServerTrouble(str(unfit), unfit.hint or "Look at --data-dir and --database.") from unfit


KNOWN = 20
"""How many of what there is an error names."""


def found_phase(store: Store, name: str) -> PhaseRecord:
    """The phase of this name; raises `UsageWrong` with those that there are."""
    record = store.phases.find(name)
    if record is None:
        known = named_some(store.phases.names())
        raise UsageWrong(
            f"there is no phase {name!r}", f"There are: {known}. Add one with `harness phase add`."
        )
    return record


def found_team(store: Store, name: str) -> str:
    """The team that a name means; raises `UsageWrong` with those that there are."""
    found = store.teams.find(name)
    if found is None:
        known = named_some(store.teams.names())
        raise UsageWrong(f"there is no team {name!r}", f"There are: {known}. See `harness team list`.")
    return found


def named_some(known: Sequence[str]) -> str:
    """The first of what there is, and how many more there are."""
    more = f" and {len(known) - KNOWN:,} more" if len(known) > KNOWN else ""
    return f"{', '.join(known[:KNOWN])}{more}" if known else "none yet"


@contextmanager
def told_as_usage() -> Iterator[None]:
    """What does not fit the state of things, or asks for what is not there, is the caller's to mend."""
    from eval_server.service.refusals import RequestUnfit, StateConflict
    from eval_server.store.joining import TeamClash

    try:
        yield
    except (RequestUnfit, StateConflict, TeamClash) as refused:
        raise UsageWrong(str(refused)) from refused


def now() -> datetime:
    return datetime.now(UTC)


def act(reason: str, *, needed: bool = False) -> Act:
    """What is done now from the command line, for a reason that is held to what the pages ask of one."""
    from eval_server.service.setting_aside import fit_reason
    from eval_server.store.records import Act

    return Act("command line", now(), fit_reason(reason, needed=needed))


def tell(document: dict[str, Any], words: str, as_json: bool) -> None:
    """Answer as a document or in words."""
    if as_json:
        console.emit(document)
    else:
        console.result(words)
