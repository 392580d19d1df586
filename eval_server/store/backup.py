"""The whole store as one file, taken and brought back while the server runs, on either database.

Files of the archive are never changed or removed, and lie on disk before a row names them, so copying
those that the rows name after the rows were read misses none.
"""

from __future__ import annotations

import base64
import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

from sqlalchemy import Connection, Table, delete, insert, select
from sqlalchemy.exc import SQLAlchemyError

from eval_server.store.aside import folder_aside
from eval_server.store.backup_file import Backup, BackupUnfit, Writer, opened, sealed_row
from eval_server.store.backup_first import is_first_format, opened_first
from eval_server.store.database import StoreDamaged, revision_of
from eval_server.store.files import FileDamaged, flush_folder
from eval_server.store.queue import requeue_claimed
from eval_server.store.schema import metadata
from eval_server.store.scratch import NOT_SAVED, ROWS_AT_ONCE, batches, files_named, in_scratch
from eval_server.store.store import Store

UNFINISHED = ".backup-unfinished-"
"""How the name of a folder begins in which a backup is written until it is whole."""
SHRINKING = frozenset({"published"})
"""The one table that a host takes rows out of; every other only grows."""


class BackupSmaller(Exception):
    """A backup that would hold nothing, or less than the file that it would replace."""


@dataclass(frozen=True, slots=True)
class Contents:
    """How much a backup holds."""

    rows: int
    files: int
    sealed: bool = True


def verify(source: Path) -> Backup:
    """The backup in this file, every byte of it held against its digests; raises `BackupUnfit`."""
    return opened_first(source) if is_first_format(source) else opened(source)


def dump(store: Store, target: Path, now: datetime, *, allow_less: bool = False) -> Contents:
    """Write a backup and verify it; the file is there whole or not at all, and only its owner can read it.

    Raises `StoreDamaged` where the database or a file of the archive is not whole, and `BackupSmaller`
    where it would hold nothing, or less than the file it replaces.
    """
    store.require_sound()
    with _aside(target) as (file, aside):
        _write(store, file, now)
        made = verify(aside)
        if not allow_less:
            _require_no_less(made, target)
        aside.replace(target)
        flush_folder(target.parent)
    return _contents(made)


def load(store: Store, source: Path) -> Contents:
    """Replace everything in the store by a backup, in one transaction; raises `BackupUnfit`.

    Nothing is changed before all of it was verified and its rows were found to fit.
    """
    backup = verify(source)
    with in_scratch(backup, store.archive.folder.parent) as rows:
        for digest in backup.files:
            store.archive.keep(io.BytesIO(backup.content(digest)))
        try:
            with store.database.writing() as connection:
                _replace_rows(connection, rows)
                requeue_claimed(connection)
        except SQLAlchemyError as error:
            raise StoreDamaged(f"the database did not take the backup's rows: {error.__cause__}") from error
    return _contents(backup)


def _contents(backup: Backup) -> Contents:
    return Contents(backup.rows, len(backup.files), backup.sealed)


@contextmanager
def _aside(target: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """A file in a folder beside the target, gone unless it was given the target's name."""
    with folder_aside(target.parent, UNFINISHED) as folder:
        path = folder / target.name
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            yield cast(BinaryIO, file), path


def _write(store: Store, file: BinaryIO, now: datetime) -> None:
    with store.database.reading(consistent=True) as connection:
        writer = Writer(file, revision_of(connection) or "", now.isoformat())
        for table in _tables():
            _write_table(connection, table, writer)
        named = sorted(files_named(connection))
    _write_files(store, named, writer)
    writer.close()
    file.flush()
    os.fsync(file.fileno())


def _tables() -> list[Table]:
    """What is kept, in an order in which rows can be inserted."""
    return [table for table in metadata.sorted_tables if table.name not in NOT_SAVED]


def _write_table(connection: Connection, table: Table, writer: Writer) -> None:
    rows = 0
    with tempfile.TemporaryFile() as lines:
        found = connection.execution_options(yield_per=ROWS_AT_ONCE).execute(select(table))
        for row in found.mappings():
            lines.write(sealed_row({key: _plain(value) for key, value in row.items()}))
            rows += 1
        writer.table(table.name, cast(BinaryIO, lines), rows)


def _write_files(store: Store, named: list[str], writer: Writer) -> None:
    """Copy the files that submissions name; raises `StoreDamaged` that names those which are not whole."""
    lost = []
    for digest in named:
        try:
            writer.file(digest, io.BytesIO(store.archive.read(digest)))
        except FileDamaged as damaged:
            lost.append(str(damaged))
    if lost:
        said = f"{len(lost)} of {len(named)} files that submissions were made from are lost"
        raise StoreDamaged(
            f"{said}: {'; '.join(lost[:3])}{' …' if len(lost) > 3 else ''}",
            "Bring them back from an earlier backup: its tar holds them below archive/.",
        )


def _require_no_less(made: Backup, target: Path) -> None:
    """Raises `BackupSmaller` where a backup is empty, or its target may hold more."""
    if not made.rows:
        raise BackupSmaller("there is nothing to save: the database holds no phase, token or submission")
    if not target.exists():
        return
    try:
        before = verify(target)
    except BackupUnfit as unfit:
        raise BackupSmaller(f"what it would replace cannot be told: {unfit}") from unfit
    now = _counts(made)
    less = [
        f"{now.get(name, 0):,} {name}, not {rows:,}"
        for name, rows in _counts(before).items()
        if now.get(name, 0) < rows
    ]
    if less:
        raise BackupSmaller(f"{target} holds more than there is now: the database has {'; '.join(less)}")


def _counts(backup: Backup) -> dict[str, int]:
    return {name: part.rows or 0 for name, part in backup.tables.items() if name not in SHRINKING}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value


def _replace_rows(connection: Connection, rows: Connection) -> None:
    for table in reversed(metadata.sorted_tables):
        if table.name != "identity":
            connection.execute(delete(table))
    for table in _tables():
        found = rows.execution_options(yield_per=ROWS_AT_ONCE).execute(select(table)).mappings()
        for batch in batches(dict(row) for row in found):
            connection.execute(insert(table), batch)
