"""Uploaded files under the data folder, named by what they hold."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

CHUNK = 1 << 18
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""How a system says that there is no room: on the disk, in a quota, in a limit of file sizes."""


class NoRoom(Exception):
    """Nothing was kept, because there is no room for it; `hint` says what to do."""

    def __init__(self, what: str, found: object) -> None:
        super().__init__(f"expected room on the disk for {what}, found: {found}")
        self.hint = "Make room on its disk, then try once more."


def lacks_room(error: BaseException) -> bool:
    """Whether the system could not write for want of room."""
    return isinstance(error, NoRoom) or (isinstance(error, OSError) and error.errno in FULL)


@contextmanager
def room_for(what: str) -> Iterator[None]:
    """Raise `NoRoom` where the system says that there is none for what is written here."""
    try:
        yield
    except OSError as error:
        if lacks_room(error):
            raise NoRoom(what, error.strerror) from error
        raise


class FileDamaged(Exception):
    """A file of the archive that is missing, or does not hold what was taken in under its name."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"archive/{path.parent.name}/{path.name} {why}")
        self.brief = f"its file {path.name[:12]}… {why}"


class KeptFiles:
    """A folder of files by SHA-256: written aside, flushed to disk, then renamed into place."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._aside = folder / "incoming"
        self._aside.mkdir(parents=True, exist_ok=True)
        if not (folder / "ff").is_dir():
            for number in range(256):
                (folder / f"{number:02x}").mkdir(exist_ok=True)
            flush_folder(folder)

    def sweep(self) -> None:
        """Remove what uploads that were cut short left aside."""
        for left in self._aside.iterdir():
            left.unlink(missing_ok=True)

    def keep(self, source: BinaryIO) -> str:
        """Take in a file; it is durable on return, under the digest that is returned. Raises `NoRoom`."""
        with room_for("the archive"):
            return self._kept(source)

    def _kept(self, source: BinaryIO) -> str:
        digest = hashlib.sha256()
        handle, name = tempfile.mkstemp(dir=self._aside)
        aside = Path(name)
        try:
            with os.fdopen(handle, "wb") as target:
                while chunk := source.read(CHUNK):
                    digest.update(chunk)
                    target.write(chunk)
                target.flush()
                os.fsync(target.fileno())
            self._place(aside, digest.hexdigest())
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
        return digest.hexdigest()

    def path(self, digest: str) -> Path:
        """Where the file of this digest lies; raises ValueError for anything that is no digest."""
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise ValueError(f"expected a SHA-256 in hexadecimal, found {digest!r}")
        return self.folder / digest[:2] / digest

    def whole(self, digest: str) -> Path:
        """Where the file of this digest lies, once its content was found to be what was taken in.

        Raises `FileDamaged` where it is missing, cannot be read, or was changed.
        """
        path = self.path(digest)
        try:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            raise FileDamaged(path, "is missing") from None
        except OSError as error:
            raise FileDamaged(path, f"cannot be read: {error.strerror or error}") from error
        if found != digest:
            raise FileDamaged(path, "was changed: its SHA-256 is not its name")
        return path

    def read(self, digest: str) -> bytes:
        """The content of the file; raises `FileDamaged` as `whole` does."""
        return self.whole(digest).read_bytes()

    def any(self) -> bool:
        """Whether a file was ever kept here."""
        return any(any(folder.iterdir()) for folder in self.folder.glob("[0-9a-f][0-9a-f]"))

    def _place(self, aside: Path, digest: str) -> None:
        """Give the file its name; one that lies there already is kept while it is whole."""
        try:
            self.whole(digest)
            aside.unlink()
        except FileDamaged:
            final = self.path(digest)
            aside.replace(final)
            flush_folder(final.parent)


def flush_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
