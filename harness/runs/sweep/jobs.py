"""The runs of a sweep: every model with every seed, what is done, and which waits for another's fit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from harness.errors import DataWrong
from harness.runs.plan import Plan, Request, looked_at
from harness.runs.sweep.lookup import Lookup


@dataclass(frozen=True, slots=True)
class Job:
    """One run of a sweep: what is asked for, and the folder it has to lie in.

    `needs` names the run whose fit it takes over; `done` says that nothing is left to do.
    """

    request: Request
    run: str
    entry: str
    needs: str | None = None
    done: bool = False

    @property
    def seed(self) -> int:
        return self.request.seed

    def to_json(self) -> dict[str, Any]:
        return {
            "run": self.run,
            "entry": self.entry,
            "seed": self.seed,
            "until": self.request.until.value,
            "needs": self.needs,
            "done": self.done,
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

    `died` says that the worker died, which the run itself may be the reason of.
    """

    run: str
    reason: str
    died: bool = True


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
    return Job(plan.request, plan.folder.path.name, plan.entry.card.name, needs, _done(plan))


def _done(plan: Plan) -> bool:
    try:
        return all(state == "done" for state in looked_at(plan).steps().values())
    except DataWrong:
        return False
