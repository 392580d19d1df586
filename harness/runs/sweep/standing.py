"""How far a run of a sweep has come, as its folder tells: the same for processes here and on a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.errors import DataWrong
from harness.runs.folder import RunFolder, Status, read_json
from harness.runs.sweep.jobs import Ended, Job


@dataclass(frozen=True, slots=True)
class RunProgress:
    """One row of the table of runs; `state` is in words."""

    entry: str
    seed: int
    state: str
    weighted_f1: float | None = None
    seconds: float | None = None


def standing(job: Job, ended: Ended | None, *, out: bool) -> RunProgress:
    """Where a run stands: done before, ended, at work, or waiting."""
    if ended is not None:
        return RunProgress(job.entry, job.seed, ended.end.value, ended.weighted_f1, ended.seconds)
    if job.done:
        return RunProgress(job.entry, job.seed, "done before", _weighted_f1(job))
    return RunProgress(job.entry, job.seed, _at_work(job) if out else "to do")


def _at_work(job: Job) -> str:
    folder = job.folder
    try:
        status = Status(read_json(folder.path / "status.json")["status"])
    except (DataWrong, OSError, KeyError, ValueError):
        return "handed out"
    return f"fitting{_epoch(folder)}" if status is Status.FITTING else status.value


def _epoch(folder: RunFolder) -> str:
    """The last epoch that has ended."""
    try:
        lines = folder.history.read_bytes().splitlines()
    except OSError:
        return ""
    return f", epoch {len(lines)} done" if lines else ""


def _weighted_f1(job: Job) -> float | None:
    try:
        metrics: dict[str, Any] = read_json(job.request.runs_root / job.run / "metrics.json")
        return float(metrics["metrics"]["weighted_f1"])
    except (DataWrong, OSError, KeyError, TypeError, ValueError):
        return None
