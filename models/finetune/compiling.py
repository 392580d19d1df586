"""Whether torch can compile here: it needs a compiler of C++ on a processor, Triton on a GPU."""

from __future__ import annotations

import secrets
from functools import lru_cache

import torch


@lru_cache
def require_compiler(device: str) -> str:
    """Why torch cannot compile for this kind of device; empty where it can.

    Tried once, on an addition of so many numbers that nothing compiled before answers for the compiler.
    """
    few = torch.zeros(2 + secrets.randbelow(1 << 20), device=device)
    try:
        torch.compile(lambda one: one + 1, dynamic=False)(few)
    except Exception as error:  # what is missing (a compiler, its headers, Triton) raises anything
        return (str(error).strip().splitlines() or [type(error).__name__])[0]
    return ""
