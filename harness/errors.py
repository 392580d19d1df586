"""The errors that a user can mend, and the exit code of each.

HarnessError                 exit  shown without a traceback, with a hint
├── UsageWrong                  2  the command line asks for something that does not exist
├── DataWrong                   3  the cells, a label file, a run folder or any path are not as they must be
├── Unavailable                 4  an entry, a package or weights are not there, or an entry's own file fails
├── Refused                     5  a submission that would not be taken
└── ServerTrouble               6  the evaluation server or Codabench did not do its part

Everything else keeps its traceback and exits with 1: it is a bug.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from models.imports import Lack


class HarnessError(Exception):
    """Something the user can mend; `hint` says how."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageWrong(HarnessError):
    exit_code = 2


class DataWrong(HarnessError):
    exit_code = 3


class Unavailable(HarnessError):
    exit_code = 4


class Refused(HarnessError):
    exit_code = 5


class ServerTrouble(HarnessError):
    exit_code = 6


INTERRUPTED = 130


def exit_code_of(error: Exception) -> int | None:
    """The exit code of an error a user can mend, and of a fault in an entry's own file; None for a bug."""
    code = _code_of_kind(error)
    return Unavailable.exit_code if code is None and fault_of_entry(error) else code


def _code_of_kind(error: Exception) -> int | None:
    """That of the error's own kind.

    The other packages have errors of their own, because they do not know this one; their modules
    are looked up only where they were imported already.
    """
    if isinstance(error, HarnessError):
        return error.exit_code
    for module, names, code in _FOREIGN:
        kinds = tuple(getattr(sys.modules[module], name) for name in names) if module in sys.modules else ()
        if isinstance(error, kinds):
            return code
    if _lack(error):
        return Unavailable.exit_code
    return DataWrong.exit_code if isinstance(error, UnicodeDecodeError) or _names_path(error) else None


def words_of(error: Exception) -> tuple[str, str]:
    """What is wrong and how to mend it, for an error that has an exit code."""
    if isinstance(error, UnicodeDecodeError):
        byte = error.object[error.start]
        found = f"expected text in UTF-8, found the byte 0x{byte:02x} at offset {error.start}"
        return found, "Save the file that you named as UTF-8."
    if isinstance(error, OSError) and _names_path(error):
        return _words_of_path(error)
    if lack := _lack(error):
        return lack.message, lack.hint
    if fault := fault_of_entry(error):
        return fault.message, fault.hint
    return str(error), getattr(error, "hint", "")


def fault_of_entry(error: Exception) -> Lack | None:
    """Where a file of an entry went wrong; its author needs the traceback all the same."""
    from models.faults import fault_of

    return fault_of(error) if _code_of_kind(error) is None else None


def _lack(error: Exception) -> Lack | None:
    """What is not installed, or not beside an entry's file; None for a failed import of our own."""
    from models.imports import lack_of

    return lack_of(error, strangers=False)


def _names_path(error: Exception) -> bool:
    """Whether the operating system refused a path; its other errors are bugs until shown otherwise."""
    return isinstance(error, OSError) and error.errno is not None and error.filename is not None


def _words_of_path(error: OSError) -> tuple[str, str]:
    path = os.fsdecode(error.filename2 or error.filename)
    if error.errno in _NO_ROOM:
        return f"{path} cannot be written, there is no room: {error.strerror}", MAKE_ROOM
    for kind, expected, hint in _PATHS:
        if isinstance(error, kind):
            return f"{path}: expected {expected}, found: {error.strerror}", hint
    return (
        f"{path}: expected a path that can be read or written, found: {error.strerror}",
        "Name another path.",
    )


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
MAKE_ROOM = "Make room on that disk, raise the limit on the size of files, or write to another disk."
"""How to mend a write that found no room."""

_PATHS = (
    (FileNotFoundError, "a file or folder that is there", "Look for a slip in the path, or make its folder."),
    (IsADirectoryError, "a file", "Name a file, not a folder."),
    (NotADirectoryError, "a folder on the way", "Name a path that leads through folders only."),
    (FileExistsError, "a folder, or nothing yet", "Name another path, or move what lies there."),
    (PermissionError, "leave to read or write", "Change its permissions, or name another path."),
)


_FOREIGN = (
    ("submissions.problems", ("SubmissionRefused",), Refused.exit_code),
    ("submissions.sealing", ("SealBroken",), DataWrong.exit_code),
    ("submissions.manifest", ("ManifestInvalid",), DataWrong.exit_code),
    ("eval_server.judging.truth", ("TruthInvalid",), DataWrong.exit_code),
    ("eval_server.judging.verdict", ("PhasesDiffer",), DataWrong.exit_code),
    ("eval_server.judging.comparing", ("EntriesDiffer",), DataWrong.exit_code),
    ("models.contract", ("EntryUnavailable",), Unavailable.exit_code),
    ("models.contract", ("SettingInvalid",), UsageWrong.exit_code),
    ("models.contract", ("CellsUnfit",), DataWrong.exit_code),
    ("eval_server.store.files", ("NoRoom",), DataWrong.exit_code),
)
