"""What a network says, after every epoch and in every view, of the cells on which its epoch is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from harness.errors import DataWrong
from harness.runs.folder import RunFolder

Logits = npt.NDArray[np.float64]

_FOLDER = "epochs"


@dataclass(frozen=True, slots=True, eq=False)
class Epochs:
    """Logits of every epoch from 0 (before the first): float64 (epochs, cells, views), unrotated first."""

    cells: tuple[str, ...]
    logits: Logits


def write_epoch(folder: RunFolder, epoch: int, cells: Sequence[str], logits: Logits) -> None:
    """Keep the logits (cells, views) of an epoch; nine digits hold every float32."""
    rows = [[float(f"{value:.9g}") for value in row] for row in logits.tolist()]
    place = folder.path / _FOLDER
    place.mkdir(exist_ok=True)
    folder.write(_file(place, epoch), {"epoch": epoch, "cells": list(cells), "logits": rows})


def read_epochs(folder: RunFolder) -> Epochs:
    """All epochs of a run; raises `DataWrong` where there are none, or one is not as it was written."""
    place = folder.path / _FOLDER
    there = len(list(place.glob("*.json")))
    if not there:
        raise DataWrong(
            f"{folder.path} does not say how each of its epochs did",
            "Runs of a network with --select best:… say so since 0.1.1: start this one over with --fresh.",
        )
    told = [folder.read(_file(place, epoch)) for epoch in range(there)]
    logits = np.array([one["logits"] for one in told], dtype=np.float64)
    return Epochs(tuple(told[0]["cells"]), logits)


def _file(place: Path, epoch: int) -> Path:
    return place / f"{epoch}.json"
