"""The connection: SQLite in the data folder by default, PostgreSQL by URL; one way to read, one to write."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 0x636E6D63
"""Key of the PostgreSQL advisory lock that lets one process migrate while the others wait."""
BUSY_MS = 30_000


class StoreUnfit(Exception):
    """A database that cannot be used: unreachable, or written by a newer release."""


class Database:
    """An engine with two kinds of transaction: `reading` sees one state, `writing` is alone with it."""

    def __init__(self, url: str) -> None:
        self.url = url
        try:
            self.engine = _engine(url)
        except (ArgumentError, ModuleNotFoundError) as error:
            raise StoreUnfit(f"expected a database URL (sqlite or postgresql), found {error}") from error
        self._writer = self.engine.execution_options(writing=True)
        self._one_writer: AbstractContextManager[object] = (
            threading.Lock() if self.is_sqlite else nullcontext()
        )

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self, *, consistent: bool = False) -> Iterator[Connection]:
        """A transaction that writes nothing; with `consistent` all its queries see one state."""
        with self.engine.connect() as connection:
            if consistent and not self.is_sqlite:
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is durable when the block ends, and leaves no trace when it raises."""
        with self._one_writer, self._writer.begin() as connection:
            yield connection

    def migrate(self) -> None:
        """Bring the schema to this release; processes that start together wait for the first."""
        try:
            with self.writing() as connection:
                if not self.is_sqlite:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
                command.upgrade(_alembic(connection), "head")
        except CommandError as error:
            raise StoreUnfit(f"the database was written by another release: {error}") from error
        except SQLAlchemyError as error:
            raise StoreUnfit(f"the database cannot be used: {error.__cause__ or error}") from error

    def close(self) -> None:
        self.engine.dispose()


def _alembic(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
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
