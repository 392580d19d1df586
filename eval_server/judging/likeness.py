"""Which submissions of different teams call nearly every cell alike."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

PER_MILLE = 5
"""Two teams seldom call fewer cells apart by themselves: alike is above 99.5 %."""
Packed = npt.NDArray[np.uint8]
"""The calls of one submission, a bit a cell, padded with zeros."""
_ONES = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(axis=1, dtype=np.uint8)
"""How many bits of a byte are set; numpy 1.26 has no function for it."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """Two submissions by their places, and how many cells they call differently."""

    a: int
    b: int
    apart: int


def packed_calls(called: npt.NDArray[np.uint8]) -> Packed:
    """Calls of 0 and 1, eight to a byte: a thousand submissions are held against each other at once."""
    return np.packbits(called)


def most_apart(cells: int) -> int:
    """How many cells two submissions may call differently and still be alike."""
    return (cells * PER_MILLE - 1) // 1000


def alike(calls: Sequence[Packed], teams: Sequence[Hashable], cells: int) -> list[Likeness]:
    """The pairs of different teams that are alike, the closest first.

    Of two teams with several such pairs only the closest: who copies one submission has copied.
    """
    closest: dict[tuple[Hashable, Hashable], Likeness] = {}
    table, most = np.array(calls), most_apart(cells)
    for at in range(len(calls) - 1):
        apart = _ONES[table[at + 1 :] ^ table[at]].sum(axis=1, dtype=np.int64)
        for found in np.flatnonzero(apart <= most).tolist():
            other = at + 1 + found
            if teams[at] == teams[other]:
                continue
            key = min((teams[at], teams[other]), (teams[other], teams[at]), key=hash)
            one = Likeness(at, other, int(apart[found]))
            if key not in closest or one.apart < closest[key].apart:
                closest[key] = one
    return sorted(closest.values(), key=lambda one: (one.apart, one.a, one.b))


def cells_apart(one: Packed, other: Packed) -> list[int]:
    """The places of the cells that two submissions call differently."""
    places: list[int] = np.flatnonzero(np.unpackbits(one ^ other)).tolist()
    return places
