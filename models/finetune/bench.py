"""The published pipeline and ours on this machine, side by side in one run: speed, memory, and what differs.

Everything is measured from the files or crops to the updated weights or the logits, after a part that is not
counted. All ways start from the same random weights, so that their logits can be held against each other.
"""

from __future__ import annotations

import dataclasses
import os
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
from models.finetune.choosing import Chosen, for_prediction
from models.finetune.engines import EAGER, EngineMissing, engine
from models.finetune.entry import Finetuned
from models.finetune.loop import Training
from models.finetune.machine import seconds_of
from models.finetune.networks import Network, parameter_groups
from models.finetune.precision import device_of, placed, reproducible, reseed
from models.finetune.predict import cells_a_pass, first_pass, mean_logits
from models.finetune.rates import (
    Reading,
    convolutions_a_second,
    forget_memory,
    memory_mib,
    operations_of,
    reading,
)
from models.finetune.recipe import Recipe
from models.finetune.rehearsing import COMPILE

EPOCHS, TRAINED, PREDICTED = 6, 10_661, 2_586
"""A full training and the final phase of C-NMC 2019: what the estimates are for."""

Precision = Literal["float32", "tf32", "bf16"]


@dataclass(frozen=True, slots=True)
class Way:
    """One of our ways: an engine and a precision."""

    engine: str
    precision: Precision

    @property
    def trains(self) -> bool:
        """Whether this engine can learn; the others only predict."""
        return self.engine in (EAGER, COMPILE)

    def __str__(self) -> str:
        return f"ours, {self.engine}, {self.precision}"


_WAYS: Mapping[str, tuple[tuple[str, Precision], ...]] = {
    "cpu": (
        *((engine, "float32") for engine in (EAGER, "folded", "openvino", COMPILE)),
        *((engine, "bf16") for engine in (EAGER, "folded", "openvino", COMPILE)),
    ),
    "cuda": ((EAGER, "float32"), (EAGER, "tf32"), (EAGER, "bf16"), (COMPILE, "bf16"), (COMPILE, "tf32")),
}
"""Engine and precision, by kind of device."""


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

    def images(self, recipe: Recipe, *, training: bool) -> published.Images:
        assert self.cells.labels is not None
        return published.Images(self.files, self.cells.labels.tolist(), training, recipe)


@dataclass(frozen=True, slots=True)
class Measured:
    """One way to train and predict: images learnt and cells predicted (all views) a second.

    `largest_difference` is the largest of the mean logits against the published way's in strict float32, and
    `labels_equal` the share of cells with the same label; memory is the peak, of the GPU or of the process,
    in MiB; `convolutions` is the share of the machine's own rate that prediction reaches. What only predicts
    has no `trained_a_second`. Processor seconds, of this process and its workers, hold on a busy machine too.
    """

    way: str
    predicted_a_second: float
    largest_difference: float
    labels_equal: float
    memory_mib: float
    convolutions: float
    trained_a_second: float | None = None
    first_step_seconds: float | None = None
    processor_seconds_a_cell: float = 0.0
    processor_seconds_an_image: float | None = None

    def estimates(self) -> dict[str, float | None]:
        """Hours of one seed, of 24 seeds, and minutes of a prediction of the final set."""
        trained = self.trained_a_second
        seed = None if trained is None else EPOCHS * TRAINED / trained / 3600
        return {
            "hours_a_seed": seed,
            "hours_of_24_seeds": None if seed is None else 24 * seed,
            "minutes_of_a_final_prediction": PREDICTED / self.predicted_a_second / 60,
        }

    def times(self, first: Measured) -> dict[str, float | None]:
        """How many times as fast as the first way, which is the published one."""
        ours, theirs = self.trained_a_second, first.trained_a_second
        return {
            "prediction": self.predicted_a_second / first.predicted_a_second,
            "training": None if not ours or not theirs else ours / theirs,
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
            logits = published.mean_logits(
                module, sample.to_predict().images(entry.settings, training=False), 0
            )
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

    def measured(self, *, quick: bool = False) -> Iterator[Measured | Missing]:
        """The published way, on a GPU also as torch comes (tf32), then ours by each engine and precision.

        `quick` leaves the compiler out on a processor, where it alone takes a minute.
        """
        for tf32 in (True, False) if self.device.type == "cuda" else (False,):
            yield _published(self, tf32=tf32)
        for way in ways(self.device, quick=quick):
            try:
                yield _ours(self, way)
            except EngineMissing as error:
                yield Missing(str(way), str(error))

    def reading(self) -> Reading:
        """How fast cells come from their files, and as crops."""
        return reading(self.sample.images(self.entry.settings, training=False), self.sample.cells.crops)

    def chosen(self) -> Chosen:
        """What `--engine auto` takes here for the final set, with nothing kept from before."""
        recipe, network = self.entry.settings, self.network()
        with reproducible(self.device, recipe):
            module = placed(network.module, self.device, recipe)
            example = first_pass(self.sample.cells, recipe, self.device)
            passes = -(-PREDICTED // cells_a_pass(self.device, recipe))
            return for_prediction(
                module, recipe, dataclasses.replace(self.session, cache=None), example, passes
            )

    def differences(self, logits: npt.NDArray[np.float64]) -> tuple[float, float]:
        """Largest difference of a logit from the published way's, and the share of equal labels."""
        equal = (logits > 0) == (self.exact > 0)
        return float(np.abs(logits - self.exact).max()), float(equal.mean())

    def share_of_convolutions(self, predicted_a_second: float, precision: Precision) -> float:
        """Of the rate of one large convolution in the same precision, what a prediction reaches."""
        module = self.network().module.to(self.device)
        recipe = self.entry.settings
        operations = operations_of(module, recipe.side, self.device) * recipe.views * predicted_a_second
        return operations / convolutions_a_second(self.device, precision)


@dataclass(frozen=True, slots=True)
class Missing:
    """A way that this machine does not have, and why."""

    way: str
    reason: str


def ways(device: torch.device, *, quick: bool = False) -> Iterator[Way]:
    """Our ways that are worth measuring on this device."""
    for name, precision in _WAYS.get(device.type, _WAYS["cpu"]):
        if not (quick and device.type == "cpu" and name == COMPILE):
            yield Way(name, precision)


def _published(bench: Bench, *, tf32: bool) -> Measured:
    device, sample = bench.device, bench.sample.to_predict()
    workers = min(os.cpu_count() or 1, 16)
    network, recipe = bench.network(), bench.entry.settings
    module = network.module.to(device)
    to_learn = bench.sample.images(recipe, training=True)
    with _convolutions_in(tf32=tf32):
        forget_memory(device)
        published.mean_logits(module, bench.sample.warming().images(recipe, training=False), 0)
        predicting, logits = _timed(
            lambda: published.mean_logits(module, sample.images(recipe, training=False), workers), device
        )
        groups, rates = parameter_groups(network, recipe), recipe.rates(1)
        with_rates = [{**group, "lr": rate} for group, rate in zip(groups, rates, strict=True)]
        learning = published.steps(module, to_learn, with_rates, workers)
        first, _ = _timed(lambda: next(learning), device)
        training, steps = _timed(lambda: sum(1 for _ in learning), device)
    predicted, learnt = len(logits) / predicting.wall, steps * published.batch_of(to_learn)
    return Measured(
        f"published, {'torch as it comes (tf32 convolutions)' if tf32 else 'float32'}",
        predicted,
        *bench.differences(logits),
        memory_mib(device),
        bench.share_of_convolutions(predicted, "tf32" if tf32 else "float32"),
        learnt / training.wall,
        first.wall,
        predicting.processor / len(logits),
        training.processor / learnt,
    )


def _ours(bench: Bench, way: Way) -> Measured:
    recipe = dataclasses.replace(bench.entry.settings, precision=way.precision)
    torch.compiler.reset()
    forget_memory(bench.device)
    with reproducible(bench.device, recipe):
        spent, logits = _predicted(bench, recipe, way)
        learnt = _trained(bench, recipe, way) if way.trains else {}
        memory = memory_mib(bench.device)
        predicted = len(logits) / spent.wall
        share = bench.share_of_convolutions(predicted, way.precision)
    a_cell = spent.processor / len(logits)
    differences = bench.differences(logits)
    return Measured(
        str(way), predicted, *differences, memory, share, processor_seconds_a_cell=a_cell, **learnt
    )


def _predicted(bench: Bench, recipe: Recipe, way: Way) -> tuple[Spent, npt.NDArray[np.float64]]:
    """What it took to predict all cells, and their logits."""
    device, cells = bench.device, bench.sample.to_predict().cells
    module = placed(bench.network().module, device, recipe)
    forward = engine(way.engine, module, recipe, first_pass(cells, recipe, device)).forward
    return _timed(lambda: mean_logits(forward, cells, recipe, bench.session, "predicting", device), device)


def _trained(bench: Bench, recipe: Recipe, way: Way) -> dict[str, float]:
    """Images a second, what they cost, and the seconds of the first step, which is not counted."""
    device, network = bench.device, bench.network()
    placed(network.module, device, recipe)
    training = Training(recipe, network, bench.sample.cells, bench.session, Checkpoints(None, ""), {})
    training.stepping = training.step_of(way.engine)
    batches = training.batches(np.arange(training.steps * training.batch))
    training.stepping.at_rates(recipe.rates(1))
    network.module.train()
    first, _ = _timed(lambda: training.learn(batches[0]), device)
    spent, _ = _timed(lambda: [training.learn(batch) for batch in batches[1:]], device)
    images = (training.steps - 1) * training.batch
    return {
        "trained_a_second": images / spent.wall,
        "first_step_seconds": first.wall,
        "processor_seconds_an_image": spent.processor / images,
    }


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


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds on the clock, and of processors: of this process and of workers that have ended."""

    wall: float
    processor: float


def _timed(action: Callable[[], Answer], device: torch.device) -> tuple[Spent, Answer]:
    """What an action took until the device has done it, and its answer."""
    answers: list[Answer] = []
    before = sum(os.times()[:4])
    wall = seconds_of(lambda: answers.append(action()), device)
    return Spent(wall, sum(os.times()[:4]) - before), answers[0]
