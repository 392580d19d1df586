"""Trying a network before any work: does it exist, do its groups, its side and its weights fit.

Networks are built on the meta device, without memory for their weights, so this takes seconds at most.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from models.contract import EntryError, SettingInvalid
from models.finetune.networks import Network, parameter_groups
from models.finetune.weights import require_fit
from models.weights_source import NOT_FILES

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.finetune.recipe import Recipe


def try_out(build: Callable[[], Network], recipe: Recipe, weights: str) -> None:
    """Raise what a fit would raise: `SettingInvalid` for the recipe, `EntryUnavailable` for the weights."""
    network = sketched(build)
    parameter_groups(network, recipe)
    require_side(build, network, recipe)
    if weights not in NOT_FILES:
        require_fit(network, weights)


def sketched(build: Callable[[], Network]) -> Network:
    """The network without memory for its weights; with it where it cannot be built otherwise."""
    try:
        with torch.device("meta"):
            return build()
    except EntryError:
        raise
    except Exception:  # an own network may do anything with its weights while it is built
        return build()


def require_side(build: Callable[[], Network], network: Network, recipe: Recipe) -> None:
    """Raise `SettingInvalid` where the network does not take an image of the recipe's side."""
    reason = _refusal(network, recipe.side) and _refusal(build(), recipe.side)
    if reason:
        raise SettingInvalid(
            f"{network.name} does not take images of side {recipe.side}: {reason}",
            "Choose another side: --set side=224.",
        )


def takes(network: Network, side: int) -> bool:
    """Whether a network takes images of this side."""
    return not _refusal(network, side)


def _refusal(network: Network, side: int) -> str:
    """What a network says of a black image of this side; empty where it takes it."""
    device = next(network.module.parameters()).device
    before = network.module.training
    try:
        with torch.inference_mode():
            network.module.eval()(torch.zeros(2, 3, side, side, device=device))
    except Exception as error:  # networks refuse in any way
        return (str(error).splitlines() or [type(error).__name__])[0]
    finally:
        network.module.train(before)
    return ""
