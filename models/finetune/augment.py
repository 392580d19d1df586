"""Training's random flips, rotation and shift, done for a whole batch where the crops lie.

The published program calls torchvision's ``RandomAffine`` on Pillow images, nearest neighbour.
Pillow steps through such an image in 16.16 fixed-point numbers; the same integer arithmetic here
gives the same pixels, bit for bit, on every device, in one look-up a batch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from models.contract import Session
from models.finetune.recipe import Recipe
from models.finetune.views import look_up

_STREAM = 3
"""Keeps these random numbers apart from those of the order and of the dropout."""


@dataclass(frozen=True, slots=True, eq=False)
class Moves:
    """What happens to each of n crops: flips first, then rotation about the centre, then the shift.

    `angle` is in degrees, `right` and `down` in whole pixels, as torchvision rounds them.
    """

    upside_down: npt.NDArray[np.bool_]
    mirrored: npt.NDArray[np.bool_]
    angle: npt.NDArray[np.float64]
    right: npt.NDArray[np.int64]
    down: npt.NDArray[np.int64]


def drawn(names: Sequence[str], epoch: int, recipe: Recipe, session: Session, side: int = 300) -> Moves:
    """Draw the moves of these cells in this epoch: a function of seed, epoch and name alone."""
    draws = np.stack([session.generator(_STREAM, epoch, _number(name)).random(5) for name in names])
    reach = recipe.translation * side
    return Moves(
        (draws[:, 0] < 0.5) & recipe.flips,
        (draws[:, 1] < 0.5) & recipe.flips,
        draws[:, 2] * 360.0 * recipe.rotation,
        np.rint((2 * draws[:, 3] - 1) * reach).astype(np.int64),
        np.rint((2 * draws[:, 4] - 1) * reach).astype(np.int64),
    )


def _number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")


def moved(crops: torch.Tensor, steps: torch.Tensor) -> torch.Tensor:
    """The moved crops: uint8 (n, side, side, 3) in and out, black where nothing was; `steps` as
    `fixed_point_steps` gives them, on the crops' device."""
    side = crops.shape[1]
    along, down, first = (steps[:, :, i].reshape(-1, 2, 1, 1) for i in range(3))
    at = torch.arange(side, dtype=torch.int32, device=crops.device)
    source = ((first + along * at.view(1, 1, 1, side)) + down * at.view(1, 1, side, 1)) >> 16
    column, row = source[:, 0], source[:, 1]
    inside = ((source >= 0) & (source < side)).all(dim=1)
    sources = torch.where(inside, row * side + column, side * side)
    return look_up(crops, sources.reshape(len(crops), 1, -1).long())


def fixed_point_steps(moves: Moves, side: int = 300) -> npt.NDArray[np.int32]:
    """Step along a row, step down a column and first position of the source, in 1/65536 pixels.

    Shape (n, 2, 3): source column and source row. The matrix is torchvision's inverse affine one
    about the centre of the image; the half pixels are Pillow's, which samples at pixel centres.
    """
    turn = np.deg2rad(moves.angle)
    cosine, sine = np.cos(turn), np.sin(turn)
    centre = side * 0.5
    x, y = -centre - moves.right, -centre - moves.down
    columns = (cosine, sine, cosine * x + sine * y + centre)
    rows = (-sine, cosine, -sine * x + cosine * y + centre)
    exact = np.array([(a, b, c + a * 0.5 + b * 0.5) for a, b, c in (columns, rows)]).transpose(2, 0, 1)
    steps = np.floor(exact * 65536.0 + 0.5).astype(np.int32)
    return _flipped(steps, np.stack([moves.mirrored, moves.upside_down], axis=1), side)


def _flipped(steps: npt.NDArray[np.int32], flips: npt.NDArray[np.bool_], side: int) -> npt.NDArray[np.int32]:
    """The steps into the flipped image: pixel p is side - 1 - p, and side - 1 - (v >> 16) is
    (side * 65536 - 1 - v) >> 16 for every integer v."""
    last = np.array([0, 0, side * 65536 - 1], dtype=np.int32)
    return np.where(flips[:, :, None], last - steps, steps)
