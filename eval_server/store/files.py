"""Uploaded files under the data folder, named by what they hold."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

CHUNK = 1 << 18


class Archive:
    """A folder of files by SHA-256: written aside, flushed to disk, then renamed into place."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._aside = folder / "incoming"
        self._aside.mkdir(parents=True, exist_ok=True)
        if not (folder / "ff").is_dir():
            for number in range(256):
                (folder / f"{number:02x}").mkdir(exist_ok=True)
            _flush(folder)

    def sweep(self) -> None:
        """Remove what uploads that were cut short left aside."""
        for left in self._aside.iterdir():
            left.unlink(missing_ok=True)

    def keep(self, source: BinaryIO) -> str:
        """Take in a file; it is durable on return, under the digest that is returned."""
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
            self._place(aside, self.path(digest.hexdigest()))
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
        return digest.hexdigest()

    def path(self, digest: str) -> Path:
        """Where the file of this digest lies; raises ValueError for anything that is no digest."""
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise ValueError(f"expected a SHA-256 in hexadecimal, found {digest!r}")
        return self._folder / digest[:2] / digest

    def files(self) -> Iterator[Path]:
        """Every file that is kept, in the order of the names."""
        for folder in sorted(self._folder.glob("[0-9a-f][0-9a-f]")):
            yield from sorted(folder.iterdir())

    def read(self, digest: str) -> bytes:
        return self.path(digest).read_bytes()

    def _place(self, aside: Path, final: Path) -> None:
        if final.exists():
            aside.unlink()
            return
        aside.rename(final)
        _flush(final.parent)


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
