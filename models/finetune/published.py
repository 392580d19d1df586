"""The published pipeline, to measure against: Pillow and torchvision per image, an eager network, Adam.

Written from the description of Prellberg and Kramer 2019 (crop, flips, `RandomAffine`, RGB / 255, batches of
16, eight rotations of a cell at test time), with today's torch and its defaults. Where an entry's recipe says
otherwise (side, channels, views, batch, optimiser), that is done by the same means: all compute the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms
from torchvision.transforms import functional as TF

from models.finetune.optimisers import optimiser_of
from models.finetune.predict import normalised_by
from models.finetune.recipe import Recipe

BATCH = 16
_SIDE = 300


@dataclass(frozen=True, slots=True)
class Images(Dataset[tuple[torch.Tensor, int]]):
    """Images from their files, as the published program reads them; augmented for training."""

    files: Sequence[Path]
    labels: Sequence[int]
    training: bool
    recipe: Recipe

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, at: int) -> tuple[torch.Tensor, int]:
        image = self.crop(at)
        return self._augmented(image) if self.training else self._views(image), self.labels[at]

    def crop(self, at: int) -> Image.Image:
        """The middle of an image, decoded from its file."""
        with Image.open(self.files[at]) as file:
            cut: Image.Image = TF.center_crop(file.convert("RGB"), [_SIDE, _SIDE])
        return cut

    def _augmented(self, image: Image.Image) -> torch.Tensor:
        return self._as_input(_augmentation(self.recipe)(image))

    def _views(self, image: Image.Image) -> torch.Tensor:
        """The rotations, nearest neighbour, black corners: (views, 3, side, side)."""
        count = self.recipe.views
        turned = (image.rotate(360 * view / count, Image.Resampling.NEAREST) for view in range(count))
        return torch.stack([self._as_input(one) for one in turned])

    def _as_input(self, image: Image.Image) -> torch.Tensor:
        """RGB / 255, and what else the recipe does to it."""
        found: torch.Tensor = TF.to_tensor(image)
        if self.recipe.side != _SIDE:
            found = TF.resize(found, [self.recipe.side] * 2, transforms.InterpolationMode.BILINEAR)
        if self.recipe.normalisation != "none":
            found = TF.normalize(found, *map(list, normalised_by(self.recipe)))
        return found


def _augmentation(recipe: Recipe) -> Any:
    flips = (transforms.RandomVerticalFlip(), transforms.RandomHorizontalFlip()) if recipe.flips else ()
    turn, shift = 360 if recipe.rotation else 0, (recipe.translation,) * 2
    return transforms.Compose([*flips, transforms.RandomAffine(degrees=turn, translate=shift)])


def _batches(cells: Images, workers: int) -> DataLoader[Any]:
    return DataLoader(
        cells,
        batch_size=batch_of(cells) if cells.training else max(1, BATCH // cells.recipe.views),
        shuffle=cells.training,
        drop_last=cells.training,
        num_workers=workers,
        pin_memory=torch.cuda.is_available(),
    )


def batch_of(cells: Images) -> int:
    """How many images a step learns from: all of them where they fill no batch."""
    return min(cells.recipe.batch, len(cells))


def steps(
    module: nn.Module, cells: Images, groups: list[dict[str, Any]], workers: int
) -> Iterator[torch.Tensor]:
    """One epoch, a step at a time: the loss of each. `groups` are the optimiser's, with their rates."""
    device = next(module.parameters()).device
    share = sum(cells.labels) / len(cells.labels)
    balance = (1 - share) / share
    asked = cells.recipe.positive_weight
    weight = torch.tensor(balance if asked is None else asked, device=device)
    optimiser = optimiser_of(groups, cells.recipe, on_gpu=False)  # as torch comes, on a GPU too
    module.train()
    for images, labels in _batches(cells, workers):
        logits = module(images.to(device, non_blocking=True)).view(-1)
        loss = F.binary_cross_entropy_with_logits(logits, labels.float().to(device), pos_weight=weight)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        yield loss.detach()


def mean_logits(module: nn.Module, cells: Images, workers: int) -> npt.NDArray[np.float64]:
    """The mean logit of each cell over its views, shape (n,)."""
    device = next(module.parameters()).device
    found = []
    module.eval()
    with torch.no_grad():
        for views, _ in _batches(cells, workers):
            logits = module(views.to(device, non_blocking=True).flatten(0, 1))
            found.append(logits.view(-1, cells.recipe.views))
    return torch.cat(found).cpu().double().mean(dim=1).numpy()
