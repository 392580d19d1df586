"""What the speed of a network depends on beyond itself: the processor or card, its threads, the libraries."""

from __future__ import annotations

import importlib.metadata
import platform
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from models.finetune.precision import device_name

_LIBRARIES = ("torch", "timm", "openvino")


def described(device: str) -> dict[str, Any]:
    """Card or processor, threads and versions: what measured seconds hold for."""
    versions = {name: _version(name) for name in _LIBRARIES}
    return {
        "machine": device_name(device) or processor(),
        "threads": torch.get_num_threads(),
        "versions": {name: version for name, version in versions.items() if version},
    }


@lru_cache
def processor() -> str:
    """What the processor calls itself, with what of it matters where that name says little.

    Virtual machines often hide the model; the instructions they pass on decide about speed.
    """
    name = _model_name()
    found = torch.backends.cpu.get_cpu_capability()
    bf16 = " amx_bf16" if "amx_bf16" in _flags() else " avx512_bf16" if "avx512_bf16" in _flags() else ""
    return f"{name} ({found}{bf16})"


def _model_name() -> str:
    names = (line.partition(":")[2].strip() for line in _lines() if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _flags() -> frozenset[str]:
    flags = (line.partition(":")[2].split() for line in _lines() if line.startswith(("flags", "Features")))
    return frozenset(next(flags, []))


@lru_cache
def _lines() -> tuple[str, ...]:
    try:
        return tuple(Path("/proc/cpuinfo").read_text().splitlines())
    except OSError:
        return ()


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def seconds_of(action: Callable[[], object], device: torch.device) -> float:
    """Seconds until the device has done it."""
    _wait(device)
    begun = time.perf_counter()
    action()
    _wait(device)
    return time.perf_counter() - begun


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
