"""The errors that a user can mend, and the exit code of each.

HarnessError                 exit  shown without a traceback, with a hint
├── UsageWrong                  2  the command line asks for something that does not exist
├── DataWrong                   3  the cells, a label file or a run folder are not as they must be
├── Unavailable                 4  an entry, a package or weights are not there
├── Refused                     5  a submission that would not be taken
└── ServerTrouble               6  the evaluation server or Codabench did not do its part

Everything else keeps its traceback and exits with 1: it is a bug.
"""

from __future__ import annotations

import sys
from typing import ClassVar


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
    """The exit code of an error a user can mend, None for a bug.

    The other packages have errors of their own, because they do not know this one; their modules
    are looked up only where they were imported already.
    """
    if isinstance(error, HarnessError):
        return error.exit_code
    for module, names, code in _FOREIGN:
        kinds = tuple(getattr(sys.modules[module], name) for name in names) if module in sys.modules else ()
        if isinstance(error, kinds):
            return code
    return None


_FOREIGN = (
    ("submissions.problems", ("SubmissionRefused",), Refused.exit_code),
    ("submissions.manifest", ("ManifestInvalid",), DataWrong.exit_code),
    ("eval_server.truth", ("TruthInvalid",), DataWrong.exit_code),
    ("eval_server.judging", ("PhasesDiffer",), DataWrong.exit_code),
    ("eval_server.comparing", ("EntriesDiffer",), DataWrong.exit_code),
    ("models.contract", ("EntryUnavailable",), Unavailable.exit_code),
    ("models.contract", ("SettingInvalid",), UsageWrong.exit_code),
    ("models.contract", ("CellsUnfit",), DataWrong.exit_code),
)
