"""Weights under another library's names: EfficientNets as ``efficientnet_pytorch`` calls their parts.

Whole families of files (`efficientnet-b0`, `efficientnet-lite0`, …) were written by that library. Its blocks
are numbered through and timm's by stages, and it counts the batch norms of a block in another way; the
tensors are the same. ``docs/entries.md`` has the map.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch

_TOP = {
    "_conv_stem": "conv_stem",
    "_bn0": "bn1",
    "_conv_head": "conv_head",
    "_bn1": "bn2",
    "_fc": "classifier",
}
_SE = {"_se_reduce": "se.conv_reduce", "_se_expand": "se.conv_expand"}
_FIRST = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2", **_SE}
"""A block that does not widen: depthwise, then pointwise."""
_WIDENING = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
    **_SE,
}
_BLOCK = re.compile(r"(.*?)_blocks\.(\d+)\.(\w+)\.(.+)")
_LAYER = re.compile(r"(.*?)(_conv_stem|_bn0|_conv_head|_bn1|_fc)\.(.+)")
_OURS = re.compile(r"blocks\.(\d+)\.(\d+)\.")


def renamed(
    given: Mapping[str, torch.Tensor], wanted: Mapping[str, torch.Tensor]
) -> Mapping[str, torch.Tensor]:
    """The same tensors under the names of `wanted`, where they bear those of efficientnet_pytorch.

    Names that the map does not know stay as they are, and all of them where the network is none of timm's
    EfficientNets or the file none of that library.
    """
    if "conv_stem.weight" not in wanted or not any(name.endswith("_conv_stem.weight") for name in given):
        return given
    places = sorted({(int(at[1]), int(at[2])) for name in wanted if (at := _OURS.match(name))})
    widening = {
        match[2] for name in given if (match := _BLOCK.fullmatch(name)) and match[3] == "_expand_conv"
    }
    names = {name: _name(name, places, widening) for name in given}
    return (
        {ours: given[name] for name, ours in names.items()}
        if len(set(names.values())) == len(names)
        else given
    )


def _name(name: str, places: list[tuple[int, int]], widening: set[str]) -> str:
    """One name in timm's words; unchanged where it is none of the library's."""
    if (block := _BLOCK.fullmatch(name)) is not None:
        before, number, layer, rest = block.groups()
        layers = _WIDENING if number in widening else _FIRST
        if layer in layers and int(number) < len(places):
            stage, at = places[int(number)]
            return f"{before}blocks.{stage}.{at}.{layers[layer]}.{rest}"
    elif (top := _LAYER.fullmatch(name)) is not None:
        return f"{top[1]}{_TOP[top[2]]}.{top[3]}"
    return name
