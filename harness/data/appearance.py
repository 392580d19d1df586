"""What cells look like in numbers, and how images of one's own differ from what a network learnt from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.contract import Crops
from submissions.writing import write_whole

APPEARANCE = "appearance.json"
MOST_CELLS = 256
"""Training cells that are measured: their 1st and 99th percentile then hang on two or three cells each."""

_TAIL = 1
_SHIFT = 1.25
"""A ratio of medians from which a size is called another one."""
_RANGE = (10, 90)


@dataclass(frozen=True, slots=True)
class Look:
    """One cell: its size in pixels (square root of the box), share of background in the crop, mean colour."""

    size: float
    background: float
    red: float
    green: float
    blue: float


MEASURES = tuple(item.name for item in fields(Look))
_WORDS = {
    "size": "size in pixels",
    "background": "share of background",
    "red": "mean red",
    "green": "mean green",
    "blue": "mean blue",
}


def look_of(crop: Crops, width: int = 0, height: int = 0) -> Look:
    """Measure a crop with a cell on black; `width` and `height` where the cell was larger than the crop."""
    cell: npt.NDArray[np.bool_] = np.any(crop, axis=2)
    if not cell.any():
        return Look(0.0, 1.0, 0.0, 0.0, 0.0)
    if not (width and height):
        rows, columns = np.flatnonzero(cell.any(axis=1)), np.flatnonzero(cell.any(axis=0))
        height, width = int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1
    red, green, blue = (float(one) for one in crop[cell].mean(axis=0))
    return Look(float(np.sqrt(width * height)), 1.0 - float(cell.mean()), red, green, blue)


Reference = Mapping[str, Sequence[float]]
"""Of every measure the percentiles 1, 10, 50, 90 and 99 of the training cells."""


def reference_of(looks: Iterable[Look]) -> Reference:
    """What training cells look like."""
    table = _table(looks)
    points = np.percentile(table, (_TAIL, *_RANGE[:1], 50, *_RANGE[1:], 100 - _TAIL), axis=0)
    return {name: [round(float(one), 4) for one in points[:, at]] for at, name in enumerate(MEASURES)}


def _table(looks: Iterable[Look]) -> npt.NDArray[np.float64]:
    return np.array([[getattr(one, name) for name in MEASURES] for one in looks])


def write_reference(folder: Path, reference: Reference) -> None:
    write_whole(folder / APPEARANCE, json.dumps(reference, indent=2) + "\n")


def read_reference(folder: Path) -> Reference | None:
    """What a run's training cells look like; None for a run that did not measure them."""
    file = folder / APPEARANCE
    return dict(json.loads(file.read_text())) if file.exists() else None


def unlike(look: Look, reference: Reference) -> tuple[str, ...]:
    """In what one cell lies outside of nearly all training cells."""
    said = []
    for name in MEASURES:
        low, high, value = reference[name][0], reference[name][-1], getattr(look, name)
        if not low <= value <= high:
            side = "below" if value < low else "above"
            said.append(
                f"{_WORDS[name]} {_number(name, value)}, {side} {100 - _TAIL} % of the training cells"
            )
    return tuple(said)


def unlike_together(looks: Sequence[Look], reference: Reference) -> tuple[str, ...]:
    """In what these cells as a whole differ: medians where fewer than a fifth of the training cells lie."""
    if not looks:
        return ()
    medians = np.median(_table(looks), axis=0)
    said = []
    for name, median in zip(MEASURES, medians.tolist(), strict=True):
        _, low, middle, high, _ = reference[name]
        if name == "size" and middle and not 1 / _SHIFT <= median / middle <= _SHIFT:
            times = f"{median / middle:.1f} times as large as"
            pixels = f"median {median:.0f} and {middle:.0f} pixels"
            said.append(f"these cells are {times} the training cells ({pixels})")
        elif name != "size" and not low <= median <= high:
            said.append(
                f"{_WORDS[name]}: median {_number(name, median)}, of four fifths of the training cells "
                f"{_number(name, low)} to {_number(name, high)}"
            )
    return tuple(said)


def _number(name: str, value: float) -> str:
    return f"{value:.0%}" if name == "background" else f"{value:.0f}"
