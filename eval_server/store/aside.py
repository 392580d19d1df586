"""A folder written aside, until it takes its name; what a killed process left of one is removed."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

UNFINISHED = ".course-unfinished-"
"""How the names of these folders begin; nothing else may be called so, because it would be removed."""


@contextmanager
def folder_aside(parent: Path) -> Iterator[Path]:
    """A new folder in `parent`, for this user alone, which is gone afterwards unless it was renamed.

    It is locked as long as its process lives. What a killed one left there has no lock, and is removed first.
    """
    _clear_left_over(parent)
    aside, held = _new(parent)
    try:
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        os.close(held)


def _new(parent: Path) -> tuple[Path, int]:
    """A folder and its lock; one that a neighbour removed before it was locked is made again."""
    while True:
        aside = Path(tempfile.mkdtemp(dir=parent, prefix=UNFINISHED))
        with suppress(FileNotFoundError):
            held = os.open(aside, os.O_RDONLY)
            with suppress(OSError):  # a disk without locks, on which nothing is taken for left over
                fcntl.flock(held, fcntl.LOCK_EX)
            if aside.exists():
                return aside, held
            os.close(held)


def _clear_left_over(parent: Path) -> None:
    for left in parent.glob(f"{UNFINISHED}*"):
        with suppress(OSError):  # another user's, or gone by now
            _remove_unless_held(left)


def _remove_unless_held(left: Path) -> None:
    """Remove a folder whose lock is free; raises `OSError` where a process holds it."""
    folder = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(left, ignore_errors=True)
    finally:
        os.close(folder)
