"""The runs of a sweep: every model with every seed, what is done, and which waits for another's fit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from harness.errors import DataWrong, exit_code_of, words_of
from harness.runs.folder import AtWork, RunFolder
from harness.runs.plan import Plan, Request, looked_at
from harness.runs.sweep.lookup import Lookup


@dataclass(frozen=True, slots=True)
class RunRefusal:
    """Why a run cannot go on with what lies in its folder, how to mend that, and its exit code.

    `damaged` says that what lies there is not as it was written, so that only a fresh start is left.
    """

    message: str
    hint: str
    exit_code: int
    damaged: bool


@dataclass(frozen=True, slots=True)
class Job:
    """One run of a sweep: what is asked for, and the folder it has to lie in.

    `needs` names the run whose fit it takes over; `done` says that nothing is left to do; `refusal` is what
    the run, if it were begun now, would end with.
    """

    request: Request
    run: str
    entry: str
    needs: str | None = None
    done: bool = False
    refusal: RunRefusal | None = None

    @property
    def seed(self) -> int:
        return self.request.seed

    @property
    def folder(self) -> RunFolder:
        return RunFolder(self.request.runs_root / self.run)

    @property
    def damaged(self) -> bool:
        return self.refusal is not None and self.refusal.damaged

    def to_json(self) -> dict[str, Any]:
        return {
            "run": self.run,
            "entry": self.entry,
            "seed": self.seed,
            "until": self.request.until.value,
            "needs": self.needs,
            "done": self.done,
            "refusal": None if self.refusal is None else asdict(self.refusal),
        }


class End(StrEnum):
    """How one try at a run ended; there are no other words for it."""

    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    BUSY = "busy"
    NOT_BEGUN = "not begun"


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of one try at a run; `exit_code` is that of `harness submit`, 0 where all went well."""

    run: str
    end: End
    exit_code: int = 0
    seconds: float = 0.0
    message: str = ""
    hint: str = ""
    traceback: str = ""
    weighted_f1: float | None = None
    remarks: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "run": self.run,
            "end": self.end.value,
            "exit_code": self.exit_code,
            "seconds": round(self.seconds, 3),
            "message": self.message,
            "hint": self.hint,
            "weighted_f1": self.weighted_f1,
            "remarks": list(self.remarks),
        }


@dataclass(frozen=True, slots=True)
class Lost:
    """A run whose worker died under it, or whose scheduler was lost: it is to be handed out again.

    `deaths` says how many workers died, which the run itself may be the reason of; `log` names the file with
    their last words, where that is known here.
    """

    run: str
    reason: str
    deaths: int = 1
    log: str = ""


def requests_of(common: Request, models: Sequence[str], seeds: Sequence[int]) -> tuple[Request, ...]:
    """Every model with every seed, seed after seed, so that a part of a sweep can be compared already.

    Paths are made absolute: the work may be done by processes that started somewhere else.
    """
    rooted = replace(
        common,
        data_root=common.data_root.absolute(),
        runs_root=common.runs_root.absolute(),
        reuse_fit=True,
    )
    return tuple(replace(rooted, model=model, seed=seed) for seed in seeds for model in models)


def laid_out(requests: Iterable[Request], lookup: Lookup) -> tuple[Job, ...]:
    """The jobs of these requests, each after the one whose fit it takes over, which is added where it lacks.

    Raises, before any work, what every run of a model would raise. A single run that is damaged stays to
    be done: whoever does it says what is wrong.
    """
    plans = {plan.folder.path.name: plan for plan in (lookup.draft(request) for request in requests)}
    jobs: dict[str, Job] = {}
    for plan in plans.values():
        for one in _with_fit(plan, plans):
            jobs.setdefault(one.folder.path.name, _job(one))
    return tuple(jobs.values())


def _with_fit(plan: Plan, asked: dict[str, Plan]) -> Iterator[Plan]:
    """The run whose fit is taken over (as it is asked for itself, where it is), then the run."""
    if plan.fit_from is not None:
        yield asked.get(plan.fit_from.folder.path.name, plan.fit_from)
    yield plan


def _job(plan: Plan) -> Job:
    needs = None if plan.fit_from is None else plan.fit_from.folder.path.name
    done, refusal = _looked(plan)
    return Job(plan.request, plan.folder.path.name, plan.entry.card.name, needs, done, refusal)


def _looked(plan: Plan) -> tuple[bool, RunRefusal | None]:
    """Whether a run is done, or what `harness submit --dry-run` would refuse it with."""
    try:
        found = looked_at(plan)
        found.changed()
        return all(state == "done" for state in found.steps().values()), None
    except Exception as error:
        code = exit_code_of(error)
        if code is None:
            raise
        return False, RunRefusal(*words_of(error), code, isinstance(error, DataWrong))


def begun_anew(jobs: Iterable[Job]) -> tuple[Job, ...]:
    """The jobs, once the folders of those that are damaged are empty."""
    return tuple(_emptied(job) if job.damaged else job for job in jobs)


def _emptied(job: Job) -> Job:
    """One that another process is at work on is left to it."""
    with suppress(AtWork), job.folder.locked():
        job.folder.start_over()
        return replace(job, refusal=None)
    return job
