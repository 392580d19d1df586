"""Small sets of cells that the tests of the toolkit learn from."""

from __future__ import annotations

from itertools import cycle, islice
from pathlib import Path

import numpy as np
from PIL import Image

from models.contract import Cells
from models.tiny import ENTRY
from tests.support import few_images


def some_cells(count: int = 12, *, seed: int = 0, labelled: bool = True) -> Cells:
    """Blotches on black: ALL cells are bluer than HEM cells, every third cell is HEM."""
    generator = np.random.default_rng(seed)
    labels = np.array([0 if i % 3 == 0 else 1 for i in range(count)], dtype=np.uint8)
    crops = np.zeros((count, 300, 300, 3), dtype=np.uint8)
    for crop, label in zip(crops, labels, strict=True):
        top, left = generator.integers(40, 100, 2)
        patch = generator.integers(40, 160, (130, 120, 3))
        patch[..., 2] += 80 * int(label)
        crop[top : top + 130, left : left + 120] = patch
    names = tuple(f"UID_{seed}_{i}_1_{'all' if label else 'hem'}.bmp" for i, label in enumerate(labels))
    return Cells(names, (None,) * count, crops, labels if labelled else None)


def quick(**settings: str):
    """`tiny` made smaller still: two epochs on 32 pixels a side, three cells a step."""
    return ENTRY.configured({"side": "32", "epochs": "2", "batch": "3", "schedule": "1,0.1", **settings})


def real_crops(count: int) -> list[Image.Image]:
    """Centre crops of real cells, from the first again where more are asked for than there are."""
    files = islice(cycle(sorted(few_images().rglob("UID_*.bmp"))), count)
    return [_centre(Image.open(file).convert("RGB")) for file in files]


def _centre(image: Image.Image) -> Image.Image:
    left, top = (image.width - 300) // 2, (image.height - 300) // 2
    return image.crop((left, top, left + 300, top + 300))


def folder_of(parent: Path, name: str) -> Path:
    folder = parent / name
    folder.mkdir()
    return folder
