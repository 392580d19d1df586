"""Who does the runs: processes of this machine, one a GPU or so many, or the workers of a Dask cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.errors import INTERRUPTED, Unavailable, UsageWrong
from harness.runs.sweep.conducting import Crew
from harness.runs.sweep.here import Here
from harness.runs.sweep.jobs import End, Ended

LOGS = "sweep-logs"
"""Folder among the runs with the words of the processes that did them."""

_NO_CARD = "this machine has no GPU that torch can use"

_WORST = (INTERRUPTED, 1, 6, 5, 4, 3, 2)


@dataclass(frozen=True, slots=True)
class Where:
    """Where runs are done: by `jobs` processes here, one on each of `gpus`, or by a cluster."""

    jobs: int = 1
    gpus: tuple[str, ...] = ()
    scheduler: str | None = None
    local_workers: int | None = None

    @property
    def here(self) -> bool:
        """Whether the devices are those of this machine."""
        return self.scheduler is None

    def __post_init__(self) -> None:
        chosen = {
            "--jobs": self.jobs > 1,
            "--gpus": bool(self.gpus),
            "--scheduler": self.scheduler is not None,
            "--local-cluster": self.local_workers is not None,
        }
        named = [name for name, there in chosen.items() if there]
        if len(named) > 1:
            raise UsageWrong(f"{' and '.join(named)} name different places for the runs", "Give one of them.")


def gpus_of(text: str | None) -> tuple[str, ...]:
    """The devices that ``0,1`` or ``all`` names; raises `UsageWrong`, or `Unavailable` without a GPU."""
    if not text:
        return ()
    if text != "all":
        numbers = [part.strip().removeprefix("cuda:") for part in text.split(",")]
        if not all(number.isdigit() for number in numbers) or len(set(numbers)) < len(numbers):
            raise UsageWrong(f"--gpus {text} names no GPUs", "Write --gpus 0,1 or --gpus all.")
        return tuple(f"cuda:{number}" for number in numbers)
    there = _cards()
    if not there:
        raise Unavailable(_NO_CARD, "Leave --gpus out.")
    return there


def _cards() -> tuple[str, ...]:
    from models.finetune.gpus import gpus

    return gpus()


def _require_cards(asked: Iterable[str]) -> None:
    """Raise `Unavailable` for a GPU that is not there: each of its runs would fail."""
    there = _cards()
    missing = ",".join(one.removeprefix("cuda:") for one in asked if one not in there)
    if not missing:
        return
    if not there:
        raise Unavailable(f"--gpus {missing}: {_NO_CARD}", "Leave --gpus out.")
    numbers = ", ".join(one.removeprefix("cuda:") for one in there)
    raise Unavailable(f"--gpus {missing} is not there: this machine has {numbers}", "Name those, or `all`.")


@contextmanager
def _cluster_packages() -> Iterator[None]:
    """Name the package that a cluster lacks here."""
    try:
        yield
    except ModuleNotFoundError as lack:
        raise Unavailable(f"a cluster needs the package {lack.name}", "pip install '.[cluster]'") from lack


def require_place(where: Where) -> None:
    """Raise, before any work and in a dry run too, where no run could be done at this place."""
    if where.gpus:
        _require_cards(where.gpus)
    if where.scheduler is not None or where.local_workers is not None:
        with _cluster_packages():
            from harness.runs.sweep.scheduler import require_address
        if where.scheduler is not None:
            require_address(where.scheduler)


@contextmanager
def crew_of(where: Where, sweep: str, runs_root: Path) -> Iterator[Crew]:
    """The crew, at work until it is left."""
    if where.scheduler is None and where.local_workers is None:
        with Here(sweep, where.gpus or ("",) * where.jobs, runs_root / LOGS) as here:
            yield here
        return
    with _cluster_packages():
        from harness.runs.sweep.cluster import Cluster, local_cluster
    if where.scheduler is not None:
        with Cluster(where.scheduler, sweep) as cluster:
            yield cluster
        return
    with local_cluster(where.local_workers or 1) as address, Cluster(address, sweep) as cluster:
        yield cluster


def worst(ended: Iterable[Ended]) -> int:
    """The exit code of the worst end: a bug before what a user can mend, 0 where all went well."""
    codes = {one.exit_code for one in ended if one.end is not End.DONE}
    return next((code for code in _WORST if code in codes), 0)


def counted(ended: Mapping[str, Ended]) -> dict[str, int]:
    """How many runs ended in each way."""
    return {end.value: sum(one.end is end for one in ended.values()) for end in End}
