"""Phases: which cells are predicted, in which order, and under which name they travel."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from submissions.cells import is_training_name, submission_order
from submissions.classes import CNMC, ClassNames

MEMBER = "isbi_valid.predict"
"""The one member of a CodaLab zip, as the challenge fixed it for every phase."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A set of cells to predict, in the order of the submission's lines.

    `partial` says that these are only some of the phase's cells (``--limit``, missing images), and
    `drawn` that they are synthetic: either word goes wherever the phase's results go. A table may write its
    labels as the names of the `classes`.
    """

    name: str
    cells: tuple[str, ...]
    member: str = MEMBER
    partial: bool = False
    drawn: bool = False
    classes: ClassNames = CNMC

    def __len__(self) -> int:
        return len(self.cells)

    def called(self, classes: ClassNames) -> Phase:
        """The same cells with these names of the classes."""
        return self if classes == self.classes else replace(self, classes=classes)

    @property
    def key(self) -> str:
        """SHA-256 of the cells in order: two phases that agree here ask for the same lines."""
        return hashlib.sha256("\n".join(self.cells).encode()).hexdigest()


def phase_of(name: str, cells: Iterable[str], *, partial: bool = False, drawn: bool = False) -> Phase:
    """A phase of these cells, put into submission order."""
    return Phase(name, tuple(sorted(cells, key=submission_order)), partial=partial, drawn=drawn)


PRELIM = phase_of("prelim", (f"{number}.bmp" for number in range(1, 1868)))
FINAL = phase_of("final", (f"{number}.bmp" for number in range(1, 2587)))
MOST_CELLS = 1_000_000
"""Cells of the largest phase: its zip of stored lines is 2 MB and passes every limit of the reader."""
OFFICIAL = {phase.name: phase for phase in (PRELIM, FINAL)}
"""The two phases of the challenge: 1,867 and 2,586 cells, numbered without gaps."""


FIRST = 10
"""How many cells are shown wherever the order of a phase is told."""


def first_cells(phase: Phase, most: int = FIRST) -> str:
    """The first cells in order, in words: ``1.bmp, 2.bmp, 3.bmp, …``."""
    return ", ".join([*phase.cells[:most], *(["…"] if len(phase) > most else [])])


def order_of(phase: Phase) -> str:
    """What the lines of a submission to a phase that was just read from a table follow, in words."""
    if any(phase.key == official.key for official in OFFICIAL.values()):
        return "the numbers of the cells"
    if all(map(is_training_name, phase.cells)):
        return "the file names in plain ASCII order"
    return "the rows of its table"


def order_remarks(phase: Phase, labels: Sequence[int]) -> list[str]:
    """What a host should know of the order of an own phase: shuffled numbers, and labels that it tells."""
    remarks = []
    numbers = [submission_order(cell)[0] for cell in phase.cells]
    if all(numbers) and numbers != sorted(numbers):
        remarks.append("the rows are not in the order of the cells' numbers, and the lines follow the rows")
    changes = sum(one != other for one, other in pairwise(labels))
    if changes == 1 and len(labels) > 2 and order_of(phase).startswith("the rows"):
        remarks.append("one class stands before the other, so the order tells every label: shuffle the rows")
    return remarks


def cells_table(phase: Phase) -> str:
    """The cells in order as a CSV table ``line,cell``, which ``--cells`` takes."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("line", "cell"), *enumerate(phase.cells, start=1)])
    return text.getvalue()
