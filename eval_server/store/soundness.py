"""Whether the database holds what was written there: what is wrong with it, in words that name no content."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Table, select, text
from sqlalchemy.exc import SQLAlchemyError

from eval_server.store.database import Database, StoreDamaged, StoreUnfit
from eval_server.store.schema import metadata, verdicts
from eval_server.store.verdict_seal import VerdictChanged, unsealed_verdict

ROWS_AT_ONCE = 200


def troubles_in(database: Database, *, thorough: bool) -> list[str]:
    """What is wrong; empty when nothing is.

    SQLite checks its pages (`PRAGMA quick_check`) and keys, PostgreSQL reads every row of each table, both
    without bringing rows here. `thorough` then reads every row here and takes its documents apart.
    The connection is a new one, which has no page at hand from before.
    """
    fresh = Database(database.url)
    try:
        with fresh.reading() as connection:
            found = _of_pages(connection) if database.is_sqlite else _of_tables(connection)
            return found or (list(troubles_of_rows(connection)) if thorough else [])
    except StoreDamaged as damaged:
        return [str(damaged)]
    except SQLAlchemyError as error:
        raise StoreUnfit(f"the database does not answer: {error.__cause__ or error}") from error
    finally:
        fresh.close()


def _of_pages(connection: Connection) -> list[str]:
    found = [row[0] for row in connection.execute(text("PRAGMA quick_check(3)")) if row[0] != "ok"]
    if found:
        return [f"the database is damaged: {str(found[0]).splitlines()[-1]}"]
    lost = sorted({str(row[0]) for row in connection.execute(text("PRAGMA foreign_key_check"))})
    return [f"the database is damaged: rows that others name are missing ({', '.join(lost)})"] if lost else []


def _of_tables(connection: Connection) -> list[str]:
    """Have PostgreSQL put every row of each table together; a page it cannot read is raised as damage."""
    for table in metadata.sorted_tables:
        connection.execute(text(f'SELECT max(length(one::text)) FROM "{table.name}" one')).scalar()
    return []


def troubles_of_rows(connection: Connection) -> Iterator[str]:
    """What is wrong with the rows, each read and taken apart."""
    for table in metadata.sorted_tables:
        try:
            for row in connection.execution_options(yield_per=ROWS_AT_ONCE).execute(select(table)).mappings():
                _require_readable(table, row)
        except VerdictChanged as changed:
            yield f"the database is damaged: {changed}"
        except (ValueError, TypeError, zlib.error) as error:
            yield f"the database is damaged: a row of {table.name} cannot be read ({type(error).__name__})"


def _require_readable(table: Table, row: Any) -> None:
    """Raises where a value is not what was written: a page of zeros in a text, a verdict that is cut."""
    if any(isinstance(value, str) and "\0" in value for value in row.values()):
        raise ValueError("zeros within a text")
    if table is verdicts:
        zlib.decompress(unsealed_verdict(row))
