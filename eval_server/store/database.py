"""The connection: SQLite in the data folder by default, PostgreSQL by URL; one way to read, one to write."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import (
    Connection,
    Engine,
    create_engine,
    event,
    insert,
    inspect,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from eval_server.store.files import NoRoom
from eval_server.store.schema import fresh_id, identity
from eval_server.store.sqlite_file import SqliteFile

MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 0x636E6D63
"""Key of the PostgreSQL advisory lock that lets one process migrate while the others wait."""
BUSY_MS = 30_000
NO_ROOM_SQLITE = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_IOERR_SHMOPEN,
    sqlite3.SQLITE_IOERR_SHMSIZE,
)
NO_ROOM_POSTGRESQL = "53100"


class StoreUnfit(Exception):
    """A database that cannot be used: unreachable, or written by a newer release; `hint` says what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class StoreDamaged(StoreUnfit):
    """A database or archive that does not hold what was written there."""


RESTORE = "Bring it back with `harness restore FILE`, which puts what is left of it aside."
"""What to do about a damaged database."""
ANOTHER = "the database is not the one that was opened"
_IDENTITY = select(identity.c.id)


class Database:
    """An engine with two kinds of transaction: `reading` sees one state, `writing` is alone with it.

    `own` is the identity it had when it was opened. `damage` says what is known to be wrong with it;
    nothing is written to it then.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.damage: str | None = None
        self._moment = threading.local()
        self.own: str | None = None
        try:
            self.engine = _engine(url)
        except (ArgumentError, ModuleNotFoundError) as error:
            raise StoreUnfit(f"expected a database URL (sqlite or postgresql), found {error}") from error
        self._writer = self.engine.execution_options(writing=True)
        self._one_writer: AbstractContextManager[object] = (
            threading.Lock() if self.is_sqlite else nullcontext()
        )
        path = self.engine.url.database
        in_a_file = self.is_sqlite and path not in (None, "", ":memory:")
        self.file = SqliteFile(Path(str(path)).resolve()) if in_a_file else None

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @property
    def name(self) -> str:
        """What people call it: its file, or its address without a password."""
        return str(self.file.path) if self.file else self.engine.url.render_as_string(hide_password=True)

    @contextmanager
    def reading(self, *, consistent: bool = False) -> Iterator[Connection]:
        """A transaction that writes nothing; with `consistent` all its queries see one state."""
        held: Connection | None = getattr(self._moment, "connection", None)
        if held is not None:
            yield held
            return
        with self._watched(), self.engine.connect() as connection:
            if consistent and not self.is_sqlite:
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    @contextmanager
    def one_moment(self) -> Iterator[None]:
        """Let all that this thread reads in the block be of one state, whatever is written meanwhile."""
        with self.reading(consistent=True) as connection:
            self._moment.connection = connection
            try:
                yield
            finally:
                self._moment.connection = None

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is durable when the block ends, and leaves no trace when it raises.

        Raises `StoreDamaged` where the database is known to be damaged, or is not the one that was opened,
        and `NoRoom` where it cannot write for want of it.
        """
        if wrong := self.trouble():
            raise StoreDamaged(wrong, RESTORE)
        with self._watched(), self._one_writer, self._writer.begin() as connection:
            if self.own is not None and connection.execute(_IDENTITY).scalar() != self.own:
                raise StoreDamaged(ANOTHER, RESTORE)
            yield connection

    def trouble(self) -> str | None:
        """What is known to be wrong without asking the database."""
        lost = self.file.trouble() if self.file else None
        return f"the database is damaged: {lost}" if lost else self.damage

    def migrate(self) -> str:
        """Bring the schema to this release and return the database's identity; who comes second waits."""
        try:
            if self.file:
                self.file.make()
            with self.writing() as connection:
                if not self.is_sqlite:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
                upgrade(connection, "head")
                self.own = _identity_in(connection)
        except CommandError as error:
            raise StoreUnfit(f"the database was written by another release: {error}") from error
        except SQLAlchemyError as error:
            raise StoreUnfit(f"the database cannot be used: {error.__cause__ or error}") from error
        if self.file:
            self.file.begin()
        return self.own

    def put_aside(self) -> None:
        """Make room for an empty database: an SQLite file is renamed, PostgreSQL has to be empty already."""
        self.engine.dispose()
        self.damage = self.own = None
        if self.file:
            self.file.put_aside(datetime.now(UTC))
        elif self.tables():
            raise StoreUnfit(
                f"{self.name} holds tables that cannot be used", "Make an empty database, and name it."
            )

    def tables(self) -> set[str]:
        """The names of the tables that are there; raises `StoreUnfit` where that cannot be told."""
        try:
            if self.file:
                return self.file.tables()
            with self.reading() as connection:
                return set(inspect(connection).get_table_names())
        except (sqlite3.Error, UnicodeDecodeError) as error:
            if getattr(error, "sqlite_errorcode", None) in NO_ROOM_SQLITE:
                raise NoRoom("the database", error) from error
            raise StoreDamaged(f"{self.name} is no database that can be read: {error}", RESTORE) from error
        except SQLAlchemyError as error:
            raise StoreUnfit(f"the database cannot be used: {error.__cause__ or error}") from error

    def identity(self) -> str | None:
        """Which database this is; None where it has no row that says so."""
        with self.reading() as connection:
            return connection.execute(_IDENTITY).scalar()

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Take note of damage that a statement meets, and raise it as such; a want of room is none."""
        try:
            yield
        except DBAPIError as error:
            if _found_no_room(error):
                raise NoRoom("the database", error.orig) from error
            found = _damage_in(error)
            if found is None:
                raise
            raise self.noted(found) from error
        except UnicodeDecodeError as error:
            raise self.noted(NOT_UTF8) from error

    def noted(self, found: str) -> StoreDamaged:
        """The error for damage that was met, which is remembered."""
        self.damage = f"the database is damaged: {found}"
        return StoreDamaged(self.damage, RESTORE)


def _identity_in(connection: Connection) -> str:
    """The database's identity, given to it where it has none."""
    found = connection.execute(_IDENTITY).scalar()
    if found is None:
        found = fresh_id()
        connection.execute(insert(identity).values(id=found))
    return str(found)


_CORRUPT = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_IOERR_READ", "SQLITE_IOERR_SHORT", "SQLITE_IOERR_DATA")
_CORRUPT_STATES = {
    "XX001": "a page cannot be read",
    "XX002": "an index cannot be read",
    "42P01": "a table is missing",
}
NOT_UTF8 = "a text is not UTF-8"
"""Python's SQLite raises a bare `UnicodeDecodeError` where the words of an error quote such a text."""
_SAID = {"no such table": "a table is missing", "Could not decode": NOT_UTF8}


def _damage_in(error: DBAPIError) -> str | None:
    """What a failed statement says of the database itself; None for everything else."""
    cause = error.orig
    if str(getattr(cause, "sqlite_errorname", "")).startswith(_CORRUPT):
        return str(cause)
    said = next((words for start, words in _SAID.items() if str(cause).startswith(start)), None)
    return said or _CORRUPT_STATES.get(str(getattr(cause, "sqlstate", "")))


def upgrade(connection: Connection, revision: str) -> None:
    """Bring the tables to this revision, inside the transaction of the connection."""
    config = _alembic()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def revision_of(connection: Connection) -> str | None:
    """The schema that the tables have; None where there are none."""
    return MigrationContext.configure(connection).get_current_revision()


def known_revision(revision: str) -> bool:
    """Whether this release can bring such a schema to its own."""
    return revision in {one.revision for one in ScriptDirectory.from_config(_alembic()).walk_revisions()}


def _found_no_room(error: DBAPIError) -> bool:
    """Whether a database says that its disk is full, or that the system did not take what it wrote."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    return code in NO_ROOM_SQLITE or getattr(error.orig, "sqlstate", None) == NO_ROOM_POSTGRESQL


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise ArgumentError(parsed.get_backend_name())
    settings: dict[str, Any] = {"pool_size": 10, "max_overflow": 40, "json_serializer": _json}
    if parsed.get_backend_name() == "postgresql":
        return create_engine(parsed, pool_pre_ping=True, **settings)
    engine = create_engine(parsed, **settings)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, record: Any) -> None:
    """Durable at every commit, foreign keys kept, and transactions begun by us, not by the driver."""
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_MS}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """`BEGIN IMMEDIATE` for writers: a lock that cannot be had is waited for here, never met half-way."""
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _json(value: Any) -> str:
    """JSON as the tables keep it; NaN and infinity are refused."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
