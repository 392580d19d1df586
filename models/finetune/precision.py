"""Device, precision and determinism: the one place where torch's global switches are set."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import nn

from models.contract import EntryUnavailable, Session
from models.finetune.heap import keep_freed_memory
from models.finetune.recipe import Recipe

_IMAGES_A_PASS = {"cpu": 8, "cuda": 256}
"""Images in one forward pass of prediction: measured on the CPU, where 8 are faster than 32."""


def best_device() -> str:
    """The fastest device there is: cuda, else mps, else cpu."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def device_of(session: Session) -> torch.device:
    """The session's device; raises `EntryUnavailable` where this machine has none."""
    return require_device(session.device)


def require_device(name: str) -> torch.device:
    """The device of this name, tried; raises `EntryUnavailable` where this machine has none."""
    try:
        device = torch.device(name)
        torch.empty(1, device=device).cpu()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise EntryUnavailable(
            f"device {name!r} is not there: {str(error).splitlines()[0].partition('. ')[0]}",
            f"The best device of this machine is {best_device()}.",
        ) from error
    return device


def device_name(device: str) -> str | None:
    """What a GPU is called, None for a processor."""
    return torch.cuda.get_device_name(device) if device.startswith("cuda") else None


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that the device, or this machine, has no more memory."""
    if isinstance(error, torch.cuda.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)


def images_a_pass(device: torch.device) -> int:
    """How many images go through the network at once when it predicts."""
    return _IMAGES_A_PASS.get(device.type, 32)


@contextmanager
def reproducible(device: torch.device, recipe: Recipe) -> Iterator[None]:
    """Same seed, same result: deterministic kernels while this lasts, and the caller's random state after.

    On the CPU results are equal to the bit for the same number of threads. cuDNN is held to
    deterministic kernels and does not try out algorithms (`benchmark`), because the fastest may be
    another one each time; an operation without a deterministic kernel warns and runs.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        torch.backends.cudnn.benchmark,
        torch.backends.cudnn.allow_tf32,
        torch.backends.cuda.matmul.allow_tf32,
        torch.utils.deterministic.fill_uninitialized_memory,  # type: ignore[attr-defined]
    )
    tf32 = recipe.precision == "tf32"
    _switch((True, True, False, tf32, tf32, False))
    on_gpu = device.type == "cuda"
    # Streams and graphs are made on the current GPU, whichever one the tensors are on.
    with torch.cuda.device(device) if on_gpu else nullcontext(), _own_random_numbers(device):
        try:
            yield
        finally:
            _switch(before)


def _own_random_numbers(device: torch.device) -> AbstractContextManager[None]:
    return torch.random.fork_rng(devices=[device] if device.type == "cuda" else [])


def _switch(values: tuple[bool, bool, bool, bool, bool, bool]) -> None:
    only, warn_only, benchmark, tf32_convolutions, tf32_products, fill = values
    torch.use_deterministic_algorithms(only, warn_only=warn_only)
    torch.backends.cudnn.benchmark = benchmark
    torch.backends.cudnn.allow_tf32 = tf32_convolutions
    torch.backends.cuda.matmul.allow_tf32 = tf32_products
    torch.utils.deterministic.fill_uninitialized_memory = fill  # type: ignore[attr-defined]


def reseed(session: Session, *keys: int) -> None:
    """Make torch's random numbers (first weights, dropout) a function of the seed and these keys."""
    torch.manual_seed(int(session.generator(*keys).integers(2**63)))


def autocast(
    device: torch.device, recipe: Recipe, *, graphed: bool = False
) -> AbstractContextManager[object]:
    """bfloat16 arithmetic where the recipe asks for it; the weights stay float32.

    Inside a CUDA graph the weights are turned into bfloat16 at every replay, so none may be kept.
    """
    if recipe.precision != "bf16":
        return nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16, cache_enabled=not graphed)


def placed(module: nn.Module, device: torch.device, recipe: Recipe) -> nn.Module:
    """The network on its device, in the memory layout of the recipe; a processor's memory is kept."""
    if device.type == "cpu":
        keep_freed_memory()
    layout = torch.channels_last if recipe.channels_last else torch.contiguous_format
    return module.to(device=device, memory_format=layout)  # type: ignore[call-overload,no-any-return]
