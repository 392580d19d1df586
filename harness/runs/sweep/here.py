"""A crew of processes on this machine: each does one run at a time, and what dies is started anew."""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path

from harness.data.parallel import cores
from harness.runs.sweep.jobs import Ended, Job, Lost
from harness.runs.sweep.work import Bench

_SPAWN = multiprocessing.get_context("spawn")
"""A fresh interpreter: threads of torch do not survive a fork."""

_TO_SAVE = 120.0
"""Seconds that a run gets to save when it shall stop."""


@dataclass(slots=True)
class _Place:
    """One process with what it works at; `device` is empty where each run keeps the one it asks for."""

    name: str
    device: str = ""
    process: SpawnProcess | None = None
    ours: Connection | None = None
    job: Job | None = None
    log: Path | None = None


class Here:
    """Processes of this machine, started when they are needed; their words go to files in `logs`.

    `devices` has one word a process: a device such as ``cuda:1``, or nothing for that of the request.
    """

    def __init__(self, sweep: str, devices: Sequence[str], logs: Path) -> None:
        self._sweep, self._logs = sweep, logs
        self._places = [_Place(device or f"process {at + 1}", device) for at, device in enumerate(devices)]

    def __enter__(self) -> Here:
        return self

    def __exit__(self, *_: object) -> None:
        for place in self._places:
            _end(place)

    def free(self, job: Job) -> bool:
        return any(place.job is None for place in self._places)

    def hand(self, job: Job) -> str:
        place = next(place for place in self._places if place.job is None)
        if place.process is None or not place.process.is_alive():
            self._start(place)
        assert place.ours is not None
        placed = replace(job, request=replace(job.request, device=place.device or job.request.device))
        place.job = job
        with suppress(BrokenPipeError):  # one that died is told by `news`
            place.ours.send((placed, self._sweep))
        return place.name

    def news(self, seconds: float) -> Sequence[Ended | Lost]:
        busy = {place.ours: place for place in self._places if place.job is not None}
        ready = wait([one for one in busy if one is not None], seconds)
        return [_told(busy[one]) for one in ready if isinstance(one, Connection)]

    def stop(self) -> None:
        busy = [place for place in self._places if place.job is not None and place.process is not None]
        for place in busy:
            _signal(place.process, signal.SIGINT)
        for place in busy:
            if place.ours is not None and place.ours.poll(_TO_SAVE):
                _told(place)

    def _start(self, place: _Place) -> None:
        _end(place)
        self._logs.mkdir(parents=True, exist_ok=True)
        log = place.log = self._logs / f"{place.name.replace(' ', '-').replace(':', '-')}.log"
        place.ours, theirs = _SPAWN.Pipe()
        place.process = _SPAWN.Process(target=_serve, args=(theirs, str(log)), name=place.name, daemon=False)
        with _variables(_threads(len(self._places))):
            place.process.start()
        theirs.close()


def _threads(processes: int) -> Mapping[str, str]:
    """Several processes share the cores, unless the user has said how many threads each may have."""
    if processes == 1 or "OMP_NUM_THREADS" in os.environ:
        return {}
    return {"OMP_NUM_THREADS": str(max(1, cores() // processes))}


@contextmanager
def _variables(more: Mapping[str, str]) -> Iterator[None]:
    """Variables for processes that start meanwhile."""
    os.environ.update(more)
    try:
        yield
    finally:
        for name in more:
            del os.environ[name]


def _told(place: _Place) -> Ended | Lost:
    """What a process says of its run, or that it died."""
    job, place.job = place.job, None
    assert job is not None
    assert place.ours is not None
    try:
        ended = place.ours.recv()
    except (EOFError, OSError):
        return Lost(job.run, f"{place.name} died{_how(place)}", log=str(place.log))
    assert isinstance(ended, Ended)
    return ended


def _how(place: _Place) -> str:
    if place.process is None:
        return ""
    place.process.join(5)
    code = place.process.exitcode
    return f" by signal {-code}" if code is not None and code < 0 else f" with exit code {code}"


def _end(place: _Place) -> None:
    """End a process: at once where it is at work, else when it has seen that nobody will ask again."""
    if place.ours is not None:
        place.ours.close()
    if place.process is not None:
        if place.job is not None:
            place.process.terminate()
        place.process.join(10)
        if place.process.is_alive():
            place.process.kill()
            place.process.join()
    place.process = place.ours = None


def _signal(process: SpawnProcess | None, number: int) -> None:
    if process is not None and process.pid is not None:
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)


def _serve(asked: Connection, log: str) -> None:
    """The life of a process: runs one after the other, until nobody asks any more.

    It is no part of the terminal's group, so that Ctrl-C reaches it once, through the one who asks; and
    when that one dies, it saves and stops.
    """
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _words_to(log)
    threading.Thread(target=_stop_after_parent, daemon=True).start()
    bench = Bench()
    with suppress(EOFError, BrokenPipeError, KeyboardInterrupt):
        while True:
            job, sweep = asked.recv()
            asked.send(bench.do(job, sweep))


def _words_to(log: str) -> None:
    with Path(log).open("ab") as file:
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    faulthandler.enable(2)


def _stop_after_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGINT)
