"""A crew on a Dask cluster, one task a run: a lost worker or scheduler costs what was not yet saved."""

from __future__ import annotations

import faulthandler
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import dask
from distributed import Client, Future, KilledWorker, LocalCluster, get_worker
from distributed.core import Status as WorkerStatus

from harness.errors import Unavailable
from harness.runs.sweep.jobs import End, Ended, Job, Lost
from harness.runs.sweep.scheduler import wait_for
from harness.runs.sweep.work import Bench
from harness.runs.sweep.workers import (
    Patience,
    Worker,
    able,
    hear_of_deaths,
    hears_of_all_deaths,
    wants_gpu,
    workers_of,
)

_CONNECT = 5.0
_POLL = 0.02
_LOOK_AGAIN = 1.0
"""Seconds after which the workers are counted anew."""

_TO_SAVE = 120.0

_bench = Bench()
_one_at_a_time = threading.Lock()
"""torch's random numbers and switches are the process's: never two runs in one of them."""


def _do(job: Job, sweep: str) -> Ended:
    """A task: the run, until the worker closes or the scheduler takes the task away."""
    worker = get_worker()
    key = worker.get_current_task()

    def stopping() -> bool:
        state = worker.state.tasks.get(key)
        open_still = worker.status in (WorkerStatus.running, WorkerStatus.paused)
        return not open_still or state is None or state.state not in ("executing", "long-running")

    if not faulthandler.is_enabled():
        faulthandler.enable()  # the worker's own words then say where it crashed
    with _one_at_a_time:
        return _bench.do(job, sweep, stopping)


@contextmanager
def local_cluster(workers: int) -> Iterator[str]:
    """The address of a cluster of this machine with so many workers, each of one run at a time.

    No task is given to another worker unseen when its own dies.
    """
    with (
        _quiet(),
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        LocalCluster(
            n_workers=workers, threads_per_worker=1, memory_limit=0, dashboard_address=None
        ) as cluster,
    ):
        yield str(cluster.scheduler_address)


@contextmanager
def _quiet() -> Iterator[None]:
    with dask.config.set({"distributed.logging.distributed": "error"}):
        yield


@dataclass(slots=True)
class _Out:
    job: Job
    future: Future
    watched: bool = False


class Cluster:
    """The workers of a Dask cluster, which see the same data, code and runs folder as this process.

    A run asks for one `GPU` where its device is one, or where it may be any and some worker offers GPUs.
    """

    def __init__(self, address: str, sweep: str) -> None:
        self._address, self._sweep = address, sweep
        self._client: Client | None = None
        self._hears_all = False
        self._out: dict[str, _Out] = {}
        self._tries = 0
        self._patience = Patience(address)
        self._workers: Sequence[Worker] = ()
        self._looked = -_LOOK_AGAIN

    def __enter__(self) -> Cluster:
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # a loss is told as an event
        self._connected()
        return self

    def __exit__(self, *_: object) -> None:
        self._disconnect()

    def free(self, job: Job) -> bool:
        """Whether some worker has nothing to do: a run that waits at a busy one would be lost with it."""
        if self._out and not self._running():
            return False  # they are told as lost first
        client = self._connected()
        if time.monotonic() - self._looked > _LOOK_AGAIN:
            self._workers, self._looked = workers_of(client), time.monotonic()
        places = able(self._workers, job)
        self._patience.saw(bool(places))
        return len(self._out) < len(places)

    def hand(self, job: Job) -> str:
        client = self._connected()
        self._tries += 1
        key = f"{job.run}-{self._sweep}-{self._tries}"
        resources = {"GPU": 1} if wants_gpu(self._workers, job) else {}
        future = client.submit(_do, job, self._sweep, key=key, pure=False, resources=resources)
        self._out[job.run] = _Out(job, future, watched=self._hears_all)
        return self._address

    def news(self, seconds: float) -> Sequence[Ended | Lost]:
        until = time.monotonic() + seconds
        while True:
            if not self._running():
                return self._all_lost()
            self._count_each_death()
            ended = [one for one in self._out.values() if one.future.done()]
            if ended or time.monotonic() > until:
                return [self._told(one) for one in ended]
            time.sleep(_POLL)

    def stop(self) -> None:
        """Take all tasks away: who is at work sees it, saves and stops."""
        runs = [one.job for one in self._out.values()]
        if self._client is not None and self._running():
            self._client.cancel([one.future for one in self._out.values()], force=True)
        self._out.clear()
        _wait_until(lambda: not any(job.folder.at_work() for job in runs), _TO_SAVE)

    def _running(self) -> bool:
        return self._client is not None and self._client.status == "running"

    def _count_each_death(self) -> None:
        """Let no task be given to another worker unseen when its own dies; tried again until it is there."""
        silent = {one.future.key for one in self._out.values() if not one.watched}
        if silent and self._client is not None:
            heard = hear_of_deaths(self._client, silent)
            for one in self._out.values():
                one.watched |= one.future.key in heard

    def _connected(self) -> Client:
        """The client; where the scheduler is not there, it is waited for."""
        if self._client is not None and self._running():
            return self._client
        self._disconnect()
        while self._client is None:
            wait_for(self._address)
            with suppress(OSError):  # it was lost again at once
                self._client = Client(self._address, timeout=_CONNECT, set_as_default=False)
                self._hears_all = hears_of_all_deaths(self._client)
        return self._client

    def _disconnect(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(Exception):  # it has nobody to say goodbye to
                client.close(timeout=2)

    def _all_lost(self) -> list[Ended | Lost]:
        self._looked = -_LOOK_AGAIN
        lost = [Lost(run, "the scheduler was lost", deaths=0) for run in self._out]
        self._out.clear()
        return list(lost)

    def _told(self, one: _Out) -> Ended | Lost:
        """What a task came to; a worker that died under it is no failure of the run."""
        run = one.job.run
        del self._out[run]
        if one.future.status != "finished":
            self._looked = -_LOOK_AGAIN  # a worker less
        if one.future.status == "finished":
            return _result(run, one.future)
        if one.future.status == "error":
            return _refused(one, one.future.exception())
        return Lost(run, "the scheduler was lost", deaths=0)


def _result(run: str, future: Future) -> Ended | Lost:
    try:
        ended = future.result(timeout=30)
    except Exception as error:
        return Lost(run, f"its result was lost: {type(error).__name__}", deaths=0)
    assert isinstance(ended, Ended)
    return ended


def _refused(one: _Out, error: Any) -> Ended | Lost:
    """An error that is none of the run's own: those come as an `Ended`."""
    run = one.job.run
    if isinstance(error, KilledWorker):
        deaths = 1 if one.watched else error.allowed_failures + 1
        return Lost(run, "its worker died" if deaths == 1 else f"{deaths} workers died", deaths)
    hint = "Install the same harness for all workers, with the same Python."
    return Ended(
        run, End.FAILED, Unavailable.exit_code, message=f"{type(error).__name__}: {error}", hint=hint
    )


def _wait_until(reached: Callable[[], bool], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not reached() and time.monotonic() < until:
        time.sleep(0.2)
