"""The names and labels of cells as C-NMC 2019 writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum


class Label(IntEnum):
    """The class of a cell; the numbers are those of the published label file (1 = leukemic)."""

    HEM = 0
    ALL = 1


class CellNameInvalid(ValueError):
    """A file name that does not follow the published naming."""


_TRAINING = re.compile(r"UID_([Hh]?\d+)_(\d+)_(\d+)_(all|hem)\.bmp")
_NUMBERED = re.compile(r"([1-9][0-9]{0,8})\.bmp")


@dataclass(frozen=True, slots=True)
class CellName:
    """A training name taken apart: ``UID_h3_1_1_hem.bmp`` is subject H3, image 1, cell 1, HEM.

    `subject` is upper case throughout, because subject H3 is written ``h3`` in its 36 files and is
    the same person.
    """

    text: str
    subject: str
    image: int
    cell: int
    label: Label

    @classmethod
    def parse(cls, text: str) -> CellName:
        """Read a published training name; raises `CellNameInvalid` for anything else."""
        match = _TRAINING.fullmatch(text)
        if match is None:
            raise CellNameInvalid(
                f"expected a name like UID_<subject>_<image>_<cell>_<all|hem>.bmp, found {text!r}"
            )
        subject, image, cell, label = match.groups()
        return cls(text, subject.upper(), int(image), int(cell), Label[label.upper()])


def without_ending(name: str) -> str:
    """The name without ``.bmp``, which people leave out."""
    return name[:-4] if name.lower().endswith(".bmp") else name


def is_training_name(name: str) -> bool:
    """Whether this is a published training name, with its ending or without."""
    return _TRAINING.fullmatch(f"{without_ending(name)}.bmp") is not None


def cell_number(name: str) -> int:
    """The number of a test cell (``10.bmp`` is 10); raises `CellNameInvalid` for any other name."""
    match = _NUMBERED.fullmatch(name)
    if match is None:
        raise CellNameInvalid(f"expected a name like 17.bmp, found {name!r}")
    return int(match.group(1))


def submission_order(name: str) -> tuple[int, str]:
    """Sort key of a submission's lines: test cells by their number, training cells by their name.

    Numbers are compared as numbers (``10.bmp`` comes after ``9.bmp``); training names, which the
    challenge never asked to be submitted, stand in plain ASCII order, as ``LC_ALL=C ls`` lists them.
    """
    match = _NUMBERED.fullmatch(name)
    return (int(match.group(1)), name) if match else (0, name)
