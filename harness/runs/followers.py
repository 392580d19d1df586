"""Who else is shown a run's curves while it trains: TensorBoard's files, an MLflow server.

`history.jsonl` stays the source: what a follower is shown is read from there, so that a training that goes on
shows no point twice, and one that was not followed from the beginning is shown whole.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from harness.errors import Unavailable
from harness.runs.folder import RunFolder
from models.extras import extra_of, install_command

Event = Mapping[str, Any]


class Follower(Protocol):
    """A program that shows curves. None of these methods may end a training."""

    def follow(self, events: Sequence[Event]) -> None:
        """Show what of the history is not shown yet."""

    def result(self, metrics: Mapping[str, float], epoch: int) -> None:
        """Show what the run is worth, beside its last epoch."""

    def close(self, *, well: bool) -> None:
        """The run has ended, or was stopped."""


@dataclass(frozen=True, slots=True)
class Followed:
    """What a follower is told of a run: its folder and what it is."""

    folder: RunFolder
    facts: Mapping[str, Any]

    @property
    def name(self) -> str:
        return self.folder.path.name


class Followers:
    """All followers of one run; none is fine."""

    def __init__(self, folder: RunFolder, followers: Sequence[Follower] = ()) -> None:
        self._folder, self._followers = folder, followers

    def __call__(self) -> None:
        """Show what `history.jsonl` holds by now."""
        if not (self._followers and self._folder.history.exists()):
            return
        events = [event for event in self._folder.events() if "epoch" in event]
        for follower in self._followers:
            follower.follow(events)

    def result(self, metrics: Mapping[str, float | None]) -> None:
        """Show what the run is worth."""
        if not self._followers:
            return
        there = {name: float(value) for name, value in metrics.items() if value is not None}
        events = self._folder.events() if self._folder.history.exists() else []
        last = max((int(event["epoch"]) for event in events if "epoch" in event), default=0)
        for follower in self._followers:
            follower.result(there, last)

    def close(self, *, well: bool) -> None:
        for follower in self._followers:
            follower.close(well=well)


def require_followers(*, tensorboard: bool, mlflow: str) -> None:
    """Raise `Unavailable`, before any work, where a follower's own library is not installed."""
    for asked, option, package in (
        (tensorboard, "--tensorboard", "tensorboard"),
        (bool(mlflow), "--mlflow", "mlflow"),
    ):
        if asked and importlib.util.find_spec(package) is None:
            extra = extra_of(package) or package
            raise Unavailable(f"{option} needs the package {package}", f"Type: {install_command(extra)}")


def numbers(event: Event) -> dict[str, float]:
    """The numbers of a record by name; those of a list with their place (``learning_rates/0``)."""
    found: dict[str, float] = {}
    for name, value in event.items():
        if name == "epoch" or isinstance(value, str | bool):
            continue
        if isinstance(value, int | float):
            found[name] = float(value)
        elif isinstance(value, list):
            found |= {f"{name}/{at}": float(one) for at, one in enumerate(value)}
    return found
