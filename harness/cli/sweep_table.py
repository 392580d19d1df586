"""A sweep while it lasts: a table on a terminal, a line a run elsewhere, events for programs."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from harness import console
from harness.errors import INTERRUPTED

if TYPE_CHECKING:
    from harness.runs.sweep.conducting import Conductor
    from harness.runs.sweep.crews import Where
    from harness.runs.sweep.jobs import Ended, Job
    from harness.runs.sweep.standing import RunProgress

_COLUMNS = ("entry", "seed", "state", "F1, %", "seconds")
_REFRESH = 1.0


def followed(where: Where, jobs: Sequence[Job], *, as_json: bool) -> int:
    """Do the runs while telling of them, then tell how they ended; returns the exit code of the worst."""
    from harness.runs.sweep.conducting import Conductor
    from harness.runs.sweep.crews import counted, crew_of, worst
    from harness.runs.sweep.jobs import End

    if all(job.done for job in jobs):
        return _told(jobs, {}, 0, as_json=as_json)
    runs_root = jobs[0].request.runs_root
    conductor = Conductor(jobs, console.event if as_json else _line)
    try:
        with crew_of(where, secrets.token_hex(4), runs_root) as crew, _watching(as_json=as_json) as watch:
            ended = conductor.run(crew, lambda: watch(conductor))
    except KeyboardInterrupt:
        if as_json:
            _sum_up({**counted(conductor.ended), End.STOPPED.value: len(conductor.out)}, INTERRUPTED)
        raise
    code = worst(ended.values())
    if as_json:
        return _sum_up(counted(ended), code)
    return _told(jobs, ended, code, as_json=False)


def _sum_up(counts: Mapping[str, int], code: int) -> int:
    console.event({"event": "summary", **counts, "exit_code": code})
    return code


def _line(event: Mapping[str, Any]) -> None:
    """An event in words: what a reader of a log wants to know."""
    if event["event"] == "lost":
        console.say(f"{event['run']}: {event['reason']}; what was saved is kept")
    elif event["event"] == "ended":
        value = event["weighted_f1"]
        told = "" if value is None else f", weighted F1 {100 * value:.2f} %"
        why = f": {event['message']}" if event["message"] else f", {event['seconds']:.1f} s"
        console.say(f"{event['run']}: {event['end']}{told}{why}")


def _told(jobs: Sequence[Job], ended: Mapping[str, Ended], code: int, *, as_json: bool) -> int:
    """All runs in one table, and why those failed that did."""
    if as_json:
        return _sum_up({"done": 0}, code)
    console.table(_COLUMNS, [_row(one) for one in _standings(jobs, ended, frozenset())], left=(0, 2))
    for one in ended.values():
        if one.exit_code:
            console.say(f"{one.run}: {one.message}")
            for words in (one.hint, one.traceback):
                if words:
                    console.say(words)
    damaged = any(job.damaged for job in jobs)
    if code:
        left = "the same command again does what is left"
        console.say(f"{left}; damaged runs it starts over with --fresh" if damaged else left)
    return code


def _standings(jobs: Sequence[Job], ended: Mapping[str, Ended], out: frozenset[str]) -> Iterator[RunProgress]:
    from harness.runs.sweep.standing import standing

    for job in jobs:
        yield standing(job, ended.get(job.run), out=job.run in out)


def _row(one: RunProgress) -> tuple[str, ...]:
    value = "" if one.weighted_f1 is None else f"{100 * one.weighted_f1:.2f}"
    seconds = "" if one.seconds is None else f"{one.seconds:.1f}"
    return one.entry, str(one.seed), one.state, value, seconds


@contextmanager
def _watching(*, as_json: bool) -> Iterator[Callable[[Conductor], None]]:
    """What is called as time passes; on a terminal it refreshes the table."""
    with console.live(on=not as_json) as show:
        shown_at = 0.0

        def watch(conductor: Conductor) -> None:
            nonlocal shown_at
            if show is not None and time.monotonic() - shown_at >= _REFRESH:
                shown_at = time.monotonic()
                show(_COLUMNS, _rows(conductor), _counts(conductor))

        yield watch


def _rows(conductor: Conductor) -> list[tuple[str, ...]]:
    """What is at work first, then what failed, then what ended last."""
    jobs, ended = conductor.jobs, conductor.ended
    failed = [jobs[run] for run, one in ended.items() if one.exit_code]
    fine = [jobs[run] for run, one in ended.items() if not one.exit_code]
    ordered = [*(job for job in jobs.values() if job.run in conductor.out), *failed, *reversed(fine)]
    return [_row(one) for one in _standings(ordered[:200], ended, conductor.out)]


def _counts(conductor: Conductor) -> str:
    before = sum(job.done for job in conductor.jobs.values())
    failed = sum(bool(one.exit_code) for one in conductor.ended.values())
    done = before + len(conductor.ended) - failed
    left = len(conductor.jobs) - done - failed - len(conductor.out)
    return f"{done} done, {failed} failed, {len(conductor.out)} handed out, {left} waiting"
