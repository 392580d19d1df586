"""The rotated views of a cell at test time, as Pillow turns them, without calling Pillow per image.

Pillow rotates an image of pixel numbers once for each angle; the turned numbers say for every pixel
of a view where it comes from. Any number of crops is then turned by one look-up, bit for bit as
``Image.rotate(angle, Image.Resampling.NEAREST)`` would.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from PIL import Image


@lru_cache(maxsize=4)
def _table_on(device: torch.device, views: int, side: int) -> torch.Tensor:
    """The rotation table where the crops lie, so that no pass waits for its copy."""
    return rotation_table(views, side).to(device)


@lru_cache(maxsize=4)
def rotation_table(views: int, side: int = 300) -> torch.Tensor:
    """Source pixel (row * side + column) of each pixel of each view; side * side where it is black.

    Shape (views, side * side), int64; view i is turned by 360 * i / views degrees.
    """
    black = side * side
    numbers = Image.fromarray(np.arange(1, black + 1, dtype=np.int32).reshape(side, side))
    turned = [
        np.asarray(numbers.rotate(360 * view / views, Image.Resampling.NEAREST)) for view in range(views)
    ]
    sources = np.stack(turned).reshape(views, black).astype(np.int64) - 1
    return torch.from_numpy(np.where(sources < 0, black, sources))


def look_up(crops: torch.Tensor, sources: torch.Tensor) -> torch.Tensor:
    """Pixels of n crops, uint8 (n, side, side, 3), rearranged by sources (n, k, side * side).

    Gives uint8 (n * k, side, side, 3); source side * side is black.
    """
    count, side = crops.shape[:2]
    pixels = side * side
    black = crops.new_zeros((count, 1, 3))
    flat = torch.cat([crops.reshape(count, pixels, 3), black], dim=1).reshape(-1, 3)
    first = torch.arange(count, device=crops.device).view(count, 1, 1) * (pixels + 1)
    return flat.index_select(0, (sources + first).reshape(-1)).view(-1, side, side, 3)


def turned(crops: torch.Tensor, views: int) -> torch.Tensor:
    """All views of n crops: uint8 (n, side, side, 3) to (n * views, side, side, 3), a cell's together."""
    if views == 1:
        return crops
    table = _table_on(crops.device, views, crops.shape[1])
    return look_up(crops, table.unsqueeze(0).expand(len(crops), -1, -1))
