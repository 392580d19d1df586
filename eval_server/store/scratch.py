"""A backup's rows in a database of their own: under the schema they were saved with, then this one.

A backup of an earlier schema is restored this way, and what the tables would not take is found before
anything of the store is changed.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Inspector, LargeBinary, MetaData, Table, event, insert, select
from sqlalchemy.exc import SQLAlchemyError, StatementError

from eval_server.store.aside import folder_aside
from eval_server.store.backup_file import Backup, BackupUnfit
from eval_server.store.database import Database, StoreDamaged, known_revision, upgrade
from eval_server.store.schema import UtcMoment, submissions
from eval_server.store.soundness import troubles_of_rows

UNFINISHED = ".restore-"
"""How the name of a folder begins that holds the rows of a backup while they are taken in."""
ROWS_AT_ONCE = 500
NOT_SAVED = frozenset({"alembic_version", "sessions", "identity"})
"""What belongs to a database and not to what it keeps: its revision, open sessions, its identity."""


@contextmanager
def in_scratch(backup: Backup, folder: Path) -> Iterator[Connection]:
    """The rows of a backup under this release's schema, in a database in `folder` that is gone afterwards.

    Raises `BackupUnfit` where its tables or rows are not those of the schema it names, or a file is missing.
    """
    if not known_revision(backup.revision):
        said = f"expected a schema of this release or an earlier one, found {backup.revision}"
        raise BackupUnfit(f"{backup.path}: {said}")
    with folder_aside(folder, UNFINISHED) as aside:
        database = Database(f"sqlite:///{aside.resolve() / 'rows.sqlite3'}")
        try:
            _fill(database, backup)
            with database.reading() as connection:
                _require_sound(connection, backup)
                _require_files(connection, backup)
                yield connection
        finally:
            database.close()


def _fill(database: Database, backup: Backup) -> None:
    try:
        with database.writing() as connection:
            upgrade(connection, backup.revision)
            _insert(connection, backup)
            upgrade(connection, "head")
    except (SQLAlchemyError, StoreDamaged, ValueError, TypeError) as error:
        cause = error.orig if isinstance(error, StatementError) else error
        raise BackupUnfit(
            f"{backup.path}: its rows do not fit the schema {backup.revision}: {cause}"
        ) from error


def _insert(connection: Connection, backup: Backup) -> None:
    tables = [table for table in _reflected(connection).sorted_tables if table.name not in NOT_SAVED]
    if {table.name for table in tables} != set(backup.tables):
        expected, found = sorted(table.name for table in tables), sorted(backup.tables)
        raise BackupUnfit(f"{backup.path}: expected the tables {expected}, found {found}")
    for table in tables:
        for rows in batches(_typed(table, row) for row in backup.table(table.name)):
            connection.execute(insert(table), rows)


def _reflected(connection: Connection) -> MetaData:
    """The tables as they are, moments told by their width."""
    found = MetaData()

    @event.listens_for(found, "column_reflect")
    def moments(inspector: Inspector, table: Table, column: Any) -> None:
        if getattr(column["type"], "length", None) == UtcMoment.impl.length:
            column["type"] = UtcMoment()

    found.reflect(connection)
    return found


def _typed(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    if set(row) != set(table.columns.keys()):
        raise ValueError(f"a row of {table.name} has the columns {sorted(row)}")
    return {column.name: _value(column.type, row[column.name]) for column in table.columns}


def _value(kind: Any, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(kind, UtcMoment):
        return datetime.fromisoformat(value)
    return base64.b64decode(value, validate=True) if isinstance(kind, LargeBinary) else value


def _require_sound(connection: Connection, backup: Backup) -> None:
    if found := list(troubles_of_rows(connection)):
        raise BackupUnfit(f"{backup.path} was made of what was damaged: {'; '.join(found)}")


def _require_files(connection: Connection, backup: Backup) -> None:
    """Raises `BackupUnfit`, with names, where a file that a submission was made from is not in the backup."""
    missing = sorted(files_named(connection) - set(backup.files))
    if missing:
        said = f"{len(missing)} files that submissions were made from are not in it"
        raise BackupUnfit(f"{backup.path}: {said}: {', '.join(missing[:3])}")


def files_named(connection: Connection) -> set[str]:
    """Every file of the archive that a submission names."""
    rows = connection.execute(select(submissions.c.archive, submissions.c.scores))
    return {digest for row in rows for digest in row if digest is not None}


def batches(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == ROWS_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch
