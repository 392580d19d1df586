"""The published list: every image of C-NMC 2019 with its SHA-256, and the cells that appear twice.

The list is carried by the package (``published.csv.xz``, made by `harness.data.build_published`).
It says nothing about the classes of the two test sets: those of the preliminary phase come from the
published label file, those of the final phase were never published.
"""

from __future__ import annotations

import csv
import lzma
from collections import defaultdict
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from submissions.cells import Label
from submissions.phases import OFFICIAL, Phase, phase_of

LIST_FILE = "published.csv.xz"
PAIRS_FILE = "shared.csv.xz"
LIST_COLUMNS = (
    "split", "name", "fold", "class", "subject", "image", "cell", "sha256", "bytes",
    "box_x", "box_y", "box_w", "box_h", "identical_to", "pixels",
)  # fmt: skip
PAIR_COLUMNS = ("a", "b", "identical")

PARTS = ("train", "prelim", "final")
"""The three parts of the data set, in the order of every table."""

FOLDS = ("fold_0", "fold_1", "fold_2")
"""The folds of the training part, as their folders are called."""

FOLD_OF = {fold.replace("_", ""): fold for fold in FOLDS}
"""The folder of a fold by the name of its split: ``fold1`` is predicted from ``fold_1``."""

SOURCE = "The Cancer Imaging Archive, collection C_NMC_2019 (CC BY 3.0)"
"""Where the images come from, for every message that has to say it."""


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """A file of the data set that is no image."""

    name: str
    size: int
    sha256: str
    rows: int


LABEL_FILE = PublishedFile(
    name="C-NMC_test_prelim_phase_data_labels.csv",
    size=58_692,
    sha256="3f5d770a51017f242db857e178de5341f294e38fff82c266a1a8d292c9fc3d0d",
    rows=1_867,
)
"""Subjects and classes of the preliminary cells; layout 3 calls the same file ``phase2.csv``."""


@dataclass(frozen=True, slots=True)
class Box:
    """The smallest rectangle around a cell, in pixels of the 450x450 image."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class PublishedCell:
    """One published image. Fold, label, subject, image, cell and box are known for training cells only.

    `identical_to` names the image of the same split with the same bytes, where there is one; `pixels` are
    those of `harness.data.pixels.Shown`, of the images that whoever built the list had at hand.
    """

    split: str
    name: str
    fold: str | None
    label: Label | None
    subject: str | None
    image: int | None
    cell: int | None
    sha256: str
    size: int
    box: Box | None
    identical_to: str | None
    pixels: str | None = None


@dataclass(frozen=True, slots=True)
class SharedPair:
    """Two training images of the same cell: byte-identical, or with the same box and other bytes.

    No image is in two pairs.
    """

    a: str
    b: str
    identical: bool


@dataclass(frozen=True, slots=True, eq=False)
class Published:
    """The published list; `cells` stand in published order, `pairs` are those that recur."""

    cells: tuple[PublishedCell, ...]
    pairs: tuple[SharedPair, ...]
    _at: Mapping[tuple[str, str], PublishedCell] = field(repr=False)
    _first_image: Mapping[str, str] = field(repr=False)

    def __len__(self) -> int:
        return len(self.cells)

    def find(self, split: str, name: str) -> PublishedCell | None:
        """The cell of this name in train, prelim or final; None when it was never published."""
        return self._at.get((split, name))

    def of(self, split: str) -> tuple[PublishedCell, ...]:
        """All cells of one part."""
        return tuple(cell for cell in self.cells if cell.split == split)

    def neighbours(self) -> Mapping[str, frozenset[str]]:
        """For every subject that shares cells with others: the subjects it shares them with directly."""
        joined: defaultdict[str, set[str]] = defaultdict(set)
        for pair in self.pairs:
            a, b = (self._at["train", name].subject or "" for name in (pair.a, pair.b))
            if a != b:
                joined[a].add(b)
                joined[b].add(a)
        return {subject: frozenset(others) for subject, others in sorted(joined.items())}

    def groups(self) -> tuple[frozenset[str], ...]:
        """The subjects that share cells, directly or through others, group by group."""
        return _components(self.neighbours())

    def same_cell(self) -> Mapping[str, str]:
        """For every training image of a cell that has two: the first of the two names."""
        return self._first_image


def _components(joined: Mapping[str, Set[str]]) -> tuple[frozenset[str], ...]:
    """The connected parts of a graph, by their first member."""
    found: list[frozenset[str]] = []
    seen: set[str] = set()
    for start in sorted(joined):
        if start not in seen:
            found.append(_reached(start, joined))
            seen |= found[-1]
    return tuple(found)


def _reached(start: str, joined: Mapping[str, Set[str]]) -> frozenset[str]:
    seen, waiting = {start}, [start]
    while waiting:
        new = joined[waiting.pop()] - seen
        seen |= new
        waiting.extend(new)
    return frozenset(seen)


@cache
def published() -> Published:
    """The packaged list, read once."""
    cells = tuple(map(_cell, _rows(LIST_FILE)))
    pairs = tuple(SharedPair(a, b, identical == "1") for a, b, identical in _rows(PAIRS_FILE))
    first = {name: min(pair.a, pair.b) for pair in pairs for name in (pair.a, pair.b)}
    return Published(cells, pairs, {(cell.split, cell.name): cell for cell in cells}, first)


def known_phase(name: str) -> Phase | None:
    """The phase of this name whose cells everybody knows: an official one, or a fold."""
    if name not in FOLD_OF:
        return OFFICIAL.get(name)
    fold = (cell.name for cell in published().of("train") if cell.fold == FOLD_OF[name])
    return phase_of(name, fold)


@cache
def published_by_sha256() -> Mapping[str, PublishedCell]:
    """Every published image by the SHA-256 of its file; of identical ones the first."""
    return {cell.sha256: cell for cell in reversed(published().cells)}


def _rows(name: str) -> Iterator[list[str]]:
    text = lzma.decompress(files("harness.data").joinpath(name).read_bytes()).decode()
    rows = csv.reader(text.splitlines())
    next(rows)
    return rows


def _cell(row: list[str]) -> PublishedCell:
    split, name, fold, label, subject, image, cell, sha256, size, x, y, width, height, twin, pixels = row
    if split != "train":
        unknown = (None, None, None, None, None)
        return PublishedCell(split, name, *unknown, sha256, int(size), None, twin or None, pixels or None)
    box = Box(int(x), int(y), int(width), int(height))
    known = (fold, Label[label.upper()], subject.upper(), int(image), int(cell))
    return PublishedCell(split, name, *known, sha256, int(size), box, twin or None, pixels or None)
