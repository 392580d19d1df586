"""A failed import in words: which file imports what, where it was looked for, and what to do."""

from __future__ import annotations

import importlib
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path

from models import entry_files
from models.extras import extra_of, install_command

_MISMATCH = "operator torchvision::nms does not exist"
"""What a torchvision says that was built for another torch."""

_MACHINERY = ("<frozen importlib", entry_files.__file__, importlib.__file__)


@dataclass(frozen=True, slots=True)
class Lack:
    """What is missing, and how to mend that."""

    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class _Place:
    """A line that asks for an import; `users`: it is one of a file beside an entry's, or of that itself."""

    file: str
    line: int
    users: bool


def lack_of(error: BaseException, *, strangers: bool = True) -> Lack | None:
    """Why an import failed; None where that is not what an error says, or there is nothing to say.

    Without `strangers`, of the packages that are none of ours only those count that a user's file asks for.
    An installation is proposed for the packages of our extras alone: any other name may be a stranger's.
    """
    if _MISMATCH in str(error):
        return Lack(f"torch and torchvision do not match: {error}", "`harness doctor` says how to mend it.")
    if not isinstance(error, ImportError):
        return None
    name = entry_files.plain_name(error.name or "")
    top = name.partition(".")[0]
    extra = extra_of(top) if isinstance(error, ModuleNotFoundError) else None
    if extra is not None:
        return Lack(f"the package {top} is missing", f"Type: {install_command(extra)}")
    place = _place(error)
    if place is None or not name or not (strangers or place.users):
        return None
    return _words(error, name, place)


def _words(error: ImportError, name: str, place: _Place) -> Lack:
    at, folder = f"{place.file}, line {place.line}", Path(place.file).parent
    hidden = hidden_beside(error, folder)
    if not isinstance(error, ModuleNotFoundError):
        return Lack(f"{at}: {error}", hidden or "Mend the import.")
    return Lack(f"{at}, imports {name}, which is not there", hidden or _where(name, folder))


def _where(name: str, folder: Path) -> str:
    top = name.partition(".")[0]
    if top in entry_files.OURS:
        return f"{top} is a package of the harness, and has no such module: mend the import."
    return (
        f"Looked for in {folder} and among the packages of {sys.prefix}. {top} is no package of the harness: "
        "mend the import, or install what its author names."
    )


def hidden_beside(error: BaseException, folder: Path) -> str:
    """The files of a folder that an error speaks of by name and that no import looks at, as a hint."""
    words = str(error).replace("'", " ").replace(".", " ").split()
    hidden = [path for path in entry_files.passed_over(folder) if path.stem in words]
    return " ".join(
        f"Rename {path}: an import of {path.stem} never means it, the name is taken." for path in hidden
    )


def _place(error: BaseException) -> _Place | None:
    """The innermost line that an error passed through, the machinery of imports left out."""
    lines = [
        _Place(frame.f_code.co_filename, line, entry_files.is_beside(frame.f_globals.get("__name__", "")))
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    return next((one for one in reversed(lines) if not one.file.startswith(_MACHINERY)), None)
