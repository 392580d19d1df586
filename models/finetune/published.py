"""The published pipeline, to measure against: Pillow and torchvision per image, an eager network, Adam.

Written from the description of Prellberg and Kramer 2019 (crop, flips, `RandomAffine`, RGB / 255, batches of
16, eight rotations of a cell at test time), with today's torch and its defaults.
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

BATCH = 16
VIEWS = 8
_SIDE = 300


@dataclass(frozen=True, slots=True)
class Images(Dataset[tuple[torch.Tensor, int]]):
    """Images from their files, as the published program reads them; augmented for training."""

    files: Sequence[Path]
    labels: Sequence[int]
    training: bool

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, at: int) -> tuple[torch.Tensor, int]:
        image = self.crop(at)
        return self._augmented(image) if self.training else _views(image), self.labels[at]

    def crop(self, at: int) -> Image.Image:
        """The middle of an image, decoded from its file."""
        with Image.open(self.files[at]) as file:
            cut: Image.Image = TF.center_crop(file.convert("RGB"), [_SIDE, _SIDE])
        return cut

    def _augmented(self, image: Image.Image) -> torch.Tensor:
        found: torch.Tensor = _augmentation()(image)
        return found


def _augmentation() -> Any:
    return transforms.Compose(
        [
            transforms.RandomVerticalFlip(),
            transforms.RandomHorizontalFlip(),
            transforms.RandomAffine(degrees=360, translate=(0.2, 0.2)),
            transforms.ToTensor(),
        ]
    )


def _views(image: Image.Image) -> torch.Tensor:
    """Eight rotations, nearest neighbour, black corners: (8, 3, 300, 300) in [0, 1]."""
    turned = (image.rotate(360 * view / VIEWS, Image.Resampling.NEAREST) for view in range(VIEWS))
    return torch.stack([TF.to_tensor(one) for one in turned])


def _batches(cells: Images, workers: int) -> DataLoader[Any]:
    return DataLoader(
        cells,
        batch_size=BATCH if cells.training else BATCH // VIEWS,
        shuffle=cells.training,
        drop_last=cells.training,
        num_workers=workers,
        pin_memory=torch.cuda.is_available(),
    )


def steps(
    module: nn.Module, cells: Images, groups: list[dict[str, Any]], workers: int
) -> Iterator[torch.Tensor]:
    """One epoch, a step at a time: the loss of each. `groups` are the optimiser's, with their rates."""
    device = next(module.parameters()).device
    share = sum(cells.labels) / len(cells.labels)
    weight = torch.tensor((1 - share) / share, device=device)
    optimiser = torch.optim.Adam(groups)
    module.train()
    for images, labels in _batches(cells, workers):
        logits = module(images.to(device, non_blocking=True)).view(-1)
        loss = F.binary_cross_entropy_with_logits(logits, labels.float().to(device), pos_weight=weight)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        yield loss.detach()


def mean_logits(module: nn.Module, cells: Images, workers: int) -> npt.NDArray[np.float64]:
    """The mean logit of each cell over its eight views, shape (n,)."""
    device = next(module.parameters()).device
    found = []
    module.eval()
    with torch.no_grad():
        for views, _ in _batches(cells, workers):
            logits = module(views.to(device, non_blocking=True).flatten(0, 1))
            found.append(logits.view(-1, VIEWS))
    return torch.cat(found).cpu().double().mean(dim=1).numpy()
