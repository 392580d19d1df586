"""The plan of a run: everything resolved before any work, what is to do, and what is done already."""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from harness.data.audit import Audit
from harness.data.crops import CROP_VERSION
from harness.data.dataset import Dataset, open_dataset
from harness.data.judgement import SplitAudit
from harness.data.splits import CellRecord, Split, ToPredict, make_split
from harness.errors import DataWrong
from harness.runs.asked import holdout_asked, require_epochs, weights_asked
from harness.runs.computing import device_for, with_engine, with_precision, without_effect
from harness.runs.earlier import Earlier, earlier_run
from harness.runs.folder import RunFolder, Status
from harness.runs.followers import require_followers
from harness.runs.kept import Kept, look
from harness.runs.provenance import changes, digest, environment
from harness.runs.watching import WatchAsked, Watched, watched
from models import registry
from models.contract import Entry, require_both_classes
from models.progress import Progress, silent
from models.source import Source, source_of


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for, before anything is looked up.

    `until` is how far the run shall come; `fresh` throws away what lies in its folder first;
    `allow_partial` lets a run that is packed do with part of the data; `reuse_fit` lets an entry that
    learns what another one learns take over the fit of that one (`Entry.fit_of`), with the same seed;
    `published_names` learns only from files that the published program's pattern names; `watch` is a part by
    which every epoch is judged and none is chosen, and `allow_seen` lets it be one that is learnt from;
    `tensorboard` and `mlflow` (an address) say who else is shown the curves.
    """

    model: str
    split: str = "prelim"
    seed: int = 0
    data_root: Path = Path("data")
    runs_root: Path = Path("runs")
    weights: str = "hub"
    settings: Mapping[str, str] = field(default_factory=dict)
    select: str = "last"
    shared_cells: str = "drop-subjects"
    device: str = "auto"
    engine: str = "auto"
    precision: str = "auto"
    limit: int | None = None
    accept_resaved: bool = False
    until: Status = Status.PACKED
    fresh: bool = False
    allow_partial: bool = False
    reuse_fit: bool = False
    published_names: bool = False
    watch: str = ""
    allow_seen: bool = False
    tensorboard: bool = False
    mlflow: str = ""


_STEPS = {"fit": Status.FITTED, "predict": Status.PREDICTED, "pack": Status.PACKED}
"""Each step and how far the run has come after it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A request with everything looked up: entry and its code, cells, weights, device, the run's folder.

    `kept` is what is done already; `earlier` a run of the same command that this one does not go on with;
    `fit_from` the plan of the run whose fit this one takes over. What is `watched` is no part of the
    identity: the same is learnt without it.
    """

    request: Request
    entry: Entry
    origin: str
    dataset: Dataset
    split: Split
    device: str
    weights: Mapping[str, Any]
    identity: Mapping[str, Any]
    folder: RunFolder
    source: Source
    kept: Kept = field(default_factory=Kept)
    earlier: Earlier | None = None
    fit_from: Plan | None = None
    watched: Watched | None = None

    @property
    def chosen_on_test(self) -> bool:
        """Whether the choice of epoch looks at the cells that are judged."""
        return self.request.select.partition(":")[2] in ("test", self.split.name)

    @property
    def chosen_by(self) -> tuple[CellRecord, ...]:
        """The cells on which the best epoch is chosen: a held-out part, or, as published, the test cells."""
        if self.request.select == "last":
            return ()
        return self.split.test if self.chosen_on_test else self.split.validation

    def steps(self) -> dict[str, str]:
        """Each step up to the one asked for: done, to do, or to do again, because of `fresh`."""
        there = {
            "fit": self.folder.fitted.exists(),
            "predict": self.folder.predictions.exists(),
            "pack": self.folder.submission(partial=self.split.partial).exists(),
        }
        done = {
            "fit": self.kept.fitted,
            "predict": self.kept.predictions is not None,
            "pack": self.kept.packed,
        }
        order = list(_STEPS)
        asked = order[: order.index(_step_of(self.request.until)) + 1]
        return {
            step: "done" if done[step] else "again" if there[step] and self.request.fresh else "to do"
            for step in asked
        }

    def environment(self) -> dict[str, Any]:
        """The versions, machine and device that would do the work now."""
        return environment(self.device, self.source.packages)

    def without_effect(self) -> tuple[str, ...]:
        """What was asked of how the network is computed and does nothing here."""
        return without_effect(self.entry, self.request.engine, self.device)

    def changed(self) -> dict[str, list[str | None]]:
        """What of the environment differs from when the run was begun; nothing for one that begins."""
        if self.request.fresh or not self.folder.plan.exists():
            return {}
        before = self.folder.read(self.folder.plan).get("environment", {})
        return changes(before, self.environment(), self.source.packages)

    def to_keep(self) -> dict[str, Any]:
        """What `plan.json` says of a run when it begins; how far it came is the business of `status.json`."""
        return {
            **self.identity,
            "source": dict(self.source.files),
            "origin": self.origin,
            "device": self.device,
            "engine": self.request.engine,
            "training": self.split.described(),
            "predicted": len(self.split.test),
            "partial": self.split.partial,
            "drawn": self.split.drawn,
            "chosen_on_test": self.chosen_on_test,
            **({"watched": self.watched.to_json()} if self.watched else {}),
            "data": self.dataset.marks((*self.split.train, *self.split.validation)),
            "environment": self.environment(),
        }

    def to_json(self) -> dict[str, Any]:
        """The resolved plan, as `--dry-run --json` prints it."""
        return {
            **self.to_keep(),
            "run": str(self.folder.path),
            "status": _told_status(self.folder),
            "fresh": self.request.fresh,
            "steps": self.steps(),
            "changed": self.changed(),
            "earlier": self.earlier and self.earlier.run,
            "without_effect": list(self.without_effect()),
        }


def _step_of(until: Status) -> str:
    return next(step for step, status in _STEPS.items() if status is until)


def _told_status(folder: RunFolder) -> str:
    """The run's status; nothing depends on it, so a damaged one is no reason to stop."""
    try:
        return folder.status().value
    except DataWrong:
        return "damaged"


@dataclass(frozen=True, slots=True)
class Grounds:
    """What the plans of requests that differ only in their seed have in common."""

    entry: Entry
    origin: str
    dataset: Dataset
    split: Split
    device: str
    weights: Mapping[str, Any]
    source: Source
    code: Mapping[str, str]
    engine: str
    watched: Watched | None = None


def resolve(request: Request, progress: Progress = silent) -> Plan:
    """Look up all that a request names.

    Raises before any work when something is missing or wrong: a dry run and the run itself both come
    through here, so that the one says no where the other would.
    """
    grounds = grounds_of(request, progress)
    learns = request_of_fit(request, grounds.entry)
    return looked_at(draft(request, grounds, None if learns is None else resolve(learns, progress)))


def request_of_fit(request: Request, entry: Entry) -> Request | None:
    """The request whose fit this one takes over; None where it learns on its own."""
    if not (request.reuse_fit and entry.fit_of):
        return None
    return replace(request, model=entry.fit_of, until=Status.FITTED, reuse_fit=False)


def grounds_of(request: Request, progress: Progress = silent, dataset: Dataset | None = None) -> Grounds:
    """Look up all but what the seed decides; `dataset` is one that was opened before."""
    entry, origin = registry.find(request.model)
    settings, engine = with_engine(request.settings, request.engine, entry.settings)
    settings = with_precision(settings, request.precision)
    request = replace(request, settings=settings, engine=engine)
    entry = entry.configured(request.settings)
    device = device_for(request.device, entry, origin)
    require_followers(tensorboard=request.tensorboard, mlflow=request.mlflow)
    holdout = holdout_asked(request.select, request.split)
    require_epochs(entry, request.select)
    weights = weights_asked(entry, request.weights)
    entry.require_usable(request.weights)
    if dataset is None:
        dataset = open_dataset(request.data_root, progress=progress, accept_resaved=request.accept_resaved)
    split = make_split(
        dataset,
        request.split,
        shared_cells=request.shared_cells,
        limit=request.limit,
        holdout=holdout,
        published_names=request.published_names,
    )
    source = source_of(request.model)
    code = code_of(request.model, request.runs_root, source)
    asked = WatchAsked(request.watch, request.select, request.limit, request.allow_seen)
    found = watched(asked, dataset, split, entry) if request.watch else None
    return Grounds(entry, origin, dataset, split, device, weights, source, code, engine, found)


def draft(request: Request, grounds: Grounds, fit_from: Plan | None = None) -> Plan:
    """The plan of a request, before a look at what is done of it; `fit_from` is whose fit it takes over."""
    entry, split = grounds.entry, grounds.split
    request = replace(request, engine=grounds.engine)
    identity = {**_identity(request, entry, grounds.weights, split), **grounds.code}
    if fit_from is not None:
        identity |= {"fit_of": {"entry": fit_from.entry.card.name, "key": fit_from.folder.key}}
    plan = Plan(
        request,
        entry,
        grounds.origin,
        grounds.dataset,
        split,
        grounds.device,
        grounds.weights,
        identity,
        _folder(request, entry, split, identity),
        grounds.source,
        fit_from=fit_from,
        watched=grounds.watched,
    )
    _require(plan)
    return plan


def looked_at(plan: Plan) -> Plan:
    """The plan with what is done of it already."""
    folder, identity = plan.folder, plan.identity
    return replace(
        plan,
        kept=Kept()
        if plan.request.fresh
        else look(folder, identity, plan.split.phase, partial=plan.split.partial),
        earlier=earlier_run(folder.path, identity, plan.source.files),
    )


def _folder(request: Request, entry: Entry, split: Split, identity: Mapping[str, Any]) -> RunFolder:
    key = digest([json.dumps(identity, sort_keys=True)])
    name = f"{file_name(entry.card.name)}-{split.name}-seed{request.seed}-{key[:8]}"
    return RunFolder(request.runs_root / name, key)


def _require(plan: Plan) -> None:
    """All that a run needs beyond its options; raises where it would end without having begun."""
    if plan.request.until is Status.PACKED:
        require_whole(plan.dataset.audit, plan.split, allow_partial=plan.request.allow_partial)
    require_both_classes(np.array([cell.label for cell in plan.split.train], dtype=np.uint8))
    if any(cell.label is None for cell in plan.chosen_by):
        raise DataWrong("the cells to choose the epoch on have no labels", "Use --select last.")
    require_place(plan.request.runs_root)


def require_place(root: Path) -> None:
    """Raise `OSError` where no folder could be made: a file is in the way, or it may not be written."""
    there = next(path for path in (root, *root.absolute().parents) if path.exists())
    if not there.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(there))
    if not os.access(there, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(there))


def require_whole(audit: Audit, split: Split | ToPredict, *, allow_partial: bool) -> None:
    """End the run before any work when it would be partial and nobody asked for that."""
    if not split.partial or allow_partial:
        return
    raise DataWrong(
        f"split {split.name} would be partial: {_what_is_there(audit, split)}",
        f"{audit.resaved_hint} Complete the data (`harness data audit` lists what is missing), ".lstrip()
        + "or add --allow-partial for a run that is marked partial everywhere.",
    )


def _what_is_there(audit: Audit, split: Split | ToPredict) -> str:
    counts = ", ".join(_counted(name, part) for name, part in audit.splits.items())
    return f"{len(split.phase)} cells to predict; images there: {counts}"


def _counted(name: str, part: SplitAudit) -> str:
    """How many images of a part can be used, and one of those that lie there and cannot be."""
    counted = f"{name} {len(part.intact)} of {part.expected}"
    if not part.refused:
        return counted
    return f"{counted} ({len(part.refused)} there that cannot be used, such as {part.refused[0].name})"


def _identity(request: Request, entry: Entry, weights: Mapping[str, Any], split: Split) -> dict[str, Any]:
    """What makes two runs the same run; the key in the folder's name is made from this."""
    return {
        "entry": entry.card.name,
        "entry_version": entry.card.version,
        "settings": json.loads(json.dumps(entry.described_settings())),
        "weights": dict(weights),
        "split": split.name,
        "seed": request.seed,
        "select": request.select,
        "shared_cells": request.shared_cells,
        "limit": request.limit,
        "crops": CROP_VERSION,
        "train_sha256": cells_digest(split.train),
        "validation_sha256": cells_digest(split.validation),
        "test_sha256": cells_digest(split.test),
    }


def code_of(model: str, runs_root: Path, source: Source) -> dict[str, str]:
    """Which code the entry is: where it is defined, so that two of one name are two, and its SHA-256.

    A file is named as seen from the runs, so that both may be moved together.
    """
    target, colon, attribute = registry.target_of(model).rpartition(":")
    if ".py:" in model:
        target = Path(os.path.relpath(Path(target).resolve(), runs_root.resolve())).as_posix()
    return {"defined_in": f"{target}{colon}{attribute}", "source_sha256": source.sha256}


def cells_digest(records: tuple[CellRecord, ...]) -> str:
    return digest(f"{one.name} {one.sha256} {one.label} {one.subject}" for one in records)


def file_name(entry: str) -> str:
    """An entry's name as a folder's name: ``timm:resnet18`` becomes ``timm-resnet18``."""
    return re.sub(r"[^A-Za-z0-9._]+", "-", entry).strip("-.") or "entry"


def is_run(path: Path) -> bool:
    """Whether this folder is a run."""
    return (path / "plan.json").is_file()
