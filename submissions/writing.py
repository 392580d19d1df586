"""Writing a file so that nobody ever sees half of it, and so that a full disk says which file it was."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_whole(path: Path, content: bytes | str) -> None:
    """Write `content` (text as UTF-8) beside `path`, bring it to the disk, and rename it there.

    Makes the folder where it is missing; a crash leaves the old file or the new one. An `OSError` names
    `path`, also where the disk has no room.
    """
    with naming(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    try:
        with naming(path), aside.open("wb") as stream:
            stream.write(content.encode() if isinstance(content, str) else content)
            stream.flush()
            os.fsync(stream.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Around any write: an error of the system that names no file is raised again with this one.

    Python names the file where it cannot be opened, but not where there is no room for its content.
    """
    try:
        yield
    except OSError as error:
        if error.filename is not None:
            raise
        number = errno.EIO if error.errno is None else error.errno  # numpy counts bytes instead
        raise OSError(number, error.strerror or str(error), str(path)) from error


def to_disk(path: Path) -> None:
    """Bring a file's content, or the names in a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
