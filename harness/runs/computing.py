"""How a network is computed, as it was asked for: device, engine, precision, and what these were called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness import console
from harness.errors import UsageWrong
from models import registry
from models.contract import Entry

_AUTO = "auto"
_BEFORE = "compiled"
"""The setting that chose the engine until 0.1.0; in an entry that declares it, it is that entry's own."""


def with_precision(settings: Mapping[str, str], precision: str) -> dict[str, str]:
    """The settings with ``--precision`` among them, because what is learnt depends on it."""
    if precision == _AUTO:
        return dict(settings)
    named = settings.get("precision", precision)
    if named != precision:
        raise UsageWrong(f"--precision {precision} and --set precision={named} differ", "Leave one out.")
    return {**settings, "precision": named}


def with_engine(settings: Mapping[str, str], engine: str, declared: Any) -> tuple[dict[str, str], str]:
    """``--set compiled=true`` as ``--engine compile``, where an entry, by its `declared` settings, can."""
    asked = settings.get(_BEFORE)
    if asked is None or hasattr(declared, _BEFORE) or not hasattr(declared, "precision"):
        return dict(settings), engine
    if engine == _AUTO:
        engine = "compile" if asked.lower() in ("true", "yes", "1") else "eager"
    console.say(f"--set {_BEFORE}={asked} is now --engine {engine}")
    return {name: value for name, value in settings.items() if name != _BEFORE}, engine


def device_for(asked: str, entry: Entry, origin: str) -> str:
    """The device that does the work; raises `EntryUnavailable` where it, or a package, is not there."""
    missing = registry.missing_requirement(entry.card)
    if missing:
        raise registry.needs(entry.card.name, missing)
    uses_torch = "torch" in entry.card.requires
    if asked == "cpu" or (asked == "auto" and not uses_torch):
        return "cpu"
    if missing := registry.missing_requirement(replace(entry.card, requires=("torch",))):
        raise registry.needs(f"{entry.card.name} on {asked}", missing)
    from models.finetune.precision import best_device, require_device

    if asked == "auto":
        return best_device()
    require_device(asked)
    return "cpu" if origin == "built-in" and not uses_torch else asked


def without_effect(entry: Entry, engine: str, device: str) -> tuple[str, ...]:
    """What is asked of how a network is computed and does nothing on this device of this machine."""
    precision, kind = getattr(entry.settings, "precision", None), device.partition(":")[0]
    if precision is None or "torch" not in entry.card.requires:
        return ()
    from models.finetune.engines import lack_of_engine

    lack = "" if engine == _AUTO else lack_of_engine(engine, kind)
    return tuple(
        note
        for note in (
            f"engine {engine} is not taken, but eager: {lack}" if lack else "",
            _TF32_ON_CPU if precision == "tf32" and kind == "cpu" else "",
        )
        if note
    )


_TF32_ON_CPU = (
    "precision tf32 changes nothing on a CPU, only on NVIDIA's cards; the run is another one than in float32 "
    "all the same"
)
