"""What the published pipeline and ours cost on this machine, on cells drawn for it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
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
from submissions.writing import write_whole

if TYPE_CHECKING:
    from models.finetune.bench import Bench, Measured, Missing, Sample
    from models.finetune.choosing import Choice
    from models.finetune.rates import Reading

_CELLS: Mapping[tuple[str, bool], tuple[int, int]] = {
    ("cpu", False): (64, 24),
    ("cpu", True): (48, 8),
    ("cuda", False): (2048, 1024),
    ("cuda", True): (512, 256),
}
"""Cells learnt from and predicted, by kind of device and `quick`: about as long on either."""


@dataclass(slots=True)
class Found:
    """What was measured on one machine in one run, so far."""

    model: str
    machine: str
    learnt: int
    predicted: int
    environment: Mapping[str, Any]
    ways: list[Measured] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    reading: Reading | None = None
    auto: Choice | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "machine": self.machine,
            "cells_learnt": self.learnt,
            "cells_predicted": self.predicted,
            "ways": [{**way.to_json(), "times": way.times(self.ways[0])} for way in self.ways],
            "missing": {one.way: one.reason for one in self.missing},
            "reading": self.reading and self.reading.to_json(),
            "auto": self.auto and self.auto.to_json(),
            "environment": dict(self.environment),
        }


def measured(model: str, device: str, *, quick: bool, to: Path | None = None) -> Found:
    """Measure a fine-tuned entry on a device (`auto`: the best one here).

    What is measured is written to a file as it comes, so that a bench that is cut off leaves something.
    """
    entry, _ = registry.find(model)
    from models.finetune.bench import Bench
    from models.finetune.entry import Finetuned
    from models.finetune.machine import processor
    from models.finetune.precision import best_device, device_name

    if not isinstance(entry, Finetuned):
        raise UsageWrong(
            f"{model} is not one fine-tuned network, which is what bench measures", "Try --model seresnext."
        )
    session = Session(device=best_device() if device == "auto" else device, weights="none")
    learnt, predicted = _CELLS["cuda" if session.device.startswith("cuda") else "cpu", quick]
    machine = device_name(session.device) or processor()
    found = Found(model, machine, learnt, predicted, environment(session.device))
    with tempfile.TemporaryDirectory(prefix="harness-bench-") as folder:
        sample = _sample(Path(folder), learnt, predicted)
        for _ in _fill(found, Bench.of(entry, sample, session), quick=quick):
            if to is not None:
                write_whole(to, json.dumps(found.to_json(), indent=2) + "\n")
    return found


def _sample(root: Path, learnt: int, predicted: int) -> Sample:
    """Cells drawn for the bench, with their files and their crops."""
    from models.finetune.bench import Sample

    console.say(f"drawing {learnt} cells")
    draw(root / "data", scale=min(1.0, 1.6 * learnt / len(published())), seed=0)
    there = open_dataset(root / "data", cache=root).of("train")
    mixed = Session().generator().permutation(len(there))[:learnt]
    records = [there[at] for at in mixed]
    cells = cells_of(records, open_crops(records, root), labelled=True)
    return Sample([record.path for record in records], cells, predicted)


def _fill(found: Found, bench: Bench, *, quick: bool) -> Iterator[None]:
    """Measure one thing after the other, and say what came out."""
    from models.finetune.bench import Missing

    found.reading = bench.reading()
    console.say(f"crops are read {found.reading.times_faster:.0f} times as fast as images are decoded")
    yield
    for way in bench.measured(quick=quick):
        if isinstance(way, Missing):
            found.missing.append(way)
            console.say(f"{way.way}: {way.reason}")
        else:
            found.ways.append(way)
            learnt = f"{way.trained_a_second:.1f} images learnt, " if way.trained_a_second else ""
            console.say(f"{way.way}: {learnt}{way.predicted_a_second:.2f} cells predicted a second")
        yield
    if not quick:
        found.auto = bench.chosen().choice
        yield
