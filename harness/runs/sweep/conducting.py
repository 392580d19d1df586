"""Hands runs to a crew until all have ended: a failed run stops no other, a lost one is handed out again."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from harness.runs.sweep.jobs import End, Ended, Job, Lost

TRIES = 5
"""How often a run is handed out whose workers die under it, wherever that is."""

_LOOK_AGAIN = 1.0
"""Seconds until a run is handed out again that another process is at work on."""

_PATIENCE = 0.25
"""Seconds that the crew is waited for at a time."""

Tell = Callable[[Mapping[str, Any]], None]


class Crew(Protocol):
    """Those who do runs: processes here, or a cluster."""

    def free(self, job: Job) -> bool:
        """Whether someone could begin this run now."""
        ...

    def hand(self, job: Job) -> str:
        """Hand out a run; says to whom."""
        ...

    def news(self, seconds: float) -> Sequence[Ended | Lost]:
        """What ended within so many seconds, which are waited for only where nothing did."""
        ...

    def stop(self) -> None:
        """Let everyone save and stop, and wait for that."""
        ...


class Conductor:
    """Keeps the order of the runs: which wait, which are handed out, how each ended.

    `tell` is given every event as a JSON-able value.
    """

    def __init__(self, jobs: Iterable[Job], tell: Tell) -> None:
        self.jobs = {job.run: job for job in jobs}
        self.ended: dict[str, Ended] = {}
        self._tell = tell
        self._order = {run: at for at, run in enumerate(self.jobs)}
        self._waiting = deque(job for job in self.jobs.values() if not job.done)
        self._out: set[str] = set()
        self._later: list[tuple[float, Job]] = []
        self._lost: Counter[str] = Counter()

    def run(self, crew: Crew, watch: Callable[[], None] = lambda: None) -> Mapping[str, Ended]:
        """All runs to their ends, by name; a Ctrl-C lets the crew save and stop, and goes on as such.

        `watch` is called whenever time has passed.
        """
        try:
            while self._waiting or self._out or self._later:
                self._hand_out(crew)
                for one in crew.news(_PATIENCE):
                    self._take(one)
                watch()
        except KeyboardInterrupt:
            crew.stop()
            raise
        return self.ended

    @property
    def out(self) -> frozenset[str]:
        """The runs that are handed out now."""
        return frozenset(self._out)

    def _hand_out(self, crew: Crew) -> None:
        self._fetch_later()
        for _ in range(len(self._waiting)):
            if not crew.free(self._waiting[0]):
                return
            job = self._waiting.popleft()
            if self._waits(job):
                self._waiting.append(job)
            elif failed := self._failed_before(job):
                self._end(Ended(job.run, End.NOT_BEGUN, failed.exit_code, message=f"{failed.run} failed"))
            else:
                self._out.add(job.run)
                self._tell({"event": "handed", "run": job.run, "to": crew.hand(job)})

    def _fetch_later(self) -> None:
        now = time.monotonic()
        self._waiting.extend(job for at, job in self._later if at <= now)
        self._later = [(at, job) for at, job in self._later if at > now]

    def _waits(self, job: Job) -> bool:
        """Whether the run whose fit this one takes over is still to end."""
        first = self.jobs.get(job.needs or "")
        return first is not None and not first.done and first.run not in self.ended

    def _failed_before(self, job: Job) -> Ended | None:
        before = self.ended.get(job.needs or "")
        return before if before is not None and before.end is not End.DONE else None

    def _take(self, news: Ended | Lost) -> None:
        self._out.discard(news.run)
        job = self.jobs[news.run]
        if isinstance(news, Lost):
            self._again(job, news)
        elif news.end is End.BUSY:
            self._later.append((time.monotonic() + _LOOK_AGAIN, job))
        elif news.end is End.STOPPED:
            self._again(job, Lost(job.run, news.message, deaths=0))
        else:
            self._end(news)

    def _again(self, job: Job, lost: Lost) -> None:
        self._lost[job.run] += lost.deaths
        died = self._lost[job.run]
        self._tell({"event": "lost", "run": job.run, "reason": lost.reason, "died": died})
        if died >= TRIES:
            message = f"it was handed out again and again, and {died} workers died under it: {lost.reason}"
            log = f"Their last words lie in {lost.log}; o" if lost.log else "O"
            hint = f"{log}ut of memory, or a crash in compiled code, are the usual reasons."
            self._end(Ended(job.run, End.FAILED, 1, message=message, hint=hint))
            return
        self._waiting = deque(sorted((*self._waiting, job), key=lambda one: self._order[one.run]))

    def _end(self, ended: Ended) -> None:
        self.ended[ended.run] = ended
        self._tell({"event": "ended", **ended.to_json()})
