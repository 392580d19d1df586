"""Fine-tuning from top to bottom: first weights, epochs, checkpoints, the choice of epoch.

Nothing random is carried from step to step: the order of an epoch is a function of (seed, epoch), a
cell's augmentation of (seed, epoch, name), dropout of (seed, epoch, step). A position (epoch, step)
is therefore all that a checkpoint says about random numbers, and going on from it gives the weights
that an undisturbed training gives. A trainer of a library (Lightning, accelerate) keeps generators' states
instead, which hang on the number of workers and on where in an epoch it was stopped.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from models.contract import Cells, FitInterrupted, Session, SettingInvalid, Validation
from models.finetune import weights
from models.finetune.augment import drawn, fixed_point_steps, moved
from models.finetune.checkpoints import Checkpoints, Saved
from models.finetune.choosing import AUTO
from models.finetune.engines import EAGER
from models.finetune.fitted import FittedNetwork
from models.finetune.networks import Network
from models.finetune.pace import Pace
from models.finetune.pixels import Pixels
from models.finetune.precision import device_of, out_of_memory, placed, reproducible, reseed
from models.finetune.predict import as_input, mean_of_views, scores_of, view_logits
from models.finetune.recipe import Recipe
from models.finetune.rehearsing import Rehearsal
from models.finetune.step import Step
from models.progress import Advance
from models.weights_source import NOT_FILES

_log = logging.getLogger(__name__)

_FIRST_WEIGHTS, _ORDER, _STEP = 0, 1, 2
"""Streams of random numbers; augmentation has the fourth."""


@dataclass(frozen=True, slots=True)
class Approach:
    """What is fine-tuned and how: an entry's name and version, its recipe, how its network is built with
    random weights, and where the first weights come from (`Session.weights`)."""

    name: str
    version: str
    recipe: Recipe
    network: Callable[[], Network]
    weights: str


def fit(approach: Approach, cells: Cells, session: Session) -> FittedNetwork:
    """Fine-tune the network on labelled cells; goes on from a checkpoint of the same training."""
    cells.require_labels()
    with reproducible(device_of(session), approach.recipe):
        return prepare(approach, cells, session).run()


def prepare(approach: Approach, cells: Cells, session: Session) -> Training:
    """A training that stands at its beginning, or where its checkpoint was written."""
    checkpoints = Checkpoints(session.checkpoints, _key(approach, cells, session))
    reseed(session, _FIRST_WEIGHTS)
    network = approach.network()
    saved = _usable(checkpoints)
    origin = {} if saved else weights.start(network, approach.weights)
    placed(network.module, device_of(session), approach.recipe)
    training = Training(approach.recipe, network, cells, session, checkpoints, origin)
    if saved:
        training.go_on(saved)
    else:
        training.choose_engine()
    return training


def _key(approach: Approach, cells: Cells, session: Session) -> str:
    """Names a training: two with the same key learn the same weights."""
    first = approach.weights if approach.weights in NOT_FILES else weights.named(approach.weights)
    chooses = session.validation if session.validation and session.validation.chooses else None
    validation = chooses.cells.names if chooses else None
    labels = cells.require_labels().tolist()
    told = [approach.name, approach.version, approach.recipe.what_is_learnt(), session.seed, first]
    told += [session.identity] if session.identity else []
    return hashlib.sha256(json.dumps([*told, cells.names, labels, validation]).encode()).hexdigest()


def _usable(checkpoints: Checkpoints) -> Saved | None:
    """The last checkpoint, unless the best epoch that it names is lost."""
    saved = checkpoints.last()
    best = saved.facts["best_epoch"] if saved else None
    if best is not None and checkpoints.best(best) is None:
        _log.warning("the weights of the best epoch, %d, are not there: training starts anew", best)
        return None
    return saved


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Cells of one step, int64 (n,), and how each is moved, int32 (n, 2, 3)."""

    cells: torch.Tensor
    steps: torch.Tensor


@dataclass(slots=True)
class Best:
    """The best epoch so far on the validation cells."""

    epoch: int
    weighted_f1: float
    state: dict[str, torch.Tensor]


@dataclass(slots=True, eq=False)
class Training:
    """A training under way: `epoch` (from 1) is the one being learnt, `step` counts what is done of it.

    `origin` says where the first weights came from.
    """

    recipe: Recipe
    network: Network
    cells: Cells
    session: Session
    checkpoints: Checkpoints
    origin: dict[str, Any]
    epoch: int = 1
    step: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    best: Best | None = None
    batch: int = field(init=False)
    steps: int = field(init=False)
    labels: torch.Tensor = field(init=False)
    losses: torch.Tensor = field(init=False)
    positive_weight: torch.Tensor = field(init=False)
    pixels: Pixels = field(init=False)
    stepping: Step = field(init=False)
    engine: dict[str, Any] = field(init=False, default_factory=dict)
    pace: Pace = field(init=False)
    _saved_at: float = field(init=False, default_factory=time.monotonic)

    def __post_init__(self) -> None:
        labels = self.cells.require_labels()
        self.batch = min(self.recipe.batch, len(labels))
        if self.batch < self.recipe.batch:
            _log.warning(
                "%d cells do not fill a batch of %d: each step learns from all of them",
                len(labels),
                self.recipe.batch,
            )
        self.steps = len(labels) // self.batch
        self.pace = Pace(self.recipe.epochs, self.steps * self.batch)
        self.labels = torch.from_numpy(labels.astype(np.float32)).to(self.device)
        self.losses = torch.zeros(self.steps, device=self.device)
        balance = (len(labels) - int(labels.sum())) / int(labels.sum())
        weight = balance if self.recipe.positive_weight is None else self.recipe.positive_weight
        self.positive_weight = torch.tensor(weight, dtype=torch.float32, device=self.device)
        self.pixels = Pixels.of(self.cells, self.device)
        self.stepping = self.step_of(EAGER)

    def step_of(self, engine: str) -> Step:
        """What learns a batch by this engine; raises `EngineMissing`."""
        return Step(self.network, self.recipe, self.positive_weight, engine)

    def choose_engine(self) -> None:
        """Learn by the engine that was asked for, or by the fastest one."""
        self.stepping, choice = self._rehearsal().choose(self.step_of)
        self.engine = choice.to_json()

    def _rehearsal(self) -> Rehearsal:
        """The first batch as it will be learnt, and how many there are in all."""
        batch = self.batches(self._order()[: self.batch])[0]
        images, labels = self._images(batch), self.labels[batch.cells]
        steps = self.steps * self.recipe.epochs
        return Rehearsal(self.network, self.recipe, self.session, images, labels, steps)

    @property
    def device(self) -> torch.device:
        return next(self.network.module.parameters()).device

    def run(self) -> FittedNetwork:
        """All epochs that are left, and the network of the chosen one."""
        if self.session.validation and (self.epoch, self.step, self.history) == (1, 0, []):
            self._finish_epoch(0)
        while self.epoch <= self.recipe.epochs:
            words = f"epoch {self.epoch} of {self.recipe.epochs}"
            left = (self.steps - self.step) * self.batch
            with self.session.progress(words, self.steps) as advance, self.pace.learning(left):
                self._learn_epoch(advance)
            self._finish_epoch(self.epoch)
            self.epoch, self.step = self.epoch + 1, 0
            self._save()
        return self._chosen()

    def _learn_epoch(self, advance: Advance) -> None:
        """The steps of this epoch that are left; saves and stops between steps when it is time."""
        batches = self.batches(self._order()[: self.steps * self.batch])
        self.stepping.at_rates(self.recipe.rates(self.epoch))
        self.network.module.train()
        advance(self.step)
        while self.step < self.steps:
            self.losses[self.step] = self.learn(batches[self.step])
            self.step += 1
            advance(1, note=self._running_loss() if self.pace.says_again() else "")
            if self.session.stopping():
                self._save()
                raise FitInterrupted
            if self._time_to_save() or (self.step == self.steps and self.session.validation):
                self._save()

    def _running_loss(self) -> str:
        return f"loss {float(self.losses[: self.step].mean()):.4f}"

    def _order(self) -> npt.NDArray[np.intp]:
        """The order of the cells in this epoch."""
        return self.session.generator(_ORDER, self.epoch).permutation(len(self.cells))

    def batches(self, order: npt.NDArray[np.intp]) -> list[Batch]:
        """The batches of an epoch, on the device: one copy an epoch, so that no step waits for one."""
        names = [self.cells.names[i] for i in order]
        moves = drawn(names, self.epoch, self.recipe, self.session, self.pixels.side)
        steps = torch.from_numpy(fixed_point_steps(moves, self.pixels.side)).to(self.device)
        cells = torch.from_numpy(order).to(self.device)
        return [Batch(*both) for both in zip(cells.split(self.batch), steps.split(self.batch), strict=True)]

    def learn(self, batch: Batch) -> torch.Tensor:
        """One step of Adam on these cells; returns the loss, on the device."""
        reseed(self.session, _STEP, self.epoch, self.step)
        with self._enough_memory():
            return self.stepping(self._images(batch), self.labels[batch.cells])

    @contextmanager
    def _enough_memory(self) -> Iterator[None]:
        """Raise `SettingInvalid` where a batch does not fit: another one would learn something else."""
        try:
            yield
        except Exception as error:
            if not out_of_memory(error):
                raise
            raise SettingInvalid(
                f"a batch of {self.batch} does not fit into the memory of {self.device}",
                f"Lower it: --set batch={max(1, self.batch // 2)}. What is learnt depends on it.",
            ) from error

    def _images(self, batch: Batch) -> torch.Tensor:
        return as_input(moved(self.pixels[batch.cells], batch.steps), self.recipe)

    def _finish_epoch(self, epoch: int) -> None:
        """Record the epoch; where there are validation cells, judge it and keep it if it is the best."""
        event: dict[str, Any] = {"epoch": epoch}
        if epoch:
            event |= {"loss": self._mean_loss(), "learning_rates": list(self.recipe.rates(epoch))}
        if self.session.validation:
            with self.pace.judging():
                event |= self._judged(epoch, self.session.validation)
            better = self.best is None or event["weighted_f1"] > self.best.weighted_f1
            if self.session.validation.chooses and better:
                self._keep(epoch, event["weighted_f1"])
        self.history.append(event)
        self.session.record(event)
        self.session.ended(self.pace.end(event))

    def _judged(self, epoch: int, validation: Validation) -> dict[str, Any]:
        logits = self._logits(validation.cells, f"validating epoch {epoch}")
        validation.keep(epoch, logits)
        told = validation.judge(scores_of(mean_of_views(logits)))
        named = {"judged_on": validation.name} if validation.name else {}
        return {**named, **{name: float(value) for name, value in told.items()}}

    def _logits(self, cells: Cells, description: str) -> npt.NDArray[np.float64]:
        self.network.module.eval()
        forward = self.stepping.forward()
        return view_logits(forward, cells, self.recipe, self.session, description, self.device)

    def _mean_loss(self) -> float:
        loss = float(self.losses.cpu().double().mean())
        if not np.isfinite(loss):
            raise SettingInvalid(
                f"training diverged: the loss of epoch {self.epoch} is {loss}",
                "Lower the rates: --set learning_rates=…",
            )
        return loss

    def _keep(self, epoch: int, weighted_f1: float) -> None:
        state = {name: one.detach().cpu().clone() for name, one in self.network.module.state_dict().items()}
        self.best = Best(epoch, weighted_f1, state)
        self.checkpoints.save_best(epoch, state)

    def _chosen(self) -> FittedNetwork:
        """The network of the best epoch on the validation cells, or else of the last one."""
        epoch = self.recipe.epochs
        if self.best is not None:
            self.network.module.load_state_dict(self.best.state)
            epoch = self.best.epoch
        return FittedNetwork(
            self.network.module,
            self.recipe,
            {
                "epoch": epoch,
                "chosen_by": "weighted_f1 on the validation cells" if self.best else "last epoch",
                "first_weights": self.origin,
                "device": self.device.type,
                "engine": self.engine,
                "batch": self.batch,
                "steps_an_epoch": self.steps,
                "positive_weight": float(self.positive_weight),
            },
        )

    def _time_to_save(self) -> bool:
        return time.monotonic() - self._saved_at >= 60 * self.recipe.checkpoint_minutes

    def _save(self) -> None:
        tensors = {f"network.{name}": one for name, one in self.network.module.state_dict().items()}
        for at, state in self.stepping.optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{at}.{name}": one for name, one in state.items()}
        best_epoch = self.best.epoch if self.best else None
        facts = {
            "epoch": self.epoch,
            "step": self.step,
            "history": self.history,
            "origin": self.origin,
            "engine": self.engine,
            "best_epoch": best_epoch,
            "best_weighted_f1": self.best.weighted_f1 if self.best else None,
        }
        self.checkpoints.save({**tensors, "losses": self.losses}, facts, best_epoch)
        self._saved_at = time.monotonic()

    def go_on(self, saved: Saved) -> None:
        """Stand where the checkpoint was written."""
        facts = saved.facts
        self.epoch, self.step = facts["epoch"], facts["step"]
        self.origin, self.history = dict(facts["origin"]), list(facts["history"])
        self._go_on_by(facts["engine"])
        self.losses.copy_(saved.tensors["losses"])
        self.network.module.load_state_dict(_under("network.", saved.tensors))
        self._restore_optimiser(_under("optimiser.", saved.tensors))
        if facts["best_epoch"] is not None:
            best = self.checkpoints.best(facts["best_epoch"])
            assert best is not None
            self.best = Best(facts["best_epoch"], facts["best_weighted_f1"], dict(best.tensors))
        for event in self.history:
            self.session.record(event)

    def _go_on_by(self, engine: dict[str, Any]) -> None:
        """Learn by the engine that has learnt so far, whatever is asked: weights hang on its rounding."""
        name, asked = engine["name"], self.session.engine
        if asked not in (AUTO, name):
            _log.warning("this training began with --engine %s and goes on with it, not with %s", name, asked)
        self.stepping, choice = self._rehearsal().take(self.step_of, name, engine["reason"])
        if choice.engine == name:
            self.engine = engine
        else:
            _log.warning("weights will differ by rounding from those that %s alone gives", name)
            self.engine = choice.to_json() | {"began_with": name}

    def _restore_optimiser(self, tensors: dict[str, torch.Tensor]) -> None:
        """Give Adam its moments back in the memory layout of the weights, on which the last bit depends."""
        optimiser = self.stepping.optimiser
        parameters = [one for group in optimiser.param_groups for one in group["params"]]
        for name, tensor in tensors.items():
            at, _, part = name.partition(".")
            parameter = parameters[int(at)]
            like = parameter if tensor.shape == parameter.shape or self.stepping.on_gpu else tensor
            kept = torch.empty_like(like) if tensor.shape == parameter.shape else like.new_empty(tensor.shape)
            optimiser.state[parameter][part] = kept.copy_(tensor)


def _under(prefix: str, tensors: Any) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): one for name, one in tensors.items() if name.startswith(prefix)}
