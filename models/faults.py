"""A fault in an entry's own file in words: which file and line raised what."""

from __future__ import annotations

import traceback

from models import entry_files
from models.imports import Lack


def fault_of(error: BaseException) -> Lack | None:
    """Where an entry's file went wrong; None where the innermost line, packages of others aside, is ours."""
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        module = frame.f_globals.get("__name__", "")
        if entry_files.is_beside(module):
            place = f"{frame.f_code.co_filename}, line {line}, in {frame.f_code.co_name}"
            said = "".join(traceback.format_exception_only(error)).strip()
            return Lack(f"{place}: {said}", "The fault lies in that file of the entry, not in the harness.")
        if module.partition(".")[0] in entry_files.OURS:
            return None
    return None
