"""What the published pipeline and ours cost on this machine, on cells drawn for it."""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import console
from harness.data.crops import cells_of, open_crops
from harness.data.dataset import open_dataset
from harness.data.published import published
from harness.data.synthetic import draw
from harness.errors import UsageWrong
from harness.runs.provenance import environment
from models import registry
from models.contract import Session

if TYPE_CHECKING:
    from models.finetune.bench import Measured

_CELLS: Mapping[tuple[str, bool], tuple[int, int]] = {
    ("cpu", False): (64, 24),
    ("cpu", True): (48, 8),
    ("cuda", False): (2048, 1024),
    ("cuda", True): (512, 256),
}
"""Cells learnt from and predicted, by kind of device and `quick`: about as long on either."""


@dataclass(frozen=True, slots=True)
class Found:
    """All ways that were measured on one machine in one run."""

    model: str
    machine: str
    learnt: int
    predicted: int
    ways: tuple[Measured, ...]
    environment: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "machine": self.machine,
            "cells_learnt": self.learnt,
            "cells_predicted": self.predicted,
            "ways": [way.to_json() for way in self.ways],
            "environment": dict(self.environment),
        }


def measured(model: str, device: str, *, quick: bool) -> Found:
    """Measure a fine-tuned entry on a device (`auto`: the best one here)."""
    entry, _ = registry.find(model)
    from models.finetune.bench import Bench, Sample
    from models.finetune.entry import Finetuned
    from models.finetune.precision import best_device, device_name

    if not isinstance(entry, Finetuned):
        raise UsageWrong(f"{model} is not a fine-tuned network", "Try --model seresnext.")
    session = Session(device=best_device() if device == "auto" else device, weights="none")
    learnt, predicted = _CELLS["cuda" if session.device.startswith("cuda") else "cpu", quick]
    with tempfile.TemporaryDirectory(prefix="harness-bench-") as folder:
        root = Path(folder)
        console.say(f"drawing {learnt} cells")
        draw(root / "data", scale=min(1.0, 1.6 * learnt / len(published())), seed=0)
        there = open_dataset(root / "data", cache=root).of("train")
        mixed = Session().generator().permutation(len(there))[:learnt]
        records = [there[at] for at in mixed]
        cells = cells_of(records, open_crops(records, root), labelled=True)
        sample = Sample([record.path for record in records], cells, predicted)
        ways = []
        for way in Bench.of(entry, sample, session).measured():
            rates = f"{way.trained_a_second:.1f} images learnt, {way.predicted_a_second:.1f} cells predicted"
            console.say(f"{way.way}: {rates} a second")
            ways.append(way)
    machine = device_name(session.device) or _processor()
    return Found(model, machine, learnt, predicted, tuple(ways), environment(session.device))


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
