"""The optimiser that a recipe names: any class of `torch.optim` that learns from gradients at a rate."""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from models.contract import SettingInvalid
from models.finetune.recipe import Recipe

_NAMED = ("weight_decay", "momentum")
"""What of an optimiser a recipe names beside its rates."""
_AT_NOUGHT = frozenset({"Adam", "AdamW"})
"""Optimisers all of whose state is nought before the first step, which a recorded step can therefore go back
to; where others begin only their code knows."""


def optimiser_of(groups: list[dict[str, Any]], recipe: Recipe, *, on_gpu: bool) -> Optimizer:
    """The recipe's optimiser over these groups of parameters.

    Raises `SettingInvalid` where torch has none of this name, or where it takes no weight decay, no momentum
    or not these parameters.
    """
    kind = _kind(recipe.optimiser)
    asked = {name: value for name in _NAMED if (value := getattr(recipe, name)) is not None}
    strange = [name for name in asked if name not in inspect.signature(kind).parameters]
    if strange:
        raise SettingInvalid(
            f"optimiser {recipe.optimiser} takes no {' and no '.join(strange)}",
            "Leave it out, or choose another one.",
        )
    recorded: dict[str, Any] = (
        {"fused": on_gpu or None, "capturable": on_gpu} if begins_at_nought(recipe) else {}
    )
    try:
        return kind(groups, **asked, **recorded)
    except ValueError as error:
        raise SettingInvalid(
            f"optimiser {recipe.optimiser} does not take this network: {error}", _others()
        ) from error


def begins_at_nought(recipe: Recipe) -> bool:
    """Whether all that the optimiser keeps between steps is nought before the first."""
    return recipe.optimiser in _AT_NOUGHT


def optimiser_facts(recipe: Recipe) -> dict[str, Any]:
    """JSON-able facts for the manifest: the optimiser's name, and the weight decay and momentum it has."""
    takes = inspect.signature(_kind(recipe.optimiser)).parameters
    asked = ((name, getattr(recipe, name)) for name in _NAMED if name in takes)
    values = {name: takes[name].default if value is None else value for name, value in asked}
    return {"optimiser": recipe.optimiser, **values}


@cache
def optimisers() -> tuple[str, ...]:
    """The names of all that can learn from the gradients of a network at a rate."""
    names = sorted(vars(torch.optim))
    return tuple(name for name in names if _is_kind(getattr(torch.optim, name)))


def _kind(name: str) -> type[Optimizer]:
    if name not in optimisers():
        raise SettingInvalid(f"torch has no optimiser {name!r} that learns at a rate", _others())
    kind: type[Optimizer] = getattr(torch.optim, name)
    return kind


def _is_kind(found: Any) -> bool:
    return (
        inspect.isclass(found)
        and issubclass(found, Optimizer)
        and {"params", "lr"} <= set(inspect.signature(found).parameters)
        and _steps(found)
    )


def _steps(kind: Any) -> bool:
    """Whether it takes a step from a gradient alone: some want sparse ones, or the loss once more."""
    parameter = nn.Parameter(torch.zeros(2, 2))
    parameter.grad = torch.zeros(2, 2)
    try:
        kind([parameter], lr=0.1).step()
    except (TypeError, RuntimeError):
        return False
    return True


def _others() -> str:
    return f"Choose --set optimiser= one of {', '.join(optimisers())}."
