"""The store: everything the server keeps, behind one door."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from eval_server.store.database import Database
from eval_server.store.files import Archive
from eval_server.store.phases import Phases
from eval_server.store.submissions import Submissions
from eval_server.store.tokens import Audit, Tokens

DATABASE_FILE = "server.sqlite3"


class Store:
    """Phases, submissions, tokens, audit log and archive of one server."""

    def __init__(self, database: Database, archive: Archive) -> None:
        self.database = database
        self.archive = archive
        self.phases = Phases(database)
        self.submissions = Submissions(database)
        self.tokens = Tokens(database)
        self.audit = Audit(database)

    @classmethod
    def open(cls, data_dir: Path, database_url: str | None = None) -> Store:
        """The store in this folder, its schema brought up to date; raises `StoreUnfit`."""
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        url = database_url or f"sqlite:///{(data_dir / DATABASE_FILE).resolve()}"
        database = Database(url)
        try:
            database.migrate()
        except BaseException:
            database.close()
            raise
        return cls(database, Archive(data_dir.resolve() / "archive"))

    def healthy(self) -> bool:
        """Whether the database answers."""
        try:
            with self.database.reading() as connection:
                connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            return False
        return True

    def close(self) -> None:
        self.database.close()
