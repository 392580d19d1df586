"""Small cells drawn in memory, for trying an entry in seconds without any file.

They look just enough like C-NMC cells to be learnt from: a stained blob with a nucleus on black;
leukemic ones are larger, with a nucleus that fills more of the cell. `harness data draw` makes a
data set; this only makes arrays, because the contract suite runs where `models` alone is known.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.contract import Cells

_SIDE = 300
_CELLS_A_SUBJECT = 4
"""Few, so that a dozen cells have subjects enough for folds by subject."""


def drawn_cells(count: int, seed: int = 0) -> Cells:
    """`count` labelled cells, HEM and ALL by turns, a subject for every four cells of a class."""
    labels = (np.arange(count) % 2).astype(np.uint8)
    streams = np.random.SeedSequence(seed).spawn(count)
    pixels = np.stack(
        [_cell(np.random.default_rng(s), leukemic=bool(y)) for s, y in zip(streams, labels, strict=True)]
    )
    kinds = ("H", "")
    subjects = [f"{kinds[y]}{1 + at // (2 * _CELLS_A_SUBJECT)}" for at, y in enumerate(labels)]
    names = tuple(
        f"UID_{subject}_1_{at + 1}_{'all' if y else 'hem'}.bmp"
        for at, (subject, y) in enumerate(zip(subjects, labels, strict=True))
    )
    return Cells(names, tuple(subjects), pixels, labels)


def _cell(draw: np.random.Generator, *, leukemic: bool) -> npt.NDArray[np.uint8]:
    radius = draw.normal(100 if leukemic else 75, 6)
    share = draw.normal(0.85 if leukemic else 0.65, 0.04)
    distance = _distance(draw)
    noise = draw.normal(0, 4, (_SIDE, _SIDE, 1))
    cytoplasm, nucleus = np.array((150.0, 90.0, 160.0)), np.array((75.0, 35.0, 95.0))
    colour = np.where((distance < share * radius)[..., None], nucleus, cytoplasm) + noise
    image: npt.NDArray[np.uint8] = np.clip(colour, 1, 255).astype(np.uint8)
    image[distance >= radius] = 0
    return image


def _distance(draw: np.random.Generator) -> npt.NDArray[np.float64]:
    """Distance from the middle, stretched along a random direction so that blobs are no discs."""
    y, x = np.mgrid[:_SIDE, :_SIDE] - (_SIDE - 1) / 2
    angle, stretch = draw.uniform(0, np.pi), draw.uniform(1.0, 1.25)
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    distance: npt.NDArray[np.float64] = np.hypot(along / stretch, across * stretch)
    return distance
