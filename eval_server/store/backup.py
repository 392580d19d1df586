"""The whole store as one file, taken and brought back while the server runs, on either database.

A backup is a tar: a header, every table as JSON lines from one consistent state, and the archive's
files. Files are never changed or removed, and lie on disk before a row names them, so copying them
after the rows were read misses none.
"""

from __future__ import annotations

import base64
import io
import json
import os
import re
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, LargeBinary, Table, delete, insert, select

from eval_server.store.schema import Moment, metadata, sessions
from eval_server.store.store import Store
from eval_server.store.submissions import requeue_claimed

FORMAT = 1
HEADER = "backup.json"
ROWS_AT_ONCE = 500
_FILE = re.compile(r"archive/([0-9a-f]{2})/(\1[0-9a-f]{62})")


class BackupUnfit(Exception):
    """A file that is no backup, or one of another release."""


@dataclass(frozen=True, slots=True)
class Contents:
    """How much a backup holds."""

    rows: int
    files: int


def dump(store: Store, target: Path, now: datetime) -> Contents:
    """Write a backup; the file is there whole or not at all, and only its owner can read it."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    aside = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            with tarfile.open(fileobj=file, mode="w") as tar:
                contents = Contents(_dump_rows(store, tar, now), _dump_files(store, tar))
            file.flush()
            os.fsync(file.fileno())
        aside.replace(target)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    return contents


def load(store: Store, source: Path) -> Contents:
    """Replace everything in the store by a backup, in one transaction; raises `BackupUnfit`."""
    try:
        with tarfile.open(source, "r:") as tar:
            _check_header(store, tar)
            files = _load_files(store, tar)
            with store.database.writing() as connection:
                rows = _load_rows(connection, tar)
                requeue_claimed(connection)
    except (tarfile.TarError, KeyError, ValueError) as error:
        raise BackupUnfit(f"{source} is no whole backup: {error}") from error
    return Contents(rows, files)


def _tables() -> list[Table]:
    """What is kept, in an order in which rows can be inserted; open sessions are not."""
    return [table for table in metadata.sorted_tables if table is not sessions]


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _dump_rows(store: Store, tar: tarfile.TarFile, now: datetime) -> int:
    rows = 0
    with store.database.reading(consistent=True) as connection:
        header = {"format": FORMAT, "revision": _revision(connection), "made_at": now.isoformat()}
        _add(tar, HEADER, io.BytesIO(json.dumps(header).encode()))
        for table in _tables():
            with tempfile.TemporaryFile() as lines:
                for row in (
                    connection.execution_options(yield_per=ROWS_AT_ONCE).execute(select(table)).mappings()
                ):
                    lines.write(
                        json.dumps({key: _plain(value) for key, value in row.items()}).encode() + b"\n"
                    )
                    rows += 1
                _add(tar, f"tables/{table.name}.jsonl", lines)
    return rows


def _dump_files(store: Store, tar: tarfile.TarFile) -> int:
    files = 0
    for path in store.archive.files():
        tar.add(path, f"archive/{path.parent.name}/{path.name}", recursive=False)
        files += 1
    return files


def _add(tar: tarfile.TarFile, name: str, file: IO[bytes]) -> None:
    member = tarfile.TarInfo(name)
    member.size = file.seek(0, io.SEEK_END)
    member.mode = 0o600
    file.seek(0)
    tar.addfile(member, file)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value


def _check_header(store: Store, tar: tarfile.TarFile) -> None:
    header = json.loads(_member(tar, HEADER).read())
    with store.database.reading() as connection:
        revision = _revision(connection)
    if header.get("format") != FORMAT or header.get("revision") != revision:
        found = f"format {header.get('format')}, schema {header.get('revision')}"
        raise BackupUnfit(f"expected a backup of format {FORMAT}, schema {revision}, found {found}")


def _member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    found = tar.extractfile(name)
    if found is None:
        raise KeyError(name)
    return found


def _load_files(store: Store, tar: tarfile.TarFile) -> int:
    """Put the archive's files in place; nothing in a backup can name another place."""
    files = 0
    for member in tar:
        named = _FILE.fullmatch(member.name)
        if named is None or not member.isfile():
            continue
        content = tar.extractfile(member)
        assert content is not None
        if store.archive.keep(cast(BinaryIO, content)) != named.group(2):
            raise ValueError(f"{member.name} does not hold what its name says")
        files += 1
    return files


def _load_rows(connection: Connection, tar: tarfile.TarFile) -> int:
    for table in reversed(metadata.sorted_tables):
        connection.execute(delete(table))
    rows = 0
    for table in _tables():
        for batch in _batches(table, _member(tar, f"tables/{table.name}.jsonl")):
            connection.execute(insert(table), batch)
            rows += len(batch)
    return rows


def _batches(table: Table, lines: IO[bytes]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for line in lines:
        row = json.loads(line)
        batch.append({column.name: _typed(column.type, row[column.name]) for column in table.columns})
        if len(batch) == ROWS_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _typed(kind: Any, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(kind, Moment):
        return datetime.fromisoformat(value)
    return base64.b64decode(value) if isinstance(kind, LargeBinary) else value
