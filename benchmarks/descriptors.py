"""How many cells a second are described: python benchmarks/descriptors.py FOLDER (of .bmp files)."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

from models.contract import Cells, Session
from models.descriptors.table import descriptors_of


def main(folder: Path) -> None:
    files = sorted(folder.rglob("*.bmp"))
    crops = np.stack([_centre(np.asarray(Image.open(file).convert("RGB"))) for file in files])
    cells = Cells(tuple(file.name for file in files), (None,) * len(files), crops)
    descriptors_of(cells, Session())  # starts the worker processes
    started = time.perf_counter()
    descriptors_of(cells, Session())
    rate = len(cells) / (time.perf_counter() - started)
    print(f"{len(cells)} cells, {rate:.1f} a second: {10_661 / rate / 60:.1f} minutes for 10,661 cells")


def _centre(image: np.ndarray) -> np.ndarray:
    top, left = ((side - 300) // 2 for side in image.shape[:2])
    return image[top : top + 300, left : left + 300]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
