"""Runs that were begun by the same command, and why this one does not go on with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import DataWrong
from harness.runs.folder import read_json

_ASKED = ("entry", "settings", "weights", "split", "seed", "select", "shared_cells", "limit")
"""What of a run's identity the command names; the rest is what it found."""

_FOUND = {
    "defined_in": "another model",
    "source_sha256": "model",
    "entry_version": "model",
    "train_sha256": "data",
    "validation_sha256": "data",
    "test_sha256": "data",
    "crops": "decoding of images",
}
"""What a run found, and what it is called where it changed."""


_MOST = 3
"""How many files stand for a long list of changed ones."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A run of the same command in another folder, and what changed since; `files` are those of the model."""

    run: str
    changed: tuple[str, ...]
    files: tuple[str, ...] = ()

    def __str__(self) -> str:
        begins = f"since run {self.run}: that one is kept, a new one begins"
        if "unknown" in self.changed:
            return f"run {self.run} does not say which code made it: it is kept, a new one begins"
        if "another model" in self.changed:
            return f"run {self.run} is of another model of this name: it is kept, a new one begins"
        more = f" and {len(self.files) - _MOST} more" if len(self.files) > _MOST else ""
        files = f" ({', '.join(self.files[:_MOST])}{more})" if self.files else ""
        return f"{' and '.join(self.changed)} changed{files} {begins}"


def earlier_run(path: Path, identity: Mapping[str, Any], files: Mapping[str, str]) -> Earlier | None:
    """The latest other run of the same command, where the run at `path` is not there yet."""
    if path.exists():
        return None
    stem = path.name.rpartition("-")[0]
    plans = sorted(path.parent.glob(f"{stem}-*/plan.json"), key=_time, reverse=True)
    return next((_compared(plan, old, identity, files) for plan, old in _read(plans, identity)), None)


def _time(plan: Path) -> float:
    return plan.stat().st_mtime


def _read(plans: list[Path], identity: Mapping[str, Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The plans that can be read and asked for the same."""
    for plan in plans:
        try:
            old = read_json(plan)
        except (DataWrong, OSError):
            continue  # `harness runs` names it
        same_way = ("fit_of" in old) == ("fit_of" in identity)
        if same_way and all(old.get(name) == identity[name] for name in _ASKED):
            yield plan, old


def _compared(
    plan: Path, old: Mapping[str, Any], identity: Mapping[str, Any], files: Mapping[str, str]
) -> Earlier:
    run = plan.parent.name
    if "source_sha256" not in old:
        return Earlier(run, ("unknown",))
    changed = tuple(dict.fromkeys(word for name, word in _FOUND.items() if old.get(name) != identity[name]))
    before = old.get("source", {})
    names = sorted({*before, *files}) if isinstance(before, dict) else []
    return Earlier(run, changed, tuple(name for name in names if before.get(name) != files.get(name)))
