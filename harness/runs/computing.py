"""How a network is computed, as it was asked for: engine and precision, and what they were called before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness import console
from harness.errors import UsageWrong

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
