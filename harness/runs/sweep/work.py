"""One run of a sweep, done in whatever process it was handed to: an end is told, never raised."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable

from harness import console
from harness.errors import DataWrong, exit_code_of, fault_of_entry, words_of
from harness.runs.folder import AtWork
from harness.runs.outcome import Outcome
from harness.runs.sweep.jobs import End, Ended, Job
from harness.runs.sweep.lookup import Lookup
from harness.runs.workflow import RunStopped, run


class Bench:
    """The place of a process that does runs: what those of one sweep have in common is looked up once."""

    def __init__(self) -> None:
        self._sweep = ""
        self._lookup = Lookup()

    def do(self, job: Job, sweep: str, stopping: Callable[[], bool] = lambda: False) -> Ended:
        """Do what is left of a run; `sweep` names the sweep, and another one looks everything up anew."""
        started = time.monotonic()
        try:
            with console.without_bars():
                outcome = self._run(job, sweep, stopping)
        except Exception as error:
            return _failed(job, error, time.monotonic() - started)
        return _done(job, outcome, time.monotonic() - started)

    def _run(self, job: Job, sweep: str, stopping: Callable[[], bool]) -> Outcome:
        if sweep != self._sweep:
            self._sweep, self._lookup = sweep, Lookup()
        plan = self._lookup.draft(job.request)
        if plan.folder.path.name != job.run:
            raise DataWrong(
                f"expected the run {job.run} here, found {plan.folder.path.name}: "
                "this process has other data, other weights or another version of the entry",
                "Let all workers see the same files, and install the same harness for all of them.",
            )
        return run(plan, stopping)


def _done(job: Job, outcome: Outcome, seconds: float) -> Ended:
    value = None if outcome.verdict is None else outcome.verdict.metrics["weighted_f1"]
    remarks = () if outcome.manifest is None else outcome.manifest.remarks
    return Ended(job.run, End.DONE, seconds=seconds, weighted_f1=value, remarks=tuple(remarks))


def _failed(job: Job, error: Exception, seconds: float) -> Ended:
    if isinstance(error, AtWork):
        return Ended(job.run, End.BUSY, error.exit_code, seconds, str(error))
    if isinstance(error, RunStopped):
        return Ended(job.run, End.STOPPED, error.exit_code, seconds, str(error), error.hint)
    code = exit_code_of(error)
    if code is None:
        said = f"{type(error).__name__}: {error}"
        return Ended(job.run, End.FAILED, 1, seconds, said, "This is a bug: please report it.", _trace(error))
    message, hint = words_of(error)
    trace = _trace(error) if fault_of_entry(error) else ""
    return Ended(job.run, End.FAILED, code, seconds, message, hint, trace)


def _trace(error: Exception) -> str:
    return "".join(traceback.format_exception(error))
