"""Networks with one output (a logit for ALL), and which of their layers learn at which rate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from models.contract import SettingInvalid
from models.finetune.recipe import HEAD, REST, Recipe

State = Mapping[str, torch.Tensor]


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A network with one output: `head` is the name of its last layer; `fetch` gets the published
    weights (a state dict with any head) from where its library keeps them, if any are `published`, under the
    name `weights`; `name` is for messages. `library` builds the same network by `call`, for who has not this
    program; both are empty where none does."""

    module: nn.Module
    head: str
    fetch: Callable[[], State]
    name: str = "this network"
    published: bool = True
    weights: str = ""
    library: str = ""
    call: str = ""


def timm_network(recipe: Recipe) -> Network:
    """timm's network of the name in the recipe, with random weights.

    timm gives its SENets a dropout of 0.2 that the published network does not have: the recipe's
    own value is always handed over.
    """
    import timm

    if not timm.is_model(recipe.backbone):
        near = ", ".join(timm.list_models(f"*{recipe.backbone}*")[:5]) or "none with such a name"
        raise SettingInvalid(
            f"timm has no network {recipe.backbone!r}", f"Near names: {near}. See timm.list_models()."
        )
    module = timm.create_model(recipe.backbone, num_classes=1, drop_rate=recipe.dropout)

    def fetch() -> State:
        return timm.create_model(recipe.backbone, pretrained=True).state_dict()

    sources: Any = module.pretrained_cfg
    published = any(sources.get(place) for place in ("url", "file", "hf_hub_id"))
    return Network(
        module,
        _head_name(module, recipe.backbone),
        fetch,
        recipe.backbone,
        published,
        weights=_published_name(recipe.backbone, sources),
        library="timm",
        call=f'timm.create_model("{recipe.backbone}", num_classes=1)',
    )


def _published_name(backbone: str, sources: Any) -> str:
    """timm's name for a network with its weights: ``resnet50.tv_in1k``."""
    tag = sources.get("tag")
    return f"{backbone.partition('.')[0]}.{tag}" if tag else backbone


def _head_name(module: nn.Module, backbone: str) -> str:
    head: Any = module.get_classifier()  # type: ignore[operator]
    names: list[str] = [name for name, part in module.named_modules() if part is head]
    if not names:
        raise SettingInvalid(
            f"timm's {backbone} has no single last layer", "Choose another network: --set backbone=NAME."
        )
    return names[0]


def parameter_groups(network: Network, recipe: Recipe) -> list[dict[str, Any]]:
    """The optimiser's groups, in the recipe's order; every parameter lies in exactly one.

    The longest matching prefix wins. Raises `SettingInvalid` where a parameter is in no group or a
    group holds none.
    """
    members: list[list[nn.Parameter]] = [[] for _ in recipe.layers]
    for name, parameter in network.module.named_parameters():
        members[_group_of(name, network.head, recipe)].append(parameter)
    for layers, parameters in zip(recipe.layers, members, strict=True):
        if not parameters:
            parts = ", ".join(name for name, _ in network.module.named_children())
            raise SettingInvalid(
                f"no layer of {recipe.backbone} belongs to the group {layers!r}", f"Its layers are: {parts}."
            )
    return [{"params": parameters} for parameters in members]


def _group_of(name: str, head: str, recipe: Recipe) -> int:
    matches = [
        (len(prefix) if prefix != REST else 0, group)
        for group, layers in enumerate(recipe.layers)
        for prefix in (head if part == HEAD else part for part in layers.split())
        if prefix == REST or name == prefix or name.startswith(f"{prefix}.")
    ]
    if not matches:
        raise SettingInvalid(
            f"layer {name} of {recipe.backbone} is in no group of layers",
            f"Add it to --set layers=…, or add a group {REST} for the rest.",
        )
    return max(matches, key=lambda match: match[0])[1]
