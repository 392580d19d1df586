"""From crops to scores: the views of each cell, their mean logit, the probability of ALL."""

from __future__ import annotations

import logging

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from scipy.special import expit

from models.contract import Cells, FitInterrupted, Scores, Session
from models.finetune.engines import Forward
from models.finetune.pixels import Pixels
from models.finetune.precision import images_a_pass, out_of_memory
from models.finetune.recipe import Recipe
from models.finetune.views import turned

_log = logging.getLogger(__name__)
Channels = tuple[float, ...]
_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_SD = (0.229, 0.224, 0.225)


def as_input(crops: torch.Tensor, recipe: Recipe) -> torch.Tensor:
    """The network's input, float32 (n, 3, side, side) in [0, 1], from uint8 crops (n, 300, 300, 3)."""
    images = crops.permute(0, 3, 1, 2).float().div_(255)
    if recipe.side != images.shape[-1]:
        images = F.interpolate(images, size=(recipe.side, recipe.side), mode="bilinear", antialias=True)
    if recipe.normalisation != "none":
        mean, sd = (images.new_tensor(one).view(1, 3, 1, 1) for one in normalised_by(recipe))
        images = (images - mean) / sd
    layout = torch.channels_last if recipe.channels_last else torch.contiguous_format
    return images.contiguous(memory_format=layout)


def normalised_by(recipe: Recipe) -> tuple[Channels, Channels]:
    """What is taken from each channel (RGB in [0, 1]), and what it is then divided by."""
    if recipe.normalisation == "none":
        return (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    if recipe.normalisation == "own":
        return recipe.mean, recipe.deviation
    return _IMAGENET_MEAN, _IMAGENET_SD


def mean_logits(
    forward: Forward,
    cells: Cells,
    recipe: Recipe,
    session: Session,
    description: str,
    device: torch.device,
) -> npt.NDArray[np.float64]:
    """The mean over the views of each cell's logit."""
    return mean_of_views(view_logits(forward, cells, recipe, session, description, device))


def mean_of_views(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The mean over the views, of logits (cells, views)."""
    return torch.from_numpy(logits).mean(dim=1).numpy()


def view_logits(
    forward: Forward,
    cells: Cells,
    recipe: Recipe,
    session: Session,
    description: str,
    device: torch.device,
) -> npt.NDArray[np.float64]:
    """The logit of every view of each cell, (cells, views), the unrotated view first.

    Every pass has the same size, the last one filled up with black cells, so that a cell's logits
    depend neither on how many cells are predicted nor on their order: to the bit on the CPU with
    eight views, where a pass is one cell, and up to float32's rounding elsewhere. Where memory does
    not suffice for a pass, it is halved, as often as it takes.
    """
    if not len(cells):
        return np.zeros((0, recipe.views))
    pixels, passes = Pixels.of(cells, device), Passes(forward, cells_a_pass(device, recipe), recipe.views)
    found = []
    with torch.no_grad(), session.progress(description, len(cells)) as advance:
        for chosen in torch.arange(len(cells), device=device).split(passes.cells):
            if session.stopping():
                raise FitInterrupted
            images = images_of(pixels[chosen], passes.cells, recipe)
            found.append(passes(images).view(passes.cells, recipe.views)[: len(chosen)])
            advance(len(chosen))
    return torch.cat(found).cpu().double().numpy()


def cells_a_pass(device: torch.device, recipe: Recipe) -> int:
    """How many cells, with all their views, go through the network at once."""
    return max(1, images_a_pass(device) // recipe.views)


def images_of(crops: torch.Tensor, cells: int, recipe: Recipe) -> torch.Tensor:
    """What the network sees in a pass: all views of these crops, filled up to so many cells."""
    return as_input(turned(_filled(crops, cells), recipe.views), recipe)


def first_pass(cells: Cells, recipe: Recipe, device: torch.device) -> torch.Tensor:
    """The images of the first pass over these cells."""
    size = cells_a_pass(device, recipe)
    first = cells.take(np.arange(min(size, len(cells))))
    return images_of(Pixels.of(first, device)[torch.arange(len(first), device=device)], size, recipe)


class Passes:
    """Images through the network, as many at once as memory has room for."""

    def __init__(self, forward: Forward, cells: int, views: int) -> None:
        self.cells = cells
        self._forward = forward
        self._room = cells * views

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        while True:
            try:
                return torch.cat([self._forward(part) for part in images.split(self._room)])
            except Exception as error:
                if self._room == 1 or not out_of_memory(error):
                    raise
            self._room = -(-self._room // 2)
            if images.device.type == "cuda":
                torch.cuda.empty_cache()
            _log.warning("not enough memory: %d images go through the network at once", self._room)


def _filled(crops: torch.Tensor, size: int) -> torch.Tensor:
    """The crops with black ones behind them, `size` in all."""
    missing = size - len(crops)
    return torch.cat([crops, crops.new_zeros((missing, *crops.shape[1:]))]) if missing else crops


def scores_of(logits: npt.NDArray[np.float64]) -> Scores:
    """Probabilities of ALL; above 0.5 exactly where the logit is above 0, also by rounding."""
    scores: Scores = expit(logits)
    return np.where(logits > 0, np.maximum(scores, np.nextafter(0.5, 1)), scores)
