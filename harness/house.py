"""Our packages come from one place, whatever lies in the working folder or on `PYTHONPATH`.

This runs before anything else of ours, so it trusts nothing but what Python has loaded at its start.
"""

from __future__ import annotations

import importlib
import os
import sys
from importlib.machinery import ModuleSpec

HOUSE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
"""The folder that holds `harness`, and the other packages beside it."""

ROOMS = ("submissions", "models", "eval_server")


def keep_together() -> None:
    """Let the packages that stand beside `harness` be found first, and load them.

    Folders on the path that hold others of these names come last then, so they go on serving the rest of
    what lies in them. Raises `ImportError` where another one was imported already.
    """
    if not all(_is_ours(_spec(room)) for room in ROOMS):
        strangers = [entry for entry in sys.path if _is_in_the_way(entry)]
        kept = [entry for entry in sys.path if entry not in strangers]
        sys.path[:] = [*kept, *([] if HOUSE in kept else [HOUSE]), *strangers]
    for room in ROOMS:
        loaded = importlib.import_module(room)
        if not _is_ours(loaded.__spec__):
            raise ImportError(_words(room, loaded.__spec__), name=room)


def leave_working_folder() -> None:
    """Take back that ``python -m`` puts the working folder on the path."""
    if not sys.flags.safe_path and (folder := _working_folder()) in sys.path:
        sys.path.remove(folder)
        keep_together()


def _working_folder() -> str:
    try:
        return os.getcwd()
    except OSError:  # it was removed meanwhile
        return ""


def _spec(room: str) -> ModuleSpec | None:
    """What an import would find, whether or not it is loaded already."""
    finders = [finder for finder in sys.meta_path if hasattr(finder, "find_spec")]
    found = (finder.find_spec(room, None) for finder in finders)
    return next((spec for spec in found if spec is not None), None)


def _is_ours(spec: ModuleSpec | None) -> bool:
    return spec is not None and _folder(spec) == HOUSE


def _folder(spec: ModuleSpec) -> str:
    """The folder that a package lies in."""
    places = list(spec.submodule_search_locations or [spec.origin or ""])
    return os.path.dirname(os.path.realpath(places[0])) if places else ""


def _is_in_the_way(entry: str) -> bool:
    if os.path.realpath(entry) == HOUSE:
        return False
    paths = [os.path.join(entry, room) for room in ROOMS]
    return any(os.path.isdir(path) or os.path.isfile(f"{path}.py") for path in paths)


def _words(room: str, spec: ModuleSpec | None) -> str:
    where = os.path.join(_folder(spec), room) if spec else "one without a place"
    return (
        f"the package {room!r} that was imported before is {where}; the harness needs its own in {HOUSE}. "
        f"Write `import harness` before anything that imports {room}, or rename that folder."
    )
