"""The plan of a run: everything resolved before any work, what is to do, and what is done already."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.data.audit import Audit
from harness.data.dataset import Dataset, open_dataset
from harness.data.splits import CellRecord, Split, make_split
from harness.errors import DataWrong, UsageWrong
from harness.runs.folder import RunFolder
from harness.runs.provenance import digest, file_sha256
from models import registry
from models.contract import Entry, Progress, silent
from models.weights_source import weights_file


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for, before anything is looked up."""

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
    limit: int | None = None
    accept_resaved: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """A request with everything looked up: entry, cells, weights, device, and the run's folder."""

    request: Request
    entry: Entry
    origin: str
    dataset: Dataset
    split: Split
    device: str
    weights: Mapping[str, Any]
    identity: Mapping[str, Any]
    folder: RunFolder

    @property
    def chosen_on_test(self) -> bool:
        """Whether the choice of epoch looks at the cells that are judged."""
        return self.request.select.partition(":")[2] in ("test", self.split.name)

    def steps(self) -> dict[str, str]:
        """Each step and whether it is done."""
        made = {
            "fit": self.folder.fitted,
            "predict": self.folder.predictions,
            "pack": self.folder.submission(partial=self.split.partial),
        }
        return {step: "done" if path.exists() else "to do" for step, path in made.items()}

    def to_json(self) -> dict[str, Any]:
        """The resolved plan, as `--dry-run --json` prints it and `plan.json` keeps it."""
        return {
            **self.identity,
            "run": str(self.folder.path),
            "origin": self.origin,
            "device": self.device,
            "training": self.split.described(),
            "predicted": len(self.split.test),
            "partial": self.split.partial,
            "drawn": self.split.drawn,
            "chosen_on_test": self.chosen_on_test,
            "status": self.folder.status().value,
            "steps": self.steps(),
        }


def resolve(request: Request, progress: Progress = silent) -> Plan:
    """Look up all that a request names; raises before any work when something is missing or wrong."""
    entry, origin = registry.find(request.model)
    entry = entry.configured(request.settings)
    weights = _weights(entry, request.weights)
    entry.require_usable(request.weights)
    dataset = open_dataset(request.data_root, progress=progress, accept_resaved=request.accept_resaved)
    split = make_split(
        dataset,
        request.split,
        shared_cells=request.shared_cells,
        limit=request.limit,
        holdout=_holdout(request.select, request.split),
    )
    identity = _identity(request, entry, weights, split)
    key = digest([json.dumps(identity, sort_keys=True)])[:8]
    name = f"{_file_name(entry.card.name)}-{split.name}-seed{request.seed}-{key}"
    folder = RunFolder(request.runs_root / name)
    device = _device(request.device, entry)
    return Plan(request, entry, origin, dataset, split, device, weights, identity, folder)


def require_whole(audit: Audit, split: Split, *, allow_partial: bool) -> None:
    """End the run before any work when it would be partial and nobody asked for that."""
    if not split.partial or allow_partial:
        return
    raise DataWrong(
        f"split {split.name} would be partial: {_what_is_there(audit, split)}",
        f"{audit.resaved_hint} Complete the data (`harness data audit` lists what is missing), ".lstrip()
        + "or add --allow-partial for a run that is marked partial everywhere.",
    )


def _what_is_there(audit: Audit, split: Split) -> str:
    parts = audit.to_json()["splits"]
    counts = ", ".join(f"{name} {part['present']} of {part['expected']}" for name, part in parts.items())
    return f"{len(split.test)} cells to predict; images there: {counts}"


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
        "train_sha256": _cells_digest(split.train),
        "validation_sha256": _cells_digest(split.validation),
        "test_sha256": _cells_digest(split.test),
    }


def _cells_digest(records: tuple[CellRecord, ...]) -> str:
    return digest(f"{one.name} {one.sha256} {one.label}" for one in records)


def _weights(entry: Entry, asked: str) -> dict[str, Any]:
    """The weights a fit starts from; a file is named by its SHA-256, not by where it lies."""
    if not entry.uses_weights:
        return {}
    if asked in ("hub", "none"):
        return {"source": asked}
    named = weights_file(asked)
    path, part = named.path, {"part": named.part} if named.part else {}
    if path.is_dir():  # a file for each of several networks
        told = (f"{file.name} {file_sha256(file)}" for file in sorted(path.iterdir()) if file.is_file())
        return {"source": "folder", "name": path.name, "sha256": digest(told)}
    if not path.is_file():
        raise DataWrong(
            f"there is no weights file {asked}",
            "Give --weights a timm or Cadene state dict (.safetensors or .pth), `hub`, or `none`.",
        )
    return {"source": "file", "name": path.name, "sha256": file_sha256(path), **part}


def _holdout(select: str, split: str) -> str | None:
    """The part on which the best epoch is chosen; None for `--select last`."""
    if select == "last":
        return None
    rule, _, part = select.partition(":")
    if rule != "best" or part not in ("test", "fold0", "fold1", "fold2", "prelim"):
        raise UsageWrong(
            f"--select {select} is not known",
            "Write `last`, or `best:` followed by fold0, fold1, fold2, prelim, or test "
            "(the published choice, which looks at the cells that are judged).",
        )
    return None if part in ("test", split) else part


def _device(asked: str, entry: Entry) -> str:
    if asked != "auto":
        return asked
    if "torch" not in entry.card.requires:
        return "cpu"
    missing = registry.missing_requirement(entry.card)
    if missing:
        raise registry.needs(entry.card.name, missing)
    from models.finetune.precision import best_device

    return best_device()


def _file_name(entry: str) -> str:
    """An entry's name as a folder's name: ``timm:resnet18`` becomes ``timm-resnet18``."""
    return re.sub(r"[^A-Za-z0-9._]+", "-", entry).strip("-.") or "entry"


def is_run(path: Path) -> bool:
    """Whether this folder is a run."""
    return (path / "plan.json").is_file()
