"""The published pipeline and ours on this machine, side by side in one run: speed, memory, and what differs.

Everything is measured from the files or crops to the updated weights or the logits, after a part that is not
counted. All ways start from the same random weights, so that their logits can be held against each other.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt
import torch

from models.contract import Cells, Session
from models.finetune import published
from models.finetune.checkpoints import Checkpoints
from models.finetune.entry import Finetuned
from models.finetune.loop import Training
from models.finetune.networks import Network, parameter_groups
from models.finetune.precision import device_of, placed, reproducible, reseed
from models.finetune.predict import mean_logits
from models.finetune.recipe import Recipe

EPOCHS, TRAINED, PREDICTED = 6, 10_661, 2_586
"""A full training and the final phase of C-NMC 2019: what the estimates are for."""

Precision = Literal["float32", "tf32", "bf16"]
_WAYS: Mapping[str, tuple[tuple[Precision, bool], ...]] = {
    "cpu": (("float32", False), ("float32", True), ("bf16", True)),
    "cuda": (("float32", False), ("tf32", False), ("bf16", False), ("bf16", True), ("tf32", True)),
}
"""Precision and whether compiled, by kind of device: eager bf16 is slower than float32 on a CPU."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Cells to measure with: their image files and the same cells as an entry sees them.

    All of them are learnt from, one step of them uncounted; the first `predicted` are predicted.
    """

    files: Sequence[Path]
    cells: Cells
    predicted: int

    def to_predict(self) -> Sample:
        return self._first(self.predicted)

    def warming(self) -> Sample:
        """Enough cells for whatever happens once."""
        return self._first(2)

    def _first(self, count: int) -> Sample:
        return Sample(self.files[:count], self.cells.take(np.arange(count)), count)

    def images(self, *, training: bool) -> published.Images:
        assert self.cells.labels is not None
        return published.Images(self.files, self.cells.labels.tolist(), training)


@dataclass(frozen=True, slots=True)
class Measured:
    """One way to train and predict: images learnt and cells predicted (all views) a second.

    `largest_difference` is the largest of the mean logits against the published way's in strict float32, and
    `labels_equal` the share of cells with the same label; memory is the device's peak (CUDA) in MiB.
    """

    way: str
    trained_a_second: float
    predicted_a_second: float
    first_step_seconds: float
    largest_difference: float
    labels_equal: float
    memory_mib: float | None

    def estimates(self) -> dict[str, float]:
        """Hours of one seed, of 24 seeds, and minutes of a prediction of the final set."""
        seed = EPOCHS * TRAINED / self.trained_a_second / 3600
        return {
            "hours_a_seed": seed,
            "hours_of_24_seeds": 24 * seed,
            "minutes_of_a_final_prediction": PREDICTED / self.predicted_a_second / 60,
        }

    def to_json(self) -> dict[str, Any]:
        return {**dataclasses.asdict(self), **self.estimates()}


@dataclass(frozen=True, slots=True, eq=False)
class Bench:
    """One comparison: an entry's network with the same random weights for every way, on one sample."""

    entry: Finetuned
    sample: Sample
    session: Session
    state: dict[str, torch.Tensor]
    exact: npt.NDArray[np.float64]

    @classmethod
    def of(cls, entry: Finetuned, sample: Sample, session: Session) -> Bench:
        """Draw the weights, and stretch the head until the published way's logits straddle nought.

        A network with random weights calls all cells alike; here half are ALL, many of them barely, so that
        a difference of rounding shows in the labels if it can show at all.
        """
        device = device_of(session)
        reseed(session, 0)
        network = entry.network()
        module = network.module.to(device)
        with reproducible(device, entry.settings):
            logits = published.mean_logits(module, sample.to_predict().images(training=False), 0)
        head: Any = module.get_submodule(network.head)
        spread = max(float(logits.std()), 1e-12)
        with torch.no_grad():
            head.bias.sub_(float(np.median(logits))).div_(spread)
            head.weight.div_(spread)
        state = {name: one.detach().cpu() for name, one in module.state_dict().items()}
        return cls(entry, sample, session, state, (logits - np.median(logits)) / spread)

    @property
    def device(self) -> torch.device:
        return device_of(self.session)

    def network(self) -> Network:
        network = self.entry.network()
        network.module.load_state_dict(self.state)
        return network

    def measured(self) -> Iterator[Measured]:
        """The published way, on a GPU also as torch comes (tf32), then ours at each precision."""
        for tf32 in (True, False) if self.device.type == "cuda" else (False,):
            yield _published(self, tf32=tf32)
        for recipe in recipes(self.entry, self.device):
            yield _ours(self, recipe)

    def differences(self, logits: npt.NDArray[np.float64]) -> tuple[float, float]:
        """Largest difference of a logit from the published way's, and the share of equal labels."""
        equal = (logits > 0) == (self.exact > 0)
        return float(np.abs(logits - self.exact).max()), float(equal.mean())


def recipes(entry: Finetuned, device: torch.device) -> Iterator[Recipe]:
    """The precisions worth measuring on this device, with the network as it is and compiled."""
    for precision, compiled in _WAYS.get(device.type, _WAYS["cpu"]):
        yield dataclasses.replace(entry.settings, precision=precision, compiled=compiled)


def _published(bench: Bench, *, tf32: bool) -> Measured:
    device, sample = bench.device, bench.sample.to_predict()
    workers = min(os.cpu_count() or 1, 16)
    network = bench.network()
    module = network.module.to(device)
    with _convolutions_in(tf32=tf32):
        _forget_memory(device)
        published.mean_logits(module, bench.sample.warming().images(training=False), 0)
        predicting, logits = _timed(
            lambda: published.mean_logits(module, sample.images(training=False), workers), device
        )
        groups = parameter_groups(network, bench.entry.settings)
        rates = bench.entry.settings.rates(1)
        with_rates = [{**group, "lr": rate} for group, rate in zip(groups, rates, strict=True)]
        learning = published.steps(module, bench.sample.images(training=True), with_rates, workers)
        first, _ = _timed(lambda: next(learning), device)
        training, steps = _timed(lambda: sum(1 for _ in learning), device)
    return Measured(
        f"published, {'torch as it comes (tf32 convolutions)' if tf32 else 'float32'}",
        steps * published.BATCH / training,
        len(logits) / predicting,
        first,
        *bench.differences(logits),
        _memory(device),
    )


def _ours(bench: Bench, recipe: Recipe) -> Measured:
    device, session = bench.device, bench.session
    torch.compiler.reset()
    _forget_memory(device)
    with reproducible(device, recipe):
        network = bench.network()
        module = placed(network.module, device, recipe)
        mean_logits(module, bench.sample.warming().cells, recipe, session, "warming up")
        cells = bench.sample.to_predict().cells
        predicting, logits = _timed(lambda: mean_logits(module, cells, recipe, session, "predicting"), device)
        training = Training(recipe, network, bench.sample.cells, session, Checkpoints(None, ""), {})
        batches = training.batches(np.arange(training.steps * training.batch))
        training.stepping.at_rates(recipe.rates(1))
        module.train()
        first, _ = _timed(lambda: training.learn(batches[0]), device)
        learning, _ = _timed(lambda: [training.learn(batch) for batch in batches[1:]], device)
    return Measured(
        f"ours, {recipe.precision}{', compiled' if recipe.compiled else ''}",
        (training.steps - 1) * training.batch / learning,
        len(logits) / predicting,
        first,
        *bench.differences(logits),
        _memory(device),
    )


@contextmanager
def _convolutions_in(*, tf32: bool) -> Iterator[None]:
    """Torch's switch for float32 convolutions on a GPU, put back at the end."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = tf32
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before


Answer = TypeVar("Answer")


def _timed(action: Callable[[], Answer], device: torch.device) -> tuple[float, Answer]:
    """Seconds of an action until the device has done it, and its answer."""
    _wait(device)
    begun = time.perf_counter()
    answer = action()
    _wait(device)
    return time.perf_counter() - begun, answer


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _forget_memory(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)


def _memory(device: torch.device) -> float | None:
    return torch.cuda.max_memory_allocated(device) / 2**20 if device.type == "cuda" else None
