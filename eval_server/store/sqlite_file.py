"""The file of an SQLite database: its owner's alone, and the same for as long as a server has it open."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from datetime import datetime
from pathlib import Path

BESIDE = ("", "-wal", "-shm", "-journal")
"""What SQLite keeps under a database's name."""


class SqliteFile:
    """Watches that the file under this name stays the one that was opened, and grows only."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._inode: int | None = None
        self._largest = 0

    def unfit(self) -> str | None:
        """Why this cannot be used as a database's file; None where it can, or where there is none yet."""
        if self.path.is_dir():
            return "is a folder, not a database"
        if self.path.exists() and not (self.path.stat().st_mode & 0o200 and os.access(self.path, os.W_OK)):
            return "is read-only"
        return None

    def make(self) -> None:
        """Make the file where there is none, and in any case keep it from everybody but its owner.

        One that is there is never opened here: closing it would end the locks that SQLite holds on it in
        this process, and another one would then take itself for the last and remove the log beside it.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with suppress(FileExistsError):
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDONLY, 0o600))
        mode = self.path.stat().st_mode
        if mode & 0o077:
            self.path.chmod(mode & 0o700)

    def begin(self) -> None:
        """Take the file as it is now for the right one."""
        found = self.path.stat()
        self._inode, self._largest = found.st_ino, found.st_size

    def trouble(self) -> str | None:
        """What happened to the file under the server; None when nothing did."""
        if self._inode is None:
            return None
        try:
            found = self.path.stat()
        except OSError:
            return "its file is gone"
        if found.st_ino != self._inode:
            return "its file was replaced while it was open"
        if found.st_size < self._largest:
            return f"its file was cut from {self._largest:,} to {found.st_size:,} bytes"
        self._largest = found.st_size
        return None

    def tables(self) -> set[str]:
        """The tables in the file, none where it is missing or empty, read without changing it."""
        if not self.path.is_file() or not self.path.stat().st_size:
            return set()
        connection = sqlite3.connect(f"{self.path.as_uri()}?mode=ro", uri=True, timeout=30)
        try:
            rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            return {name for (name,) in rows if not name.startswith("sqlite_")}
        finally:
            connection.close()

    def put_aside(self, now: datetime) -> Path | None:
        """Rename what is left, so that another database can begin here; returns where it lies now."""
        aside = f"{self.path.name}.{now:%Y%m%dT%H%M%S%f}.aside"
        there = [end for end in BESIDE if self.path.with_name(self.path.name + end).is_file()]
        for end in there:
            self.path.with_name(self.path.name + end).rename(self.path.with_name(aside + end))
        self._inode = None
        return self.path.with_name(aside) if there else None
