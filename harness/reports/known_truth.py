"""The truth that the program knows by itself: folds by the published list, prelim by its label file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from eval_server.judging.truth import Truth, read_truth
from harness.data.published import FOLD_OF, PublishedCell, known_phase, published
from harness.errors import DataWrong, UsageWrong
from harness.reports.entries import TABLE, manifest_of, require_there
from submissions.manifest import Manifest
from submissions.naming import last_part
from submissions.phases import Phase
from submissions.rows import sheet_of

CROSS_VALIDATED = "cv"
_SAY = "Name the labels with --truth or HARNESS_TRUTH, or say --split prelim, fold0, fold1 or fold2."


@dataclass(frozen=True, slots=True)
class Asked:
    """Where the labels are to come from: a file, or what the program knows of a split."""

    truth_file: Path | None = None
    split: str | None = None
    data_root: Path = Path("data")
    trust_labels: bool = False


def truth_of(paths: Iterable[Path], asked: Asked) -> Truth:
    """The labels by which these entries are judged.

    Without a file or a split the runs among them say which split they predict. Raises `UsageWrong` where
    that is open and `DataWrong` where nobody here knows the labels.
    """
    if asked.truth_file is not None:
        return read_truth(asked.truth_file, trust_labels=asked.trust_labels)
    runs = {}
    for path in paths:
        require_there(path)
        if (manifest := manifest_of(path)) is not None:
            runs[path] = manifest
    split = asked.split or _split_of(runs)
    if split in FOLD_OF:
        drawn = [path for path, manifest in runs.items() if manifest.drawn and path.is_dir()]
        return fold_truth(split, _cells_of(drawn[0]) if drawn else None)
    if split != "prelim":
        raise DataWrong(
            f"the labels of {split} were never published",
            "Hand it in to a server whose host has them, or name a table of your own with --truth.",
        )
    return _preliminary(asked)


def _split_of(runs: dict[Path, Manifest]) -> str:
    splits = sorted({manifest.split for manifest in runs.values()})
    if not splits:
        raise UsageWrong("these entries need the label file: nothing else says which labels are meant", _SAY)
    if len(splits) > 1:
        hint = "Compare runs of one split, or join the folds of a method: harness compare --split cv."
        raise UsageWrong(f"the runs predict {' and '.join(splits)}", hint)
    return splits[0]


def fold_truth(split: str, cells: Sequence[str] | None = None) -> Truth:
    """The published labels and subjects of a fold, or of those of its cells that were drawn."""
    phase = known_phase(split)
    if phase is None:
        raise UsageWrong(f"there is no split {split!r}", _SAY)
    there = set(phase.cells if cells is None else cells)
    return published_truth(replace(phase, cells=tuple(cell for cell in phase.cells if cell in there)))


def published_truth(phase: Phase) -> Truth:
    """The labels and subjects of training cells, as the published list has them."""
    cells = [_training_cell(name) for name in phase.cells]
    labels = np.array([cell.label for cell in cells], dtype=np.uint8)
    return Truth(phase, labels, tuple(str(cell.subject) for cell in cells))


def _training_cell(name: str) -> PublishedCell:
    found = published().find("train", name)
    if found is None:
        raise DataWrong(f"{name} is no training cell of C-NMC 2019", "Name its labels with --truth.")
    return found


def _cells_of(run: Path) -> list[str]:
    """The cells of a run in the order of its table; whether that is sound is said where it is opened."""
    rows = sheet_of(run / TABLE).rows(header=True)
    return [last_part(fields[0]) for _, fields in rows]


def _preliminary(asked: Asked) -> Truth:
    from harness.data.audit import label_file_below

    found = label_file_below(asked.data_root)
    if found.path is None or not found.labels:
        raise DataWrong(
            f"the labels of prelim are not at hand: {found.reason}",
            "Name the data with --data or HARNESS_DATA, or the label file with --truth.",
        )
    truth = read_truth(found.path, trust_labels=asked.trust_labels)
    phase = replace(truth.phase, name="prelim")
    said = () if found.recognised else (f"{found.path} is not the published one",)
    return Truth(phase, truth.labels, truth.subjects, truth.remark, (*truth.read_as, *said))
