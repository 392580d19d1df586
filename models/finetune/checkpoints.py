"""What an interrupted training leaves behind, and how the next one finds it.

``last.safetensors`` holds the network, the optimiser and the position; ``best-<epoch>.safetensors``
the network of the best epoch so far. Both are written aside, brought to the disk and renamed, so a
kill leaves the one before. Nothing is ever unpickled: that is why it is not `torch.save`, whose checkpoints
hold the optimiser as objects.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from models.finetune.networks import State
from models.finetune.tensors import save
from models.finetune.weights import fingerprint
from submissions.writing import to_disk

_log = logging.getLogger(__name__)


class CheckpointDamaged(Exception):
    """A checkpoint whose bytes are not those that were written."""


@dataclass(frozen=True, slots=True, eq=False)
class Saved:
    """The content of a checkpoint: tensors by name, and JSON-able facts."""

    tensors: State
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """The checkpoints of one training in one folder (None: keep nothing); `key` says which training."""

    folder: Path | None
    key: str

    def save(self, tensors: State, facts: Mapping[str, Any], best_epoch: int | None) -> None:
        """Replace the last checkpoint; then let go of best epochs that it no longer names."""
        if self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        _write(self.folder / "last.safetensors", tensors, facts, self.key)
        for old in self.folder.glob("best-*.safetensors"):
            if old.name != f"best-{best_epoch}.safetensors":
                old.unlink()

    def save_best(self, epoch: int, tensors: State) -> None:
        """Keep the network of the best epoch so far."""
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            _write(self.folder / f"best-{epoch}.safetensors", tensors, {"best_epoch": epoch}, self.key)

    def last(self) -> Saved | None:
        """The last checkpoint of this training; one that is damaged or foreign is passed over, with words."""
        return self._read("last.safetensors")

    def best(self, epoch: int) -> Saved | None:
        """The network of the best epoch that the last checkpoint names."""
        saved = self._read(f"best-{epoch}.safetensors")
        return saved if saved is not None and saved.facts.get("best_epoch") == epoch else None

    def _read(self, name: str) -> Saved | None:
        if self.folder is None or not (self.folder / name).is_file():
            return None
        file = self.folder / name
        try:
            saved, key = _load(file)
        except CheckpointDamaged as error:
            _log.warning("checkpoint %s is damaged (%s): training starts anew", file, error)
            return None
        if key != self.key:
            _log.warning(
                "checkpoint %s belongs to another training (recipe, cells, seed or first weights "
                "differ): training starts anew",
                file,
            )
            return None
        return saved


def _write(file: Path, tensors: State, facts: Mapping[str, Any], key: str) -> None:
    told = json.dumps(facts)
    aside = file.with_suffix(".part")
    try:
        save(tensors, aside, {"key": key, "facts": told, "sha256": _sha256(tensors, told, key)})
        to_disk(aside)
        aside.replace(file)
    finally:
        aside.unlink(missing_ok=True)
    to_disk(file.parent)


def _sha256(tensors: State, facts: str, key: str) -> str:
    """SHA-256 of all that a checkpoint holds: a changed position is damage like a changed weight."""
    return hashlib.sha256(f"{fingerprint(tensors)} {key} {facts}".encode()).hexdigest()


def _load(file: Path) -> tuple[Saved, str]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="pt") as opened:
            metadata = opened.metadata() or {}
            tensors: dict[str, torch.Tensor] = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        facts, key, digest = json.loads(metadata["facts"]), metadata["key"], metadata["sha256"]
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise CheckpointDamaged(f"{type(error).__name__}: {error}") from error
    if _sha256(tensors, metadata["facts"], key) != digest:
        raise CheckpointDamaged("its SHA-256 is not the one written with it")
    return Saved(tensors, facts), key
