"""Class-activation maps: which part of a cell spoke for the class that it was called.

Grad-CAM (Selvaraju and others 2017) by captum on the last feature map: its channels are weighed by the mean
of the logit's gradient over them, and what speaks against the class is left out. A map is as coarse as that
feature map, and says where, not why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from models.contract import Cells, EntryUnavailable, Maps
from models.extras import install_command
from models.finetune.pixels import Pixels
from models.finetune.predict import as_input
from models.finetune.recipe import Recipe

_AT_ONCE = 8


@dataclass(frozen=True, slots=True, eq=False)
class _Ran:
    """A part of the network that has run, and the shape of what came out."""

    module: nn.Module
    shape: tuple[int, ...]


def activation_maps(module: nn.Module, recipe: Recipe, cells: Cells, device: torch.device) -> Maps | None:
    """The map of each cell in its unrotated view: (n, 300, 300), the largest value of each is 1.

    All zeros where nothing of the cell spoke for its class. None for a network whose last layers see no
    picture any more (transformers). Raises `EntryUnavailable` where captum is not installed.
    """
    pixels, found = Pixels.of(cells, device), []
    module.eval()
    layer = last_feature_map(module, as_input(pixels[torch.arange(1, device=device)], recipe))
    if layer is None:
        return None
    for chosen in torch.arange(len(cells), device=device).split(_AT_ONCE):
        found.append(_maps(module, layer, as_input(pixels[chosen], recipe), pixels.side))
    return np.concatenate(found)


def _maps(module: nn.Module, layer: nn.Module, images: torch.Tensor, side: int) -> Maps:
    """What speaks for the class that each image is called, on the side of the crops."""
    attribution = _captum()
    with torch.no_grad():
        logits = module(images)
    target = 0 if logits.ndim > 1 else None
    heat = attribution.LayerGradCam(module, layer).attribute(images, target=target).detach()
    called = torch.where(logits.view(-1) > 0, 1.0, -1.0).view(-1, 1, 1, 1)
    heat = torch.relu(heat.float() * called)
    heat = attribution.LayerAttribution.interpolate(heat, (side, side), interpolate_mode="bilinear")
    highest = heat.amax(dim=(1, 2, 3), keepdim=True)
    shares: Maps = (heat / highest.clamp(min=torch.finfo(torch.float32).tiny))[:, 0].cpu().numpy()
    return shares


def last_feature_map(module: nn.Module, image: torch.Tensor) -> nn.Module | None:
    """The part of the network that gives the last picture: what runs last at the size of the last
    convolution; None where tokens follow on it."""
    ran: list[_Ran] = []

    def note(part: nn.Module, _inputs: Any, output: Any) -> None:
        if isinstance(output, torch.Tensor):
            ran.append(_Ran(part, tuple(output.shape)))

    hooks = [part.register_forward_hook(note) for part in module.modules()]
    try:
        with torch.no_grad():
            module(image)
    finally:
        for hook in hooks:
            hook.remove()
    return _last_picture(ran)


def _last_picture(ran: list[_Ran]) -> nn.Module | None:
    pictures = [
        at for at, one in enumerate(ran) if isinstance(one.module, nn.Conv2d) and min(one.shape[2:]) > 1
    ]
    if not pictures:
        return None
    size = ran[pictures[-1]].shape[2:]
    last = max(at for at, one in enumerate(ran) if len(one.shape) == 4 and one.shape[2:] == size)
    return None if any(len(one.shape) == 3 for one in ran[last:]) else ran[last].module


def _captum() -> Any:
    try:
        import captum.attr
    except ImportError as error:
        raise EntryUnavailable(
            "class-activation maps need the package captum", f"Type: {install_command('inspect')}"
        ) from error
    return captum.attr
