"""From crops to scores: the views of each cell, their mean logit, the probability of ALL."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from scipy.special import expit
from torch import nn

from models.contract import Cells, FitInterrupted, Scores, Session
from models.finetune.pixels import Pixels
from models.finetune.precision import autocast, images_a_pass
from models.finetune.recipe import Recipe
from models.finetune.views import turned

_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_SD = (0.229, 0.224, 0.225)


def as_input(crops: torch.Tensor, recipe: Recipe) -> torch.Tensor:
    """The network's input, float32 (n, 3, side, side) in [0, 1], from uint8 crops (n, 300, 300, 3)."""
    images = crops.permute(0, 3, 1, 2).float().div_(255)
    if recipe.side != images.shape[-1]:
        images = F.interpolate(images, size=(recipe.side, recipe.side), mode="bilinear", antialias=True)
    if recipe.normalisation == "imagenet":
        mean, sd = (images.new_tensor(one).view(1, 3, 1, 1) for one in (_IMAGENET_MEAN, _IMAGENET_SD))
        images = (images - mean) / sd
    layout = torch.channels_last if recipe.channels_last else torch.contiguous_format
    return images.contiguous(memory_format=layout)


def mean_logits(
    module: nn.Module, cells: Cells, recipe: Recipe, session: Session, description: str
) -> npt.NDArray[np.float64]:
    """The mean over the views of each cell's logit.

    Every pass has the same size, the last one filled up with black cells, so that a cell's logits
    depend neither on how many cells are predicted nor on their order: to the bit on the CPU with
    eight views, where a pass is one cell, and up to float32's rounding elsewhere.
    """
    if not len(cells):
        return np.zeros(0)
    device = next(module.parameters()).device
    size = max(1, images_a_pass(device) // recipe.views)
    pixels, found = Pixels.of(cells, device), []
    module.eval()
    with torch.inference_mode(), session.progress(description, len(cells)) as advance:
        for chosen in torch.arange(len(cells), device=device).split(size):
            if session.stopping():
                raise FitInterrupted
            images = as_input(turned(_filled(pixels[chosen], size), recipe.views), recipe)
            with autocast(device, recipe):
                logits = module(images)
            found.append(logits.float().view(size, recipe.views)[: len(chosen)])
            advance(len(chosen))
    return torch.cat(found).cpu().double().mean(dim=1).numpy()


def _filled(crops: torch.Tensor, size: int) -> torch.Tensor:
    """The crops with black ones behind them, `size` in all."""
    missing = size - len(crops)
    return torch.cat([crops, crops.new_zeros((missing, *crops.shape[1:]))]) if missing else crops


def scores_of(logits: npt.NDArray[np.float64]) -> Scores:
    """Probabilities of ALL; above 0.5 exactly where the logit is above 0, also by rounding."""
    scores: Scores = expit(logits)
    return np.where(logits > 0, np.maximum(scores, np.nextafter(0.5, 1)), scores)
