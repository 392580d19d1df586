"""TensorBoard's event files of a run, written by its own library from `history.jsonl`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.runs.followers import Event, numbers


class Tensorboard:
    """One event file in a folder, begun anew by each process, so that no epoch stands there twice."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shown: dict[int, Event] = {}
        self._writer = self._begun()

    def _begun(self) -> Any:
        from tensorboard.summary import Writer

        self._folder.mkdir(parents=True, exist_ok=True)
        for old in self._folder.glob("events.out.tfevents.*"):
            old.unlink()
        self._shown.clear()
        return Writer(str(self._folder))

    def follow(self, events: Sequence[Event]) -> None:
        """Write the epochs that are not there yet; where one was learnt anew otherwise, all of them."""
        if any(self._shown.get(int(event["epoch"]), event) != event for event in events):
            self._writer.close()
            self._writer = self._begun()
        for event in events:
            epoch = int(event["epoch"])
            if epoch not in self._shown:
                self._add(numbers(event), epoch)
                self._shown[epoch] = event

    def result(self, metrics: Mapping[str, float], epoch: int) -> None:
        """Write what the run is worth under ``result/``."""
        self._add({f"result/{name}": value for name, value in metrics.items()}, epoch)

    def close(self, *, well: bool) -> None:
        self._writer.close()

    def _add(self, values: Mapping[str, float], epoch: int) -> None:
        for name, value in values.items():
            self._writer.add_scalar(name, value, step=epoch)
        self._writer.flush()
