"""The workshop: data, runs and the command line around the models, the treaty and the judge.

``import harness`` first, and `models`, `submissions` and `eval_server` are the packages that came with it,
also in a folder that holds others of these names. The names of `__all__` are for use from Python
(``docs/python.md``); each is loaded when it is first used, so that the import itself costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness import house

house.keep_together()

if TYPE_CHECKING:
    from harness.python.data import CellSplit, split
    from harness.python.judging import Leaderboard, Score, compare, score
    from harness.python.reading import Checked, Opened, check, read
    from harness.python.running import Run, Scored, load_run

__all__ = [
    "CellSplit", "Checked", "Leaderboard", "Opened", "Run", "Score", "Scored", "check", "compare", "load_run",
    "read", "score", "split",
]  # fmt: skip

_PLACES = {
    "data": ("CellSplit", "split"),
    "judging": ("Leaderboard", "Score", "compare", "score"),
    "reading": ("Checked", "Opened", "check", "read"),
    "running": ("Run", "Scored", "load_run"),
}


if not TYPE_CHECKING:  # a type checker would take any name for one of ours

    def __getattr__(name: str) -> Any:
        from importlib import import_module

        for module, names in _PLACES.items():
            if name in names:
                globals()[name] = found = getattr(import_module(f"harness.python.{module}"), name)
                return found
        raise AttributeError(f"module 'harness' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
