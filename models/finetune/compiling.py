"""Networks made faster by torch's compiler, where the recipe asks for that and a compiler is there."""

from __future__ import annotations

import logging
from functools import lru_cache

import torch
from torch import nn

from models.finetune.recipe import Recipe

_log = logging.getLogger(__name__)


def compile_where_asked(module: nn.Module, recipe: Recipe) -> None:
    """Have the network's calls compiled, once; the names of its weights stay as they are."""
    done = module._compiled_call_impl is not None
    if recipe.compiled and not done and _compiler_works(next(module.parameters()).device.type):
        module.compile(dynamic=False)


@lru_cache
def _compiler_works(device: str) -> bool:
    """Whether torch can compile for this device here; tried once, on one addition."""
    try:
        torch.compile(lambda one: one + 1)(torch.zeros(1, device=device))
    except Exception as error:  # what is missing (a compiler, its headers, Triton) raises anything
        _log.warning("nothing is compiled here, the network runs as it is: %s", str(error).splitlines()[0])
        return False
    return True
