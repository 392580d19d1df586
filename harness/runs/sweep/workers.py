"""The workers of a Dask cluster: which could do a run, whether there is one, and how each death counts."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from dask.typing import Key
from distributed import Client

from harness import console
from harness.runs.sweep.jobs import Job

_GRACE = 5.0
"""Seconds without a worker before that is said: one that died is started again by its nanny meanwhile."""

Worker = Mapping[str, Any]


def workers_of(client: Client) -> Sequence[Worker]:
    """The workers that take tasks now; none where the scheduler is lost meanwhile."""
    try:
        workers = client.scheduler_info(n_workers=-1)["workers"].values()
    except OSError:
        return ()
    return [one for one in workers if one.get("status", "running") == "running"]


def able(workers: Sequence[Worker], job: Job) -> Sequence[Worker]:
    """Those that could do this run."""
    return _with_gpu(workers) if wants_gpu(workers, job) else workers


def wants_gpu(workers: Sequence[Worker], job: Job) -> bool:
    """Whether a run is to be given a GPU: its device is one, or may be any and somebody offers one."""
    asked = job.request.device
    return asked.startswith("cuda") or (asked == "auto" and bool(_with_gpu(workers)))


def _with_gpu(workers: Sequence[Worker]) -> Sequence[Worker]:
    return [one for one in workers if one["resources"].get("GPU")]


def hear_of_deaths(client: Client, keys: Collection[Key]) -> Collection[Key]:
    """Let the first death of a worker end these tasks, whatever the scheduler allows; says for which it will.

    Dask gives a task to four workers, one after the other, before anybody hears of it. What runs at the
    scheduler is sent as a whole, so that nothing of ours has to be installed there.
    """

    def allow_none(dask_scheduler: Any = None) -> list[Key]:
        tasks = dask_scheduler.tasks
        there = [key for key in keys if key in tasks]
        for key in there:
            tasks[key].suspicious = max(tasks[key].suspicious, dask_scheduler.allowed_failures)
        return there

    try:
        return set(client.run_on_scheduler(allow_none))
    except (OSError, ValueError):  # lost meanwhile, or it runs nothing for others
        return ()


def hears_of_all_deaths(client: Client) -> bool:
    """Whether a scheduler gives no task to another worker when its own died."""

    def allows_none(dask_scheduler: Any = None) -> bool:
        return bool(dask_scheduler.allowed_failures == 0)

    try:
        return bool(client.run_on_scheduler(allows_none))
    except (OSError, ValueError):  # lost meanwhile, or it runs nothing for others
        return False


class Patience:
    """Says once that nobody is there to do a run."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._since = time.monotonic()
        self._said = False

    def saw(self, somebody: bool) -> None:
        """Whether somebody was there just now."""
        if somebody:
            self._since, self._said = time.monotonic(), False
        elif not self._said and time.monotonic() - self._since > _GRACE:
            self._said = True
            console.say(
                f"{self._address} has no worker for these runs: waiting for one "
                f"(`dask worker {self._address} --nthreads 1 --memory-limit 0`, with `--resources GPU=1` for "
                "a GPU)"
            )
