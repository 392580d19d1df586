"""The GPUs of this machine."""

from __future__ import annotations

import torch


def gpus() -> tuple[str, ...]:
    """The name of every GPU that torch can use, such as ``cuda:0``."""
    return tuple(f"cuda:{number}" for number in range(torch.cuda.device_count()))
