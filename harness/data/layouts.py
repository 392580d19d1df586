"""Where the files of C-NMC 2019 lie: finds the images and label files of a copy in any known layout.

Three layouts are in use (Kaggle, The Cancer Imaging Archive, the challenge), each also nested once
more or below another top folder. An image is placed by its name and by the folders above it, the
nearest first, so all of them are one case here. Nothing is opened but small tables.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from harness.data.cache import FileState
from harness.data.other_forms import other_form
from harness.data.published import LABEL_FILE, SOURCE
from harness.errors import DataWrong
from submissions.cells import CellName, CellNameInvalid, cell_number
from submissions.label_files import PUBLISHED

MARKER = "DRAWN_DATA.json"
"""File in the root of a drawn data set: what was drawn, and that it was."""

_LABEL_NAMES = {LABEL_FILE.name.lower(), "phase2.csv"}
_FOLD = re.compile(r"fold[_ -]?([012])")
_PHASE_FOLDERS = (("prelim", "prelim"), ("phase2", "prelim"), ("validation_data", "prelim"),
                  ("final", "final"), ("phase3", "final"), ("testing_data", "final"))  # fmt: skip
_DEPTH_ABOVE = 3
_AGAIN = "Do that, then: harness data audit ROOT."


@dataclass(frozen=True, slots=True)
class FoundCell:
    """An image whose name and place say which cell it is; `fold` is that of the folder, if any.

    `name` is the published one, also where the file is called ``.BMP`` or ``.png``; `place` is the path
    below the root, as reports show it.
    """

    part: str
    name: str
    fold: str | None
    path: Path
    place: str
    state: FileState


@dataclass(frozen=True, slots=True)
class FoundFiles:
    """The files below a root: images, tables that may be the label file, a drawn set's marker, the rest.

    `other_forms` are images of the data set that cannot be used as they lie, each with what it is.
    """

    root: Path
    cells: tuple[FoundCell, ...]
    label_files: tuple[Path, ...]
    marker: Path | None
    stray: tuple[Path, ...]
    other_forms: tuple[tuple[Path, str], ...] = ()

    def below_root(self, path: Path) -> str:
        """A path as reports show it: below the root, with forward slashes, always printable."""
        return _shown(path.relative_to(self.root))


def _shown(path: Path) -> str:
    return os.fsencode(path.as_posix()).decode("utf-8", "replace")


def find_files(root: Path) -> FoundFiles:
    """All files below `root`; raises `DataWrong` where it is absent or holds no image of C-NMC."""
    if not root.is_dir():
        what = "is a file" if root.exists() else "does not exist"
        raise DataWrong(f"the data folder {root} {what}", how_to_get_data())
    cells: list[FoundCell] = []
    labels: list[Path] = []
    stray: list[Path] = []
    others: list[tuple[Path, str]] = []
    for folder, entries in _walk(root):
        place = _place(folder, root)
        for entry in entries:
            path = folder / entry.name
            if found := _cell(path, entry, place):
                cells.append(found)
            elif what := other_form(path, partial(_is_image, place=place)):
                others.append((path, what))
            elif entry.name != MARKER:
                (labels if _may_be_label_file(path) else stray).append(path)
    if not cells:
        raise _no_image(root, others, len(labels) + len(stray))
    cells.sort(key=lambda cell: (cell.part, cell.place))
    rest = (tuple(sorted(stray)), tuple(sorted(others)))
    return FoundFiles(root, tuple(cells), tuple(sorted(labels)), marker_of(root), *rest)


def label_files_below(root: Path) -> tuple[Path, ...]:
    """The tables below `root` that may be the label file, with or without images beside them."""
    files = (folder / entry.name for folder, entries in _walk(root) for entry in entries)
    return tuple(sorted(path for path in files if _may_be_label_file(path)))


def _no_image(root: Path, others: list[tuple[Path, str]], rest: int) -> DataWrong:
    if others:
        path, what = min(others)
        more = f" ({len(others) - 1} more are like it)" if len(others) > 1 else ""
        return DataWrong(f"no image of C-NMC 2019 lies in {root}, but {path.name}: {what}{more}", _AGAIN)
    return DataWrong(
        f"no image of C-NMC 2019 lies in {root}: expected names like "
        f"fold_0/all/UID_1_1_1_all.bmp, found {rest} other files",
        how_to_get_data(),
    )


def how_to_get_data() -> str:
    """The hint of every message about absent images."""
    return (
        f"The images come from {SOURCE}; unpack them and name their folder, "
        "or draw synthetic ones: harness data draw FOLDER."
    )


def _walk(root: Path) -> Iterator[tuple[Path, list[os.DirEntry[str]]]]:
    """Every folder below the root and its files, through links too, but no folder twice.

    Hidden folders are not entered.
    """
    waiting, seen = [root], set()
    while waiting:
        folder = waiting.pop()
        real = os.path.realpath(folder)
        if real in seen:
            continue
        seen.add(real)
        try:
            with os.scandir(folder) as listing:
                entries = list(listing)
        except PermissionError as error:
            raise DataWrong(f"the folder {folder} cannot be read", "Give yourself the right to.") from error
        waiting.extend(
            folder / entry.name for entry in entries if entry.is_dir() and not entry.name.startswith(".")
        )
        yield folder, [entry for entry in entries if not entry.is_dir()]


@dataclass(frozen=True, slots=True)
class _Place:
    """What the folders above an image say: the fold, and the test set if its name is a number."""

    below_root: str
    fold: str | None
    phase: str | None


def _place(folder: Path, root: Path) -> _Place:
    """Read the folder's path from the inside out, as far as the root."""
    above = folder.relative_to(root).parts[::-1]
    names = [name.lower() for name in (*above, root.resolve().name)]
    folds = (f"fold_{match.group(1)}" for match in map(_FOLD.fullmatch, names) if match)
    phases = (part for name in names for word, part in _PHASE_FOLDERS if word in name)
    below_root = "".join(f"{part}/" for part in _shown(folder.relative_to(root)).split("/") if part != ".")
    return _Place(below_root, next(folds, None), next(phases, None))


def _cell(path: Path, entry: os.DirEntry[str], place: _Place) -> FoundCell | None:
    name = f"{path.stem}.bmp"
    if path.suffix.lower() not in (".bmp", ".png") or not entry.is_file() or not _is_image(name, place):
        return None
    part = "train" if _reads_as(CellName.parse, name) else str(place.phase)
    status = entry.stat()
    state = FileState(status.st_size, status.st_mtime_ns)
    fold = place.fold if part == "train" else None
    return FoundCell(part, name, fold, path, place.below_root + entry.name, state)


def _is_image(name: str, place: _Place) -> bool:
    """Whether the name, in this place, is that of an image: numbers only where the folders say which set."""
    return _reads_as(CellName.parse, name) or (place.phase is not None and _reads_as(cell_number, name))


def _reads_as(parse: Callable[[str], object], name: str) -> bool:
    try:
        parse(name)
    except CellNameInvalid:
        return False
    return True


def _may_be_label_file(path: Path) -> bool:
    """Known by its name or, under any other name, by its first line."""
    if path.name.lower() in _LABEL_NAMES:
        return True
    if path.suffix.lower() != ".csv":
        return False
    try:
        with path.open(encoding="utf-8-sig") as lines:
            return is_label_header(lines.readline(200))
    except (OSError, UnicodeDecodeError):
        return False


def is_label_header(line: str) -> bool:
    """Whether this is the first line of the label file, blanks and quotes aside."""
    return tuple(word.strip().strip('"') for word in line.split(",")) == PUBLISHED


def marker_of(root: Path) -> Path | None:
    """The marker of a drawn set, in the root or below it, or above when the root is a part of one."""
    above = [root, *root.absolute().parents[:_DEPTH_ABOVE]]
    below = [folder for folder in sorted(root.iterdir()) if folder.is_dir()]
    return next((folder / MARKER for folder in (*above, *below) if (folder / MARKER).is_file()), None)
