"""Draw a synthetic data set in the published layout, naming, folds and formats.

Subjects differ from each other more than the cells of one subject do, and classes differ moderately,
so that methods and statistics behave as on the real data. Images of subjects that share cells in the
real data are byte-identical here. The set carries a marker: it is not evidence of anything.
"""

from __future__ import annotations

import fcntl
import hashlib
import math
import os
import shutil
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from harness.data.layouts import MARKER
from harness.data.marker import Marker, read_marker
from harness.data.painting import TRAITS, as_bmp, padded, paint
from harness.data.parallel import in_parallel
from harness.data.published import LABEL_FILE, PublishedCell, published
from harness.errors import DataWrong, UsageWrong
from models.progress import Progress, silent
from submissions.cells import CellName, Label
from submissions.label_files import PUBLISHED
from submissions.writing import naming

RECIPE = 1
"""Changes when the same scale and seed would give other bytes."""

FEWEST = 24
"""The fewest cells a drawn set can have: fewer would leave folds without one of the classes."""

PRELIM_SUBJECTS = {
    "57": 262, "53": 201, "66": 164, "H49": 162, "65": 139, "54": 111, "58": 96, "H39": 84, "63": 83,
    "H31": 77, "64": 69, "H32": 54, "H36": 47, "55": 47, "H29": 38, "H30": 35, "H35": 31, "H50": 29,
    "H26": 25, "H34": 20, "H25": 19, "60": 18, "H27": 13, "59": 12, "62": 10, "H28": 9, "61": 7, "H33": 5,
}  # fmt: skip
"""Cells of each subject of the preliminary phase, as published."""

FINAL_SUBJECTS = {
    "F1": 420, "F2": 310, "F3": 262, "F4": 205, "F5": 163, "F6": 120, "F7": 96, "F8": 66, "F9": 38,
    "HF1": 240, "HF2": 190, "HF3": 150, "HF4": 116, "HF5": 88, "HF6": 61, "HF7": 40, "HF8": 21,
}  # fmt: skip
"""Invented sizes of the 9 + 8 subjects of the final phase: only their numbers and the sum are published."""

CLASS_SHIFT = np.array([0.63, 0.28, 0.42, 0.35, 0.35, -0.63, 0.42, -0.63])
SUBJECT_SPREAD = np.array([0.8, 0.6, 0.6, 1.0, 1.0, 0.8, 0.8, 0.7])
CELL_SPREAD = np.array([0.7, 0.8, 0.7, 0.4, 0.35, 0.4, 0.4, 0.6])
"""How far ALL lies above and HEM below the middle, and how subjects and cells scatter, trait by trait."""


@dataclass(frozen=True, slots=True)
class PlannedCell:
    """A cell to draw: `look` is the cell whose pixels it has, itself unless the two are twins."""

    part: str
    name: str
    subject: str
    label: Label
    fold: str | None = None
    look: PlannedCell | None = None

    @property
    def folder(self) -> str:
        """Where layout 1 keeps it, below the root."""
        if self.part == "train":
            return f"C-NMC_Leukemia/training_data/{self.fold}/{self.label.name.lower()}"
        return _PHASE_FOLDERS[self.part]


_PHASE_FOLDERS = {
    "prelim": "C-NMC_Leukemia/validation_data/C-NMC_test_prelim_phase_data",
    "final": "C-NMC_Leukemia/testing_data/C-NMC_test_final_phase_data",
}
_LABEL_PATH = f"C-NMC_Leukemia/validation_data/{LABEL_FILE.name}"


def draw(
    root: Path, *, scale: float, seed: int, progress: Progress = silent, jobs: int | None = None
) -> Marker:
    """Draw about `scale` times 15,114 cells below `root` and say in its marker what was drawn.

    The same scale and seed give the same bytes. A root that holds this very set already is left as
    it is; raises `DataWrong` where anything else lies there, `UsageWrong` for a scale out of range.
    """
    if not 0 < scale <= 1 or round(scale * len(published())) < FEWEST:
        raise UsageWrong(
            f"a scale of {scale:g} cannot be drawn",
            f"Choose one from {FEWEST / len(published()):.4f} ({FEWEST} cells) to 1 (all of them).",
        )
    root.mkdir(parents=True, exist_ok=True)
    with _alone(root):
        if (there := _there(root, scale, seed)) is not None:
            return there
        cells = planned(scale, seed)
        _require_room(root, len(cells))
        aside = root / f".drawing-{os.getpid()}"
        try:
            marker = _drawn(aside, cells, scale, seed, progress, jobs)
            for name in (MARKER, "C-NMC_Leukemia"):
                (aside / name).rename(root / name)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return marker


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Hold the folder for this process: a second one that draws there is told, and harms nothing."""
    folder = os.open(root, os.O_RDONLY)
    try:
        _lock(folder, root)
        yield
    finally:
        os.close(folder)


def _lock(folder: int, root: Path) -> None:
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise DataWrong(
            f"another process is drawing into {root}", "Wait until it has ended, or draw into another folder."
        ) from None


def _there(root: Path, scale: float, seed: int) -> Marker | None:
    """The marker of this very set where it lies in the root; None where the root is free."""
    left = [path for path in root.iterdir() if not path.name.startswith(".drawing-")]
    if not left or left == [root / MARKER]:
        return None
    if (root / MARKER).is_file() and (root / "C-NMC_Leukemia").is_dir():
        marker = read_marker(root / MARKER)
        if (marker.scale, marker.seed, marker.recipe) == (scale, seed, RECIPE):
            return marker
    raise DataWrong(f"{root} is not empty: it holds {left[0].name}", "Draw into a new folder.")


def _require_room(root: Path, cells: int) -> None:
    for left in root.glob(".drawing-*"):
        shutil.rmtree(left, ignore_errors=True)
    needed, free = cells * 700_000, shutil.disk_usage(root).free
    if free < needed:
        raise DataWrong(
            f"{cells} images need {needed / 1e9:.1f} GB in {root}, {free / 1e9:.1f} GB are free",
            "Choose a smaller --scale or another disk.",
        )


def _drawn(
    folder: Path,
    cells: Sequence[PlannedCell],
    scale: float,
    seed: int,
    progress: Progress,
    jobs: int | None,
) -> Marker:
    for place in {cell.folder for cell in cells}:
        (folder / place).mkdir(parents=True, exist_ok=True)
    files: dict[str, dict[str, str]] = {"train": {}, "prelim": {}, "final": {}}

    def write(cell: PlannedCell) -> str:
        content = drawn_bytes(cell, seed)
        _write(folder / cell.folder / cell.name, content)
        return hashlib.sha256(content).hexdigest()

    with progress("drawing cells", len(cells)) as advance:
        for cell, sha256 in zip(cells, in_parallel(write, cells, jobs), strict=True):
            files[cell.part][cell.name] = sha256
            advance()
    table = _label_table(cells)
    _write(folder / _LABEL_PATH, table)
    marker = Marker(scale, seed, RECIPE, hashlib.sha256(table).hexdigest(), files)
    marker.write(folder)
    return marker


def _write(path: Path, content: bytes) -> None:
    with naming(path):
        path.write_bytes(content)


def drawn_bytes(cell: PlannedCell, seed: int) -> bytes:
    """The image file of one cell: a function of the cell and the seed alone."""
    look = cell.look or cell
    side = 1 if look.label is Label.ALL else -1
    person = _generator(seed, 1, look.subject).standard_normal(len(TRAITS))
    random = _generator(seed, 2, f"{look.part} {look.name}")
    own = random.standard_normal(len(TRAITS))
    field = paint(side * CLASS_SHIFT + SUBJECT_SPREAD * person + CELL_SPREAD * own, random)
    if cell.part == "final":
        return as_bmp(padded(field, 600))
    return as_bmp(field, long_header=cell.part == "prelim")


def _generator(seed: int, *keys: int | str) -> np.random.Generator:
    numbers = [zlib.crc32(key.encode()) if isinstance(key, str) else key for key in keys]
    return np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, *numbers))))


def planned(scale: float, seed: int) -> tuple[PlannedCell, ...]:
    """Every cell to draw: published names, subjects and folds, in published proportions.

    All 118 subjects have a cell when there are cells enough; else the preliminary subjects come
    first, then both classes of every fold.
    """
    train, prelim, final = _part_sizes(scale)
    return (
        *_training(train, scale),
        *_phase("prelim", _shared_out(PRELIM_SUBJECTS, prelim, class_of), _generator(seed, 3)),
        *_phase("final", _shared_out(FINAL_SUBJECTS, final, class_of), _generator(seed, 4)),
    )


def _part_sizes(scale: float) -> tuple[int, int, int]:
    known = Counter(cell.split for cell in published().cells)
    total, subjects = round(scale * len(published())), _subject_count()
    if total >= subjects:
        return (
            max(round(known["train"] * scale), subjects - len(PRELIM_SUBJECTS) - len(FINAL_SUBJECTS)),
            max(round(known["prelim"] * scale), len(PRELIM_SUBJECTS)),
            max(round(known["final"] * scale), len(FINAL_SUBJECTS)),
        )
    prelim, final = min(len(PRELIM_SUBJECTS), total // 2), total // 6
    return total - prelim - final, prelim, final


def _subject_count() -> int:
    training = {cell.subject for cell in published().of("train")}
    return len(training) + len(PRELIM_SUBJECTS) + len(FINAL_SUBJECTS)


def class_of(subject: str) -> Label:
    """Normal subjects have an H in their name."""
    return Label.HEM if subject.startswith("H") else Label.ALL


def _shared_out(sizes: Mapping[str, int], total: int, group: Callable[[str], object]) -> dict[str, int]:
    """`total` cells shared out in proportion to `sizes`, at least one each as far as they reach.

    Where they do not reach, the groups take turns, each with its largest subjects first.
    """
    turns = _in_turns(sorted(sizes, key=lambda one: (-sizes[one], one)), group)[:total]
    exact = {one: sizes[one] * total / sum(sizes.values()) for one in turns}
    shares = {one: max(1, int(exact[one])) for one in turns}
    while gap := total - sum(shares.values()):
        step = 1 if gap > 0 else -1
        able = [one for one in shares if 1 <= shares[one] + step <= sizes[one]]
        shares[max(able, key=lambda one: (step * (exact[one] - shares[one]), one))] += step
    return shares


def _in_turns(ordered: Sequence[str], group: Callable[[str], object]) -> list[str]:
    seen: Counter[object] = Counter()
    turns = []
    for at, one in enumerate(ordered):
        turns.append((seen[group(one)], at, one))
        seen[group(one)] += 1
    return [one for _, _, one in sorted(turns)]


def _training(total: int, scale: float) -> list[PlannedCell]:
    """Published training names, with the shared cells of the published pairs among them."""
    cells = published().of("train")
    of_subject: defaultdict[str, list[PublishedCell]] = defaultdict(list)
    for cell in cells:
        of_subject[cell.subject or ""].append(cell)
    group = {subject: (own[0].fold, own[0].label) for subject, own in of_subject.items()}
    shares = _shared_out({one: len(own) for one, own in of_subject.items()}, total, group.__getitem__)
    first = _shared_names(scale)
    chosen = []
    for subject, share in sorted(shares.items()):
        own = sorted(of_subject[subject], key=lambda cell: (cell.name not in first, cell.image, cell.name))
        chosen += own[:share]
    return [_planned_training(cell) for cell in sorted(chosen, key=lambda cell: cell.name)]


def _planned_training(cell: PublishedCell) -> PlannedCell:
    """The cell with the look of the first image of the same cell, where it has several."""
    assert cell.subject is not None
    assert cell.label is not None
    plain = PlannedCell("train", cell.name, cell.subject, cell.label, cell.fold)
    first = published().same_cell().get(cell.name, cell.name)
    if first == cell.name:
        return plain
    return replace(plain, look=replace(plain, name=first, subject=CellName.parse(first).subject))


def _shared_names(scale: float) -> set[str]:
    """Names of published pairs, so many of each pair of subjects as the scale asks for, at least one."""
    by_subjects: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for pair in published().pairs:
        subjects = (CellName.parse(pair.a).subject, CellName.parse(pair.b).subject)
        by_subjects[subjects].append(pair.a + " " + pair.b)
    kept = (pair for pairs in by_subjects.values() for pair in pairs[: math.ceil(scale * len(pairs))])
    return {name for pair in kept for name in pair.split()}


def _phase(part: str, shares: Mapping[str, int], random: np.random.Generator) -> list[PlannedCell]:
    """Numbered cells of a test set, the subjects in random order."""
    owners = [subject for subject, share in sorted(shares.items()) for _ in range(share)]
    return [
        PlannedCell(part, f"{number}.bmp", owners[at], class_of(owners[at]))
        for number, at in enumerate(random.permutation(len(owners)), start=1)
    ]


def _label_table(cells: Iterable[PlannedCell]) -> bytes:
    """The label file of the preliminary cells, with invented image and cell numbers."""
    seen: Counter[str] = Counter()
    lines = [",".join(PUBLISHED)]
    for cell in cells:
        if cell.part == "prelim":
            image, number = divmod(seen[cell.subject], 6)
            seen[cell.subject] += 1
            name = f"UID_{cell.subject}_{image + 1}_{number + 1}_{cell.label.name.lower()}.bmp"
            lines.append(f"{name},{cell.name},{int(cell.label)}")
    return "".join(f"{line}\r\n" for line in lines).encode()
