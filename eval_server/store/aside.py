"""A folder written aside, until it takes its name; what a killed process left of one is removed."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def folder_aside(parent: Path, prefix: str) -> Iterator[Path]:
    """A new folder in `parent`, for this user alone, which is gone afterwards unless it was renamed.

    It is locked as long as its process lives. What a killed one left there has no lock, and is removed first:
    nothing else may have a name that begins with `prefix`.
    """
    _clear_left_over(parent, prefix)
    aside, held = _new(parent, prefix)
    try:
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        os.close(held)


def _new(parent: Path, prefix: str) -> tuple[Path, int]:
    """A folder and its lock; one that a neighbour removed before it was locked is made again."""
    while True:
        aside = Path(tempfile.mkdtemp(dir=parent, prefix=prefix))
        with suppress(FileNotFoundError):
            held = os.open(aside, os.O_RDONLY)
            with suppress(OSError):  # a disk without locks, on which nothing is taken for left over
                fcntl.flock(held, fcntl.LOCK_EX)
            if aside.exists():
                return aside, held
            os.close(held)


def _clear_left_over(parent: Path, prefix: str) -> None:
    found: list[Path] = []
    with suppress(OSError):  # making a folder in it tells what is wrong
        found = [path for path in parent.iterdir() if path.name.startswith(prefix)]
    for left in found:
        with suppress(OSError):  # held, another user's, or gone by now
            _remove_unless_held(left)


def _remove_unless_held(left: Path) -> None:
    """Remove a folder whose lock is free; raises `OSError` where a process holds it."""
    folder = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(left, ignore_errors=True)
    finally:
        os.close(folder)
