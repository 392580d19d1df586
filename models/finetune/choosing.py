"""The fastest engine for the work ahead on this machine, measured on its first batch where that pays.

What was measured is kept, by machine, versions and network, so that the next run of the same kind chooses at
once, and the same. Only ways that agree within float32's rounding compete: bf16 is measured too, and what it
would save and change is said, but labels that are judged do not depend on which machine was at hand.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from models.contract import Session
from models.finetune import machine
from models.finetune.engines import EAGER, NAMES, Engine, EngineMissing, Forward, engine
from models.finetune.machine import seconds_of
from models.finetune.recipe import Recipe
from submissions.sealing import SealBroken, sealed, unsealed
from submissions.writing import write_whole

_log = logging.getLogger(__name__)

AUTO = "auto"
LARGEST_DIFFERENCE = 1e-4
"""Of a logit between two engines in float32; what differs by more computes something else."""
SAVES = 0.25
"""The share of the time that an engine is hoped to save: no less was measured of the good ones. One that
costs more to build than that is not tried, so that a trial costs a quarter of the work at most."""
_SECONDS_TO_BUILD = {"folded": 1.0, "openvino": 8.0, "compile": 60.0}
_SHORT = 20.0
"""Seconds of work below which nothing is tried."""
_CLEARLY = 0.97
"""A way has to take less than this share of the eager one's time: less is within what is measured twice."""
_ROUNDS = 3
LITTLE = "too little work for a trial"


@dataclass(frozen=True, slots=True)
class Tried:
    """A way that was measured: seconds to build it, seconds for one pass, and what differed."""

    built: float
    a_pass: float
    largest_difference: float = 0.0

    def seconds(self, passes: int) -> float:
        return passes * self.a_pass + self.built


@dataclass(frozen=True, slots=True)
class Choice:
    """The engine that was taken and why; what was measured of which; what cannot run here."""

    engine: str
    reason: str
    tried: Mapping[str, Tried] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        tried = {name: asdict(one) for name, one in self.tried.items()}
        told = {"name": self.engine, "reason": self.reason, "tried": tried, "missing": dict(self.missing)}
        return {name: one for name, one in told.items() if one}


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """An engine that is ready, and why it was chosen."""

    engine: Engine
    choice: Choice


def for_prediction(
    module: nn.Module, recipe: Recipe, session: Session, example: torch.Tensor, passes: int
) -> Chosen:
    """The engine for so many passes of images as in `example`, the first real ones."""
    if session.engine != AUTO:
        return _asked(session.engine, module, recipe, example)
    trial = _Trial(module, recipe, example, Kept.of(session, "predict", module, recipe, example))
    work = passes * trial.eager_seconds()
    if work < _SHORT:
        return Chosen(trial.built[EAGER], Choice(EAGER, LITTLE))
    for name in NAMES:
        if name not in trial.tried and SAVES * work > _SECONDS_TO_BUILD[name]:
            trial.measure(name)
    chosen = trial.best(passes)
    trial.measure_bf16(chosen, work)
    trial.kept.write(trial.tried)
    return trial.chosen(chosen, passes)


def _asked(name: str, module: nn.Module, recipe: Recipe, example: torch.Tensor) -> Chosen:
    """The engine that was asked for; where it is not there, the network as it is, with words."""
    try:
        return Chosen(engine(name, module, recipe, example), Choice(name, "asked for"))
    except EngineMissing as error:
        say_once(f"{error}; the network predicts as it is")
        missing = {name: str(error)}
        plain = engine(EAGER, module, recipe, example)
        return Chosen(plain, Choice(EAGER, f"{name} was asked for and is not there", missing=missing))


class _Trial:
    """Engines measured on one batch, each against the eager one, by turns, because machines have moods."""

    def __init__(self, module: nn.Module, recipe: Recipe, example: torch.Tensor, kept: Kept) -> None:
        self._module, self._recipe, self._example = module, recipe, example
        self.kept = kept
        self.tried: dict[str, Tried] = kept.read()
        self.missing: dict[str, str] = {}
        self.built = {EAGER: engine(EAGER, module, recipe, example)}
        self._logits = self._run(EAGER)

    def eager_seconds(self) -> float:
        if EAGER not in self.tried:
            self.tried[EAGER] = Tried(0.0, min(self._timed(self.built[EAGER].forward) for _ in range(2)))
        return self.tried[EAGER].a_pass

    def measure(self, name: str, *, bf16: bool = False) -> None:
        """Build a way and measure it; one that cannot run here, or computes something else, is left out."""
        label = f"{name} bf16" if bf16 else name
        recipe = replace(self._recipe, precision="bf16") if bf16 else self._recipe
        begun = time.perf_counter()
        try:
            self.built[label] = engine(name, self._module, recipe, self._example)
        except EngineMissing as error:
            self.missing[label] = str(error)
            return
        seconds = time.perf_counter() - begun
        largest = float((self._run(label) - self._logits).abs().max())
        if recipe.precision == "float32" and not largest <= LARGEST_DIFFERENCE * self._largest_logit():
            self.missing[label] = f"its logits differ by {largest:.1e}"
            return
        taken = [self._round(label) for _ in range(_ROUNDS)]
        eager, found = (min(one) for one in zip(*taken, strict=True))
        if not bf16:  # it does not compete: by the times that stand the way was chosen already
            before = self.tried.get(EAGER, Tried(0.0, eager))
            self.tried[EAGER] = replace(before, a_pass=min(before.a_pass, eager))
        self.tried[label] = Tried(seconds, found, largest)

    def measure_bf16(self, name: str, work: float) -> None:
        """What bf16 would save, where the answer is cheap to have."""
        cheap = name in ("folded", "openvino") and f"{name} bf16" not in self.tried
        if self._recipe.precision == "float32" and cheap and SAVES * work > 2 * _SECONDS_TO_BUILD[name]:
            self.measure(name, bf16=True)

    def best(self, passes: int) -> str:
        """The way that is through first, its building counted also where it is built already: whoever finds
        these times kept has to build it, and chooses the same."""
        ways = {name: one for name, one in self.tried.items() if name in NAMES}
        seconds = {
            name: one.seconds(passes) * (1.0 if name == EAGER else 1 / _CLEARLY) for name, one in ways.items()
        }
        return min(seconds, key=lambda name: seconds[name])

    def chosen(self, name: str, passes: int) -> Chosen:
        reason = self._reason(name, passes)
        if name not in self.built:
            try:
                self.built[name] = engine(name, self._module, self._recipe, self._example)
            except EngineMissing as error:
                self.missing[name], name, reason = str(error), EAGER, f"{name} is not there any more"
        say_once(f"{name} predicts: {reason}")
        return Chosen(self.built[name], Choice(name, reason, dict(self.tried), dict(self.missing)))

    def _reason(self, name: str, passes: int) -> str:
        return told(name, self.tried, passes, self.saved_by_bf16(name))

    def saved_by_bf16(self, name: str) -> str:
        """What bf16 would save of this way's time and do to the labels of this batch; empty for nothing."""
        label = next((one for one in self.tried if one.endswith(" bf16")), None)
        times = self.tried[name].a_pass / self.tried[label].a_pass if label else 0.0
        if label is None or times * _CLEARLY <= 1:
            return ""
        change = self.tried[label].largest_difference
        labels = ""
        if label in self.built:
            same = int(((self._run(label) > 0) == (self._logits > 0)).sum())
            labels = f", {same} of {len(self._logits)} labels equal here"
        return (
            f"; --precision bf16 would be {times:.1f} times as fast (logits differ by {change:.0e}{labels})"
        )

    def _largest_logit(self) -> float:
        return max(1.0, float(self._logits.abs().max()))

    def _run(self, label: str) -> torch.Tensor:
        with torch.no_grad():
            return self.built[label].forward(self._example).cpu()

    def _round(self, label: str) -> tuple[float, float]:
        return self._timed(self.built[EAGER].forward), self._timed(self.built[label].forward)

    def _timed(self, forward: Forward) -> float:
        with torch.no_grad():
            return seconds_of(lambda: forward(self._example), self._example.device)


def told(name: str, tried: Mapping[str, Tried], passes: int, more: str = "") -> str:
    """Why this way was taken, in words."""
    ways = {one: found.a_pass for one, found in tried.items() if one in NAMES}
    shown = ", ".join(f"{one} {1e3 * seconds:.0f} ms" for one, seconds in ways.items())
    fastest = ways[name] <= min(ways.values())
    why = "the fastest of what was measured here" if fastest else "nothing measured here saves enough"
    return f"{why} ({shown} a pass), about {passes * ways[name]:.0f} s are ahead{more}"


_SAID: set[str] = set()


def say_once(words: str) -> None:
    """Tell the user; the same words only once, however many trainings and predictions follow."""
    if words not in _SAID:
        _SAID.add(words)
        _log.warning("%s", words)


@dataclass(frozen=True, slots=True)
class Kept:
    """What was measured before of one kind of work, in one small file of the cache (None: nowhere)."""

    path: Path | None
    made_from: Mapping[str, Any]

    @classmethod
    def of(
        cls, session: Session, work: str, module: nn.Module, recipe: Recipe, example: torch.Tensor
    ) -> Kept:
        facts = {
            "work": work,
            **machine.described(str(example.device)),
            "network": network_key(module),
            "images": list(example.shape),
            "precision": recipe.precision,
            "channels_last": recipe.channels_last,
        }
        key = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:20]
        folder = session.cache and session.cache / "engines"
        return cls(folder and folder / f"{work}-{key}.json", facts)

    def read(self) -> dict[str, Tried]:
        """What is kept; nothing where it is damaged, because it can be measured again."""
        try:
            if self.path is None or not self.path.exists():
                return {}
            document = unsealed(self.path)
        except (SealBroken, OSError):
            return {}
        same = document.get("made_from") == self.made_from
        return {name: Tried(**one) for name, one in document["tried"].items()} if same else {}

    def write(self, tried: Mapping[str, Tried]) -> None:
        if self.path is None or self.read() == tried:
            return
        document = {"made_from": self.made_from, "tried": {name: asdict(one) for name, one in tried.items()}}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self.path, sealed(document))
        except OSError as error:
            _log.warning("what was measured cannot be kept: %s", error)


def network_key(module: nn.Module) -> str:
    """Names a network's architecture: its kind, and the names and shapes of its weights."""
    shapes = {name: list(one.shape) for name, one in module.state_dict().items()}
    told = json.dumps([type(module).__name__, shapes])
    return hashlib.sha256(told.encode()).hexdigest()[:20]
