"""The engine of a training: that of its checkpoint, the one asked for, or the faster one on a batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from models.contract import Session
from models.finetune.choosing import AUTO, LITTLE, SAVES, Choice, Kept, Tried, say_once, told
from models.finetune.engines import EAGER, EngineMissing, calls, first_line
from models.finetune.machine import seconds_of
from models.finetune.networks import Network
from models.finetune.precision import out_of_memory
from models.finetune.recipe import Recipe
from models.finetune.step import Step

COMPILE = "compile"
_SECONDS_TO_COMPILE = 120.0
"""Of a network's calls and their gradients, expected before it was ever measured here."""
_BACKWARD = 3
"""A step takes about three times what the network's logits take."""
_STEPS = 2

MakeStep = Callable[[str], Step]


@dataclass(frozen=True, slots=True, eq=False)
class Rehearsal:
    """What engines are tried with: the network, the first batch, and how many steps are ahead."""

    network: Network
    recipe: Recipe
    session: Session
    images: torch.Tensor
    labels: torch.Tensor
    steps: int

    def choose(self, make: MakeStep) -> tuple[Step, Choice]:
        """The step of the chosen engine, which has learnt nothing yet."""
        asked = self.session.engine
        if asked == COMPILE:
            return self.take(make, COMPILE, "asked for")
        if asked != AUTO:
            reason = "asked for" if asked == EAGER else f"{asked} only predicts"
            return make(EAGER), Choice(EAGER, reason)
        kept = Kept.of(self.session, "train", self.network.module, self.recipe, self.images)
        tried = kept.read()
        if not tried:
            work = self._expected()
            if SAVES * work < _SECONDS_TO_COMPILE:
                return make(EAGER), Choice(EAGER, LITTLE)
        return self._tried(make, kept, tried)

    def _expected(self) -> float:
        """Seconds of the steps ahead, by the network's logits for two images, which change nothing."""
        module, few = self.network.module, self.images[:2]
        learns = module.training
        forward = calls(module.eval(), self.recipe, few.device)
        with torch.no_grad():
            seconds = min(seconds_of(lambda: forward(few), few.device) for _ in range(2))
        module.train(learns)
        return seconds / len(few) * len(self.images) * _BACKWARD * self.steps

    def _tried(self, make: MakeStep, kept: Kept, tried: dict[str, Tried]) -> tuple[Step, Choice]:
        ready: dict[str, Step] = {}
        missing: dict[str, str] = {}
        for name in (EAGER, COMPILE):
            if name not in tried:
                try:
                    tried[name], ready[name] = self._measured(make, name)
                except EngineMissing as error:
                    missing[name] = str(error)
        kept.write(tried)
        name = min(tried, key=lambda one: tried[one].seconds(self.steps))
        reason = told(name, tried, self.steps)
        say_once(f"{name} trains: {reason}")
        if name in ready:
            return ready[name], Choice(name, reason, tried, missing)
        return self.take(make, name, reason)

    def take(self, make: MakeStep, name: str, reason: str) -> tuple[Step, Choice]:
        """This engine; where it is not there, or refuses the network, that is learnt as it is, with words."""
        try:
            step = make(name)
            if name != EAGER:
                self._rehearsed(step, 1)
        except EngineMissing as error:
            say_once(f"{error}; the network learns as it is")
            return make(EAGER), Choice(EAGER, f"{name} is not there", missing={name: str(error)})
        return step, Choice(name, reason)

    def _measured(self, make: MakeStep, name: str) -> tuple[Tried, Step]:
        """Seconds of a step by this engine, and of what comes before its first one."""
        step = make(name)
        whole: list[float] = []
        took = seconds_of(lambda: whole.append(self._rehearsed(step, _STEPS)), self.images.device)
        return Tried(max(0.0, took - (_STEPS + 1) * whole[0]), whole[0]), step

    def _rehearsed(self, step: Step, steps: int) -> float:
        """Seconds of a step; raises `EngineMissing` where the compiler refuses the network."""
        step.at_rates(self.recipe.rates(1))
        self.network.module.train()
        try:
            return step.rehearse(self.images, self.labels, steps)
        except Exception as error:
            if step.engine == EAGER or out_of_memory(error):
                raise
            raise EngineMissing(f"{step.engine} cannot train this network: {first_line(error)}") from error
