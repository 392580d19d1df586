"""What the runs of a sweep that are left will take, from fits of the same entry that have ended before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from harness.errors import DataWrong
from harness.runs.folder import read_json
from harness.runs.plan import Plan
from harness.runs.sweep.jobs import Job
from harness.runs.sweep.lookup import Lookup


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds that one fit of an entry takes, None where nobody knows, and where that is known from.

    `notes` say what was asked of how its network is computed and does nothing here.
    """

    entry: str
    runs: int
    seconds: float | None
    source: str
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "entry": self.entry,
            "runs": self.runs,
            "seconds_a_fit": self.seconds,
            "source": self.source,
            "notes": list(self.notes),
        }


def costs(jobs: Iterable[Job], lookup: Lookup) -> tuple[Cost, ...]:
    """For each entry with runs that are left, what the fit of one takes."""
    left: dict[str, list[Job]] = {}
    for job in jobs:
        if not job.done:
            left.setdefault(job.entry, []).append(job)
    return tuple(_noted(entry, runs, lookup) for entry, runs in left.items())


def _noted(entry: str, runs: list[Job], lookup: Lookup) -> Cost:
    plan = lookup.draft(runs[0].request)
    return replace(_cost(entry, runs, plan), notes=plan.without_effect() if lookup.here else ())


def _cost(entry: str, jobs: list[Job], plan: Plan) -> Cost:
    if plan.fit_from is not None:
        return Cost(entry, len(jobs), 0.0, "takes over fits")
    known = list(_ended(plan))
    if known:
        return Cost(entry, len(jobs), median(known), f"median of {len(known)} that ended here")
    return Cost(entry, len(jobs), None, "no such fit has ended here yet")


def _ended(plan: Plan) -> Iterator[float]:
    """Seconds that fits with the same settings took on such a device, by how many cells each was shown."""
    settings = dict(plan.identity["settings"])
    device = plan.device if plan.request.device == "auto" else plan.request.device.partition(":")[0]
    shown = len(plan.split.train) * settings.pop("epochs", 1)
    for facts in plan.request.runs_root.glob(f"*/{plan.folder.fitted.name}/facts.json"):
        told = _told(facts)
        theirs = dict(told.get("settings", {}))
        epochs = theirs.pop("epochs", 1)
        same = told.get("entry") == plan.entry.card.name and told.get("device") == device
        if same and theirs == settings:
            yield told["seconds"] * shown / (told["training"]["cells"] * epochs)


def _told(facts: Path) -> Mapping[str, Any]:
    """The plan of a run with the seconds of its fit; nothing where one of them cannot be read."""
    try:
        return {**read_json(facts.parents[1] / "plan.json"), **read_json(facts)}
    except (DataWrong, OSError):
        return {}
