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
from submissions.manifest import Manifest, ManifestInvalid
from submissions.sealing import SealBroken, marked, require_marked
from submissions.writing import to_disk, write_whole


class Status(StrEnum):
    """How far a run has come; there are no other words for it."""

    PLANNED = "planned"
    FITTING = "fitting"
    INTERRUPTED = "interrupted"
    FAILED = "failed"
    FITTED = "fitted"
    PREDICTED = "predicted"
    PACKED = "packed"


ANEW = "Delete it and give the same command again: it is made anew. Or start the run over with --fresh."
"""How to mend a file that follows from others."""


_TOLD_ONLY = "Delete it: it only tells of the epochs. Or start the run over with --fresh."


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a JSON document whole, with its own SHA-256 among its keys."""
    write_whole(path, json.dumps(marked(document), indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in this file, without its seal; raises `DataWrong` where it is not as written.

    Documents of runs made before 0.1.1 carry no seal and are read as they are.
    """
    try:
        return require_marked(path, _object(path.read_bytes()))
    except (ValueError, RecursionError) as error:
        raise DataWrong(f"{path} is damaged: {error}", ANEW) from error
    except SealBroken as broken:
        raise DataWrong(str(broken), ANEW) from broken


def read_manifest(path: Path) -> Manifest:
    """The manifest of a run; raises `DataWrong` where it is none, or was changed since."""
    document = read_json(path)
    try:
        return Manifest.from_json(json.dumps(document))
    except ManifestInvalid as error:
        raise DataWrong(f"{path} is no manifest: {error}", ANEW) from error


def _object(text: bytes) -> dict[str, Any]:
    document = json.loads(text)
    if not isinstance(document, dict):
        raise ValueError(f"expected a JSON object, found a {type(document).__name__}")
    return document


class AtWork(DataWrong):
    """Another process holds the run."""


@dataclass(frozen=True, slots=True)
class RunFolder:
    """`runs/<entry>-<split>-seed<k>-<key>/`: one run, whole or on its way.

    `key` is the SHA-256 of the run's identity, of which the name holds the first digits; what is
    written there carries it, so that a file of another run is known (empty: do not look).
    """

    path: Path
    key: str = ""

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
        """How far the run came; one that has no `status.json` is only planned.

        A fit that nobody is at work on any more was interrupted. Raises `DataWrong` where the file is
        not as it was written.
        """
        try:
            status = Status(self.read(self.path / "status.json").get("status", ""))
        except FileNotFoundError:
            return Status.PLANNED
        except ValueError as error:
            raise DataWrong(f"{self.path / 'status.json'} is damaged: {error}", ANEW) from error
        return Status.INTERRUPTED if status is Status.FITTING and not self.at_work() else status

    def mark(self, status: Status, **facts: Any) -> None:
        """Set the status, with facts beside it (a reason, a place)."""
        self.write(self.path / "status.json", {"status": status.value, **facts})

    def write(self, path: Path, document: Mapping[str, Any]) -> None:
        """Write one of the run's documents, sealed, with the run's key."""
        write_json(path, {**document, "key": self.key} if self.key else document)

    def read(self, path: Path) -> dict[str, Any]:
        """Read one back; raises `DataWrong` where it was changed, or is that of another run."""
        document = read_json(path)
        if self.key and document.get("key") != self.key:
            raise DataWrong(f"{path} belongs to another run", ANEW)
        return document

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
            for event in self.events():
                lines[event.get("epoch", len(lines))] = event

        def record(event: Mapping[str, Any]) -> None:
            lines[event.get("epoch", f"event {len(lines)}")] = event
            written = (json.dumps(marked({**line, "key": self.key})) + "\n" for line in lines.values())
            write_whole(self.history, "".join(written))

        return record

    def events(self) -> list[dict[str, Any]]:
        """What `history.jsonl` holds; raises `DataWrong` where a line is not as it was written."""
        try:
            events = [
                require_marked(self.history, _object(line)) for line in self.history.read_bytes().splitlines()
            ]
        except (ValueError, RecursionError) as error:
            raise DataWrong(f"{self.history} is damaged: {error}", _TOLD_ONLY) from error
        except SealBroken as broken:
            raise DataWrong(str(broken), _TOLD_ONLY) from broken
        if any(event.pop("key", "") != self.key for event in events):
            raise DataWrong(f"{self.history} belongs to another run", _TOLD_ONLY)
        return events

    def at_work(self) -> bool:
        """Whether a process holds the run."""
        try:
            with (self.path / ".lock").open() as handle:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run for this process; a second one is told, and harms nothing."""
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / ".lock").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AtWork(
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
            for path in (*aside.rglob("*"), aside):
                to_disk(path)
            shutil.rmtree(target, ignore_errors=True)
            aside.replace(target)
            to_disk(target.parent)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
