"""The crops of cells where the network computes: all kept on a GPU that has room, else read by batches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from models.contract import Cells

_SHARE = 0.4
"""Most of a GPU's free memory that crops may take: the rest is for the network and its gradients."""
_CHUNK = 512
"""Crops that travel to the GPU at once (138 MB)."""


@dataclass(frozen=True, slots=True, eq=False)
class Pixels:
    """Crops of n cells on demand, uint8 (k, side, side, 3) on `device`; `kept` holds all where they fit."""

    cells: Cells
    device: torch.device
    side: int
    kept: torch.Tensor | None = None

    @classmethod
    def of(cls, cells: Cells, device: torch.device) -> Pixels:
        """The crops of these cells, brought to a GPU at once when its free memory has room for them."""
        first = cells.crops(np.arange(min(len(cells), 1)))
        if not len(cells) or device.type != "cuda" or not _fits(first.nbytes * len(cells), device):
            return cls(cells, device, first.shape[1])
        return cls(cells, device, first.shape[1], _brought(cells, first.shape[1], device))

    def __getitem__(self, chosen: torch.Tensor) -> torch.Tensor:
        """The crops at these positions, int64 (k,) on the device."""
        if self.kept is not None:
            return self.kept.index_select(0, chosen)
        crops = torch.from_numpy(self.cells.crops(chosen.cpu().numpy()))
        if self.device.type == "cuda":  # from pinned memory the copy runs while the GPU computes
            crops = crops.pin_memory()
        return crops.to(self.device, non_blocking=True)


def _fits(needed: int, device: torch.device) -> bool:
    free, _ = torch.cuda.mem_get_info(device)
    return needed <= _SHARE * free


def _brought(cells: Cells, side: int, device: torch.device) -> torch.Tensor:
    """All crops in the device's memory; it never holds a second copy of them."""
    kept = torch.empty((len(cells), side, side, 3), dtype=torch.uint8, device=device)
    for part, crops in cells.batches(_CHUNK):
        kept[part] = torch.from_numpy(crops).to(device)
    return kept
