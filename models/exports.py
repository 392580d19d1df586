"""A trained network as a file for other programs: what is asked for, and what came of it.

This module imports no torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TIMM, ONNX, STATE_DICT = "timm", "onnx", "state-dict"
ENDINGS: Mapping[str, str] = {TIMM: ".safetensors", ONNX: ".onnx", STATE_DICT: ".pth"}
"""The forms there are, and how their files end."""
AGREE = 1e-4
"""How far a logit of the exported network may lie from ours."""


@dataclass(frozen=True, slots=True)
class Export:
    """What is to be written: a form, the file for it, what the file says of itself, and whether the views of
    a cell are turned and averaged inside (ONNX). `name` is what the file will be called in the end."""

    form: str
    file: Path
    name: str
    told: Mapping[str, Any]
    with_views: bool = False


@dataclass(frozen=True, slots=True)
class Exported:
    """JSON-able facts of the network in the file (what goes in, what comes out, how far it lies from ours),
    and a script of a few lines that scores an image with it."""

    facts: Mapping[str, Any]
    example: str
