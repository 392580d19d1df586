"""What a machine gives by itself: its rate of convolutions, of reading crops and of decoding files."""

from __future__ import annotations

import contextlib
import dataclasses
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from models.finetune.machine import seconds_of
from models.finetune.published import Images

_BATCH = 16
_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Reading:
    """Cells a second: decoded and cut from their files as the published program does, and read as crops."""

    decoded_a_second: float
    read_a_second: float

    @property
    def times_faster(self) -> float:
        return self.read_a_second / self.decoded_a_second

    def to_json(self) -> dict[str, float]:
        return {**dataclasses.asdict(self), "times_faster": self.times_faster}


def reading(images: Images, crops: Callable[[np.ndarray], np.ndarray]) -> Reading:
    """Both from the page cache, in random order, a batch at a time; the best of some rounds counts."""
    order = np.random.default_rng(0).permutation(len(images))
    parts = np.array_split(order, max(1, len(order) // _BATCH))

    def decode() -> None:
        for at in order:
            np.stack([np.asarray(images.crop(int(at)))])

    def read() -> None:
        for part in parts:
            torch.from_numpy(crops(part))

    return Reading(len(order) / _quickest(decode), len(order) / _quickest(read))


def _quickest(action: Callable[[], None]) -> float:
    """Seconds of the quickest round, after one that does not count."""
    action()
    found: list[float] = []
    end = time.perf_counter() + _SECONDS
    while not found or time.perf_counter() < end:
        begun = time.perf_counter()
        action()
        found.append(time.perf_counter() - begun)
    return min(found)


def convolutions_a_second(device: torch.device, precision: str) -> float:
    """Floating-point operations a second of one large 3 x 3 convolution, channels last."""
    kind = torch.bfloat16 if precision == "bf16" else torch.float32
    images = 8 if device.type == "cpu" else 128
    given = torch.randn(images, 256, 38, 38, device=device, dtype=kind).to(memory_format=torch.channels_last)
    weight = torch.randn(256, 256, 3, 3, device=device, dtype=kind).to(memory_format=torch.channels_last)
    operations = 2 * images * 38 * 38 * 256 * 256 * 9
    with torch.no_grad():
        F.conv2d(given, weight, padding=1)
        found = [seconds_of(lambda: F.conv2d(given, weight, padding=1), device) for _ in range(10)]
    return operations / min(found)


def operations_of(module: nn.Module, side: int, device: torch.device) -> float:
    """Floating-point operations of the logit of one image."""
    module.eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counted:
        module(torch.zeros(1, 3, side, side, device=device))
    return float(counted.get_total_flops())


def forget_memory(device: torch.device) -> None:
    """Count the peak of memory from here on, where the system can."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
        return
    with contextlib.suppress(OSError):  # Linux takes this for: forget the largest size so far
        Path("/proc/self/clear_refs").write_text("5")


def memory_mib(device: torch.device) -> float:
    """The peak in MiB: of the GPU's memory, else of this process's."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
            2**20 if sys.platform == "darwin" else 1024
        )
    peak = next(line for line in lines if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024
