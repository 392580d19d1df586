"""`harness backup` and `harness restore`: the server's data as one file, while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness import console
from harness.cli.hosting import store_at
from harness.cli.options import DATABASE, JSON, PATH, SERVER_DATA
from harness.errors import DataWrong, ServerTrouble, UsageWrong

if TYPE_CHECKING:
    from eval_server.store.backup import Contents

FILE = click.argument("file", type=PATH)


UNSEALED = "It is of the first format, which holds no digests: a changed byte in it cannot be noticed."


@click.command()
@FILE
@click.option("--verify", "only_verify", is_flag=True, help="Hold FILE against its digests; do nothing else.")
@click.option("--allow-less", is_flag=True, help="Save it though it is empty, or less than FILE holds now.")
@SERVER_DATA
@DATABASE
@JSON
def backup(
    file: Path, only_verify: bool, allow_less: bool, data_dir: Path, database: str | None, as_json: bool
) -> None:
    """Save everything the server keeps to FILE, and verify it; the server may go on running.

    FILE holds truths: keep it as you keep the data folder.
    """
    if only_verify:
        _verify(file, as_json=as_json)
        return
    if not data_dir.is_dir():
        raise UsageWrong(f"there is no data folder {data_dir}", "Name it with --data-dir.")
    _tell(
        "Saved and verified", file, _saved(file, data_dir, database, allow_less=allow_less), as_json=as_json
    )


def _saved(file: Path, data_dir: Path, database: str | None, *, allow_less: bool) -> Contents:
    from eval_server.store.backup import BackupSmaller, dump

    try:
        with store_at(data_dir, database) as store:
            return dump(store, file, datetime.now(UTC), allow_less=allow_less)
    except BackupSmaller as smaller:
        hint = "Nothing was written. Name another file, or add --allow-less if this is what you want."
        raise ServerTrouble(str(smaller), hint) from smaller
    except OSError as error:
        raise DataWrong(f"cannot write {file}: {error.strerror or error}") from error


def _verify(file: Path, *, as_json: bool) -> None:
    """Verify a backup; exit code 3 and the reason where it is not whole."""
    from eval_server.store.backup import Contents, verify

    with _whole(file, "It cannot be restored; take an earlier one."):
        found = verify(file)
    contents = Contents(found.rows, len(found.files), found.sealed)
    _tell(f"Whole: schema {found.revision}, made at {found.made_at},", file, contents, as_json=as_json)


@click.command()
@FILE
@SERVER_DATA
@DATABASE
@click.option("--yes", is_flag=True, help="Replace what is there without asking.")
@JSON
def restore(file: Path, data_dir: Path, database: str | None, yes: bool, as_json: bool) -> None:
    """Replace everything the server keeps by the backup in FILE; it may go on running.

    All of FILE is verified before anything is changed. It may come from the other kind of database: this is
    how to move between them. A database that is lost or damaged is put aside, and FILE restored in its place;
    then the server has to be started again.
    """
    from eval_server.store.backup import load, verify

    with _whole(file, "Nothing was changed."):
        verify(file)
        there = _there(data_dir, database)
        if there and not yes:
            _confirm(f"Replace {there}?")
        with store_at(data_dir, database, anew=True) as store:
            contents = load(store, file)
            store.audit.note(datetime.now(UTC), "command line", "restored", file.name)
    _tell("Restored", file, contents, as_json=as_json)


@contextmanager
def _whole(file: Path, hint: str) -> Iterator[None]:
    """Name a file that is no whole backup as wrong data."""
    from eval_server.store.backup_file import BackupUnfit

    if not file.is_file():
        raise DataWrong(f"{file}: expected a backup, found no file", "`harness backup FILE` makes one.")
    try:
        yield
    except BackupUnfit as unfit:
        raise DataWrong(str(unfit), hint) from unfit


def _there(data_dir: Path, database: str | None) -> str:
    """What a restoration would replace, in words; empty where nothing is there.

    Raises `ServerTrouble` for a database that no restoration puts aside, as one that cannot be reached.
    """
    from eval_server.store.database import StoreDamaged
    from eval_server.store.store import StoreForeign

    try:
        with store_at(data_dir, database) as store:
            store.require_sound()
            names = store.phases.names()
    except ServerTrouble as trouble:
        if not isinstance(trouble.__cause__, (StoreDamaged, StoreForeign)):
            raise
        return f"what is there ({trouble}) by an empty database and the backup"
    return f"the phases {', '.join(names)}" if names else ""


def _confirm(question: str) -> None:
    """Ask, and abort at a no; where nobody can answer, raises `UsageWrong`."""
    try:
        click.confirm(question, abort=True, err=True)
    except click.Abort as end:
        if isinstance(end.__context__, EOFError):
            raise UsageWrong("nobody is there to answer", "Add --yes to replace what is there.") from None
        raise


def _tell(done: str, file: Path, contents: Contents, *, as_json: bool) -> None:
    if as_json:
        console.emit({"file": str(file), **asdict(contents)})
        return
    console.result(f"{done} {contents.rows:,} rows and {contents.files:,} files: {file}")
    if not contents.sealed:
        console.say(UNSEALED)
