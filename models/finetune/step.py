"""One step on a batch: as it is written or compiled, recorded once and replayed on a CUDA GPU.

A small batch leaves a GPU waiting for the program that names the next kernel; a CUDA graph names them all
at once. The arithmetic is that of the eager step with the same kernels.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import nn

from models.finetune.engines import EAGER, Forward, calls, compiled
from models.finetune.machine import seconds_of
from models.finetune.networks import Network, parameter_groups
from models.finetune.optimisers import begins_at_nought, optimiser_of
from models.finetune.precision import autocast
from models.finetune.recipe import Recipe

_log = logging.getLogger(__name__)
_WARM_UPS = 3
"""Steps that CUDA's libraries need before a recording; what they learnt is taken back."""


class Step:
    """Learns from one batch after another; `optimiser` holds what it keeps between steps (Adam's moments).

    `engine` is "eager" or "compile", where the network's calls and their gradients are compiled at the first
    step; raises `EngineMissing`.
    """

    def __init__(
        self, network: Network, recipe: Recipe, positive_weight: torch.Tensor, engine: str = EAGER
    ) -> None:
        self._recipe = recipe
        self.engine = engine
        self._module = network.module
        self._call = network.module if engine == EAGER else compiled(network.module)
        self._positive_weight = positive_weight
        self._device = positive_weight.device
        self.on_gpu = self._device.type == "cuda"
        self.optimiser = optimiser_of(parameter_groups(network, recipe), recipe, on_gpu=self.on_gpu)
        self._recorded: _Recording | None = None
        self._recordable = self.on_gpu and begins_at_nought(recipe)
        self._rates_on_gpu = self._recordable

    def at_rates(self, rates: Sequence[float]) -> None:
        """Learn at these rates from now on, one a group of layers; a recording reads them where they lie."""
        for group, rate in zip(self.optimiser.param_groups, rates, strict=True):
            if self._rates_on_gpu and isinstance(group["lr"], torch.Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = torch.tensor(rate, device=self._device) if self._rates_on_gpu else rate

    def __call__(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """One step on images (n, 3, side, side) and labels (n,), float32; returns the loss on the device."""
        if self._recordable and self._recorded is None:
            self._record(images, labels)
        if self._recorded is not None:
            return self._recorded(images, labels)
        return self._eager(images, labels)

    def _eager(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        with autocast(self._device, self._recipe, graphed=self._recordable):
            logits = self._call(images)
        loss = F.binary_cross_entropy_with_logits(
            logits.float().view(-1), labels, pos_weight=self._positive_weight
        )
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        return loss.detach()

    def _record(self, images: torch.Tensor, labels: torch.Tensor) -> None:
        """Record a step for batches of this shape; a network that cannot be recorded learns eagerly."""
        try:
            self._warm_up(images, labels)
            self._recorded = _Recording(self._eager, images, labels)
        except RuntimeError as error:
            self._recordable = False
            _log.warning("no CUDA graph for this network, it learns without: %s", str(error).splitlines()[0])

    def _warm_up(self, images: torch.Tensor, labels: torch.Tensor) -> None:
        """Some steps beside the training's own stream; weights and moments are then as they were."""
        beside = torch.cuda.Stream(self._device)
        beside.wait_stream(torch.cuda.current_stream(self._device))
        with self._taken_back():
            with torch.cuda.stream(beside):
                for _ in range(_WARM_UPS):
                    self._eager(images, labels)
            torch.cuda.current_stream(self._device).wait_stream(beside)

    def rehearse(self, images: torch.Tensor, labels: torch.Tensor, steps: int) -> float:
        """Seconds of the quickest of some steps, after one that does not count; nothing is learnt of them."""
        with self._taken_back():
            self(images, labels)
            return min(seconds_of(lambda: self(images, labels), self._device) for _ in range(steps))

    @contextmanager
    def _taken_back(self) -> Iterator[None]:
        """Weights, moments and random numbers are afterwards as they were, in the same memory."""
        weights = {name: one.clone() for name, one in self._module.state_dict().items()}
        moments = _cloned(self.optimiser)
        with torch.random.fork_rng(devices=[self._device] if self.on_gpu else []):
            yield
        with torch.no_grad():
            for name, one in self._module.state_dict().items():
                one.copy_(weights[name])
            _put_back(self.optimiser, moments, nought=begins_at_nought(self._recipe))
        self.optimiser.zero_grad()

    def forward(self) -> Forward:
        """The network's logits by the same engine, for judging an epoch."""
        return calls(self._call, self._recipe, self._device)


class _Recording:
    """A step as a CUDA graph, with the places in memory from which it reads its batch."""

    def __init__(
        self,
        step: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
        images: torch.Tensor,
        labels: torch.Tensor,
    ) -> None:
        self._images, self._labels = images.clone(), labels.clone()
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._loss = step(self._images, self._labels)

    def __call__(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        self._images.copy_(images)
        self._labels.copy_(labels)
        self._graph.replay()
        return self._loss


Moments = list[dict[str, torch.Tensor]]


def _cloned(optimiser: torch.optim.Optimizer) -> Moments:
    kept = (optimiser.state.get(parameter, {}) for parameter in _parameters(optimiser))
    return [{name: one.clone() for name, one in state.items()} for state in kept]


def _put_back(optimiser: torch.optim.Optimizer, moments: Moments, *, nought: bool) -> None:
    """What the optimiser kept as it was; where all of it begins at `nought`, in the same memory."""
    for parameter, before in zip(_parameters(optimiser), moments, strict=True):
        if not before and not nought:
            optimiser.state.pop(parameter, None)
            continue
        for name, one in optimiser.state[parameter].items():
            if name in before:
                one.copy_(before[name])
            else:
                one.zero_()


def _parameters(optimiser: torch.optim.Optimizer) -> list[nn.Parameter]:
    return [one for group in optimiser.param_groups for one in group["params"]]
