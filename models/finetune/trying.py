"""Trying a network before any work: does it exist, do its groups, its side and its weights fit.

Networks are built on the meta device, without memory for their weights, so this takes seconds at most.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from models.contract import EntryError, EntryUnavailable, SettingInvalid
from models.finetune.file_kinds import HOW
from models.finetune.networks import Network, parameter_groups
from models.finetune.optimisers import optimiser_of
from models.finetune.weights import require_fit
from models.weights_source import NOT_FILES

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.finetune.recipe import Recipe


def try_out(build: Callable[[], Network], recipe: Recipe, weights: str) -> None:
    """Raise what a fit would raise: `SettingInvalid` for the recipe, `EntryUnavailable` for the weights."""
    network = sketched(build)
    optimiser_of(parameter_groups(network, recipe), recipe, on_gpu=False)
    require_side(build, network, recipe)
    if weights not in NOT_FILES:
        require_fit(network, weights)
    if weights == "hub" and not network.published:
        raise EntryUnavailable(f"timm's hub has no weights for {network.name}", HOW)


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
    """Raise `SettingInvalid` where the network does not take images of the recipe's side."""
    reason = _refusal(network, recipe) and _refusal(build(), recipe)
    if reason:
        raise SettingInvalid(
            f"{network.name} does not take images of side {recipe.side}: {reason}",
            "Choose another side: --set side=224, or another network.",
        )


def takes(network: Network, recipe: Recipe) -> bool:
    """Whether a network takes images of the recipe's side, as far as shapes say."""
    return not _refusal(network, recipe)


def _refusal(network: Network, recipe: Recipe) -> str:
    """Why a network does not take black images when it learns and predicts; empty where it does."""
    device = next(network.module.parameters()).device
    images = torch.zeros(min(recipe.batch, 2), 3, recipe.side, recipe.side, device=device)
    try:
        with torch.inference_mode():
            found = [network.module.train(learns)(images) for learns in (True, False)]
    except Exception as error:  # networks refuse in any way
        return (str(error).splitlines() or [type(error).__name__])[0]
    wrong = [one for one in found if not isinstance(one, torch.Tensor) or one.shape != (len(images), 1)]
    return "it does not give one number an image" if wrong else ""
