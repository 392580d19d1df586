"""Whether torch can compile here: it needs a compiler of C++ on a processor, Triton on a GPU."""

from __future__ import annotations

from functools import lru_cache

import torch


@lru_cache
def require_compiler(device: str) -> str:
    """Why torch cannot compile for this kind of device; empty where it can. Tried once, on one addition."""
    try:
        torch.compile(lambda one: one + 1)(torch.zeros(1, device=device))
    except Exception as error:  # what is missing (a compiler, its headers, Triton) raises anything
        return (str(error).strip().splitlines() or [type(error).__name__])[0]
    return ""
