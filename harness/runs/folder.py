"""A run's folder: what lies where, how it is written, and how far the run has come."""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from harness.errors import DataWrong
from submissions.writing import write_whole


class Status(StrEnum):
    """How far a run has come; there are no other words for it."""

    PLANNED = "planned"
    FITTING = "fitting"
    INTERRUPTED = "interrupted"
    FAILED = "failed"
    FITTED = "fitted"
    PREDICTED = "predicted"
    PACKED = "packed"


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a JSON document whole."""
    write_whole(path, json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in this file; raises `DataWrong` where it holds anything else."""
    try:
        return _object(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise DataWrong(f"{path} is damaged: {error}", "Start the run over with --fresh.") from error


def _object(text: bytes) -> dict[str, Any]:
    document = json.loads(text)
    if not isinstance(document, dict):
        raise ValueError(f"expected a JSON object, found a {type(document).__name__}")
    return document


@dataclass(frozen=True, slots=True)
class RunFolder:
    """`runs/<entry>-<split>-seed<k>-<key>/`: one run, whole or on its way."""

    path: Path

    @property
    def plan(self) -> Path:
        return self.path / "plan.json"

    @property
    def history(self) -> Path:
        return self.path / "history.jsonl"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def fitted(self) -> Path:
        return self.path / "fitted"

    @property
    def predictions(self) -> Path:
        return self.path / "predictions.csv"

    @property
    def manifest(self) -> Path:
        return self.path / "manifest.json"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics.json"

    @property
    def card(self) -> Path:
        return self.path / "card.md"

    def submission(self, *, partial: bool) -> Path:
        """The zip; one of a partial run says so in its name."""
        return self.path / ("submission-partial.zip" if partial else "submission.zip")

    def status(self) -> Status:
        """What `status.json` says; a run that has none is only planned."""
        try:
            return Status(json.loads((self.path / "status.json").read_bytes())["status"])
        except (FileNotFoundError, KeyError, TypeError, ValueError, RecursionError):
            return Status.PLANNED

    def mark(self, status: Status, **facts: Any) -> None:
        """Set the status, with facts beside it (a reason, a place)."""
        write_json(self.path / "status.json", {"status": status.value, **facts})

    def start_over(self) -> None:
        """Throw away all that an earlier try left."""
        for item in self.path.iterdir():
            if item.name == ".lock":
                continue
            if item.is_dir():
                shutil.rmtree(item)
            else:
                item.unlink()

    def recorder(self) -> Callable[[Mapping[str, Any]], None]:
        """Writes events into `history.jsonl`; one with the epoch of an earlier one replaces it."""
        lines: dict[Any, Mapping[str, Any]] = {}
        if self.history.exists():
            for event in self._events():
                lines[event.get("epoch", len(lines))] = event

        def record(event: Mapping[str, Any]) -> None:
            lines[event.get("epoch", f"event {len(lines)}")] = event
            write_whole(self.history, "".join(json.dumps(line) + "\n" for line in lines.values()))

        return record

    def _events(self) -> list[dict[str, Any]]:
        """What `history.jsonl` holds; raises `DataWrong` where it was damaged from outside."""
        try:
            return [_object(line) for line in self.history.read_bytes().splitlines()]
        except (ValueError, RecursionError) as error:
            raise DataWrong(
                f"{self.history} is damaged: {error}", "Start the run over with --fresh."
            ) from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run for this process; a second one is told, and harms nothing."""
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / ".lock").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise DataWrong(
                    f"another process is at work on {self.path}",
                    "Wait until it has ended, or choose another --seed or --runs folder.",
                ) from None
            yield

    @contextmanager
    def written_aside(self, target: Path) -> Iterator[Path]:
        """An empty folder that becomes `target` when all went well, and vanishes otherwise."""
        aside = target.with_name(f".{target.name}.aside")
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        try:
            yield aside
            shutil.rmtree(target, ignore_errors=True)
            aside.replace(target)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
