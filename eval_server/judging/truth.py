"""The labels and subjects of a phase, read from a published label file; never sent to a client."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from eval_server.judging.division import (
    DIVIDED,
    Division,
    DivisionInvalid,
    TruthPart,
    divide,
    divided_again,
    listed,
    require_both_classes,
)
from submissions.classes import CNMC, ClassNames
from submissions.label_files import (
    HEADER,
    MOST_BYTES,
    MOST_PROBLEMS,
    SAYS_OTHERWISE,
    LabelsInvalid,
    LabelTable,
    label_table,
)
from submissions.naming import cells_of, listed_phase
from submissions.phases import MOST_CELLS, OFFICIAL, Phase
from submissions.problems import bare

SHOWN_PROBLEMS = 20
_TOO_MANY = "The reader takes no zip for so many cells: split them into several phases."


class TruthInvalid(Exception):
    """A label file that cannot be used; `problems` names every fault with its line, `hint` the mending."""

    def __init__(self, problems: Sequence[str], hint: str = "") -> None:
        shown = list(problems[:SHOWN_PROBLEMS])
        if len(problems) > SHOWN_PROBLEMS:
            shown.append(f"and {len(problems) - SHOWN_PROBLEMS} more")
        super().__init__("\n".join(shown))
        self.problems = tuple(problems)
        self.hint = hint


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """The label (0 = HEM, 1 = ALL) and, where known for every cell, the subject of each cell of a phase.

    `sha256` is the identity of this truth: its cells in order, their labels and subjects. `remark` says
    why there are no subjects, where a reader would expect them, `read_as` what was assumed about the file.
    With a `division` it is judged in two parts as well; its identity does not say which.
    """

    phase: Phase
    labels: npt.NDArray[np.uint8]
    subjects: tuple[str, ...] | None = None
    remark: str = ""
    read_as: tuple[str, ...] = ()
    division: Division | None = None
    sha256: str = field(init=False)

    def __post_init__(self) -> None:
        labels = np.array(self.labels, dtype=np.uint8)
        if labels.shape != (len(self.phase),):
            raise ValueError(
                f"phase {self.phase.name} has {len(self.phase)} cells, found {labels.size} labels"
            )
        if labels.size and labels.max() > 1:
            raise ValueError(f"labels are 0 or 1, found {labels.max()}")
        if self.subjects is not None and len(self.subjects) != labels.size:
            raise ValueError(f"{labels.size} cells need as many subjects, found {len(self.subjects)}")
        labels.flags.writeable = False
        object.__setattr__(self, "labels", labels)
        object.__setattr__(self, "sha256", self._identity())

    def _identity(self) -> str:
        subjects = self.subjects or ("",) * len(self.phase)
        rows = zip(self.phase.cells, self.labels.tolist(), subjects, strict=True)
        digest = hashlib.sha256()
        between = ""
        for cell, label, subject in rows:
            digest.update(f"{between}{cell},{label},{subject}".encode())
            between = "\n"
        return digest.hexdigest()

    def only(self, phase: Phase) -> Truth:
        """The truth of some of these cells, for a partial run; raises ValueError for an unknown cell."""
        at = {cell: index for index, cell in enumerate(self.phase.cells)}
        unknown = [cell for cell in phase.cells if cell not in at]
        if unknown:
            raise ValueError(f"{len(unknown)} cells are not in the label file, the first is {unknown[0]}")
        chosen = [at[cell] for cell in phase.cells]
        return self._at(phase, chosen)

    def _at(self, phase: Phase, chosen: Sequence[int]) -> Truth:
        subjects = None if self.subjects is None else tuple(self.subjects[index] for index in chosen)
        return Truth(phase, self.labels[list(chosen)], subjects, self.remark, self.read_as)

    @property
    def parts(self) -> tuple[TruthPart, ...]:
        """The parts in which it is judged: its whole, and those of its division."""
        return (TruthPart.WHOLE,) if self.division is None else (TruthPart.WHOLE, *DIVIDED)

    def places(self, part: TruthPart) -> list[int]:
        """Where the cells of a part stand among all."""
        if part is TruthPart.WHOLE or self.division is None or self.subjects is None:
            return list(range(len(self.phase)))
        found: list[int] = self.division.places(part, self.subjects).tolist()
        return found

    def part(self, part: TruthPart) -> Truth:
        """The truth of the subjects of one part; their cells stay in the order of the phase."""
        if part is TruthPart.WHOLE:
            return self
        chosen, asked = self.places(part), self.phase
        return self._at(replace(asked, cells=tuple(asked.cells[at] for at in chosen)), chosen)

    def divided(self, share: float, seed: int) -> Truth:
        """The same with about this share of its subjects private; raises `DivisionInvalid`."""
        return replace(self, division=divide(self.labels, self.subjects, share, seed))

    def says_the_same_as(self, other: Truth) -> bool:
        """Whether cells, labels, subjects and parts are those of another truth."""
        divided = self.division is not None, other.division is not None
        same = self.sha256 == other.sha256 and divided[0] == divided[1]
        return same and self.places(TruthPart.PRIVATE) == other.places(TruthPart.PRIVATE)

    def divided_like(self, old: Truth) -> Truth:
        """The same, divided as the truth that it corrects; raises `DivisionInvalid`.

        Every subject and every cell stays in its part, whatever the new table says: what was seen of a
        public cell would help in the private part, and the public board would show what was private.
        """
        if old.division is None:
            if self.division is not None:
                said = "the phase is not divided, and its whole board was shown"
                raise DivisionInvalid(said, "Leave out the column `part`, or add another phase.")
            return self
        if self.phase.cells != old.phase.cells:
            raise DivisionInvalid("a divided phase keeps its cells", "Add another phase for other cells.")
        kept = divided_again(old.division, old.subjects, self.labels, self.subjects)
        if self.division is not None and self.division.private != kept.private:
            moved = sorted(self.division.private ^ kept.private)
            said = f"the part of {', '.join(moved[:SHOWN_PROBLEMS])} is another than before"
            raise DivisionInvalid(said, "A subject stays in the part that it was in: leave out `part`.")
        found = replace(self, division=kept)
        require_unmoved(old, found)
        return found


def require_unmoved(old: Truth, new: Truth) -> None:
    """Raises `DivisionInvalid` where a cell of a divided phase would change from one part to the other."""
    moved = sorted(set(old.places(TruthPart.PRIVATE)) ^ set(new.places(TruthPart.PRIVATE)))
    if not moved:
        return
    before, after = old.subjects or (), new.subjects or ()
    named = [f"{old.phase.cells[at]} (from {before[at]} to {after[at]})" for at in moved]
    raise DivisionInvalid(
        f"cells would change from one part to the other: {listed(named)}",
        "A cell stays in the part that it was in: leave it a subject of that part, or add another phase.",
    )


def read_truth(
    source: Path | str | bytes,
    phase: Phase | None = None,
    *,
    trust_labels: bool = False,
    parts: bool = False,
    classes: ClassNames = CNMC,
) -> Truth:
    """Read the published label file, a table ``cell,label[,subject]``, or the labels of a phase line by line.

    The official phases are recognised by their cells, the order of any other is that of the rows; `phase`
    asks for these cells and no others, in its own order. With `trust_labels` a label may contradict the
    class in a published name, which are 0 and 1 or the names of the `classes`; with `parts` a column ``part``
    says of each subject whether it is public or private. Raises `TruthInvalid` with every problem and its
    line.
    """
    name = "table" if isinstance(source, bytes) else Path(source).stem
    try:
        content = _bounded(_bytes_of(source))
        table = label_table(content, trust_labels=trust_labels, parts=parts, classes=classes)
    except LabelsInvalid as invalid:
        raise TruthInvalid(invalid.problems, invalid.hint) from invalid
    if not table and not table.problems:
        raise TruthInvalid(["the label file has a header and no cells"], HEADER)
    if not table.cells and not table.problems:
        return _of_lines(table, phase)
    asked = phase or listed_phase(name, table.cells)
    places = _placed(table, asked)
    if table.problems:
        raise TruthInvalid(table.problems, _mend(table.problems))
    return _truth(table, asked, places)


def _mend(problems: Sequence[str]) -> str:
    if any(SAYS_OTHERWISE in problem for problem in problems):
        return (
            "If the labels were corrected on purpose, read them with --trust-labels, or give a table "
            "cell,label,subject, which holds no class in its names."
        )
    return "Every line is one cell with the label 0 (HEM) or 1 (ALL)."


def _bounded(content: bytes) -> bytes:
    """The same bytes; of so many lines that no submission could answer them they are refused at once."""
    lines = content.count(b"\n")
    if lines > MOST_CELLS + 1:
        raise TruthInvalid([f"expected at most {MOST_CELLS:,} cells, found {lines:,} lines"], _TOO_MANY)
    return content


def _bytes_of(source: Path | str | bytes) -> bytes:
    if isinstance(source, bytes):
        return source
    try:
        with Path(source).open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        message = f"cannot read the label file {source}: {error.strerror}"
        raise TruthInvalid([message], "Name the published label file.") from error


def _of_lines(table: LabelTable, phase: Phase | None) -> Truth:
    """Labels alone are those of the phase that is asked, or of the official one of this length."""
    known = [phase] if phase else list(OFFICIAL.values())
    asked = next((one for one in known if len(one) == len(table)), None)
    if asked is None:
        wanted = " or ".join(f"{len(one)} labels ({one.name})" for one in known)
        raise TruthInvalid([f"expected {wanted}, found {len(table)} labels without cells"], HEADER)
    said = f"read as: a list of labels, line 1 is {asked.cells[0]}, ALL = 1"
    return _truth(table, asked, range(len(table)), (said,))


def _placed(table: LabelTable, phase: Phase) -> Sequence[int]:
    """The row of every cell of the phase; what is missing, strange or there twice becomes a problem."""
    known, row_of = cells_of(phase), array("q", [-1]) * len(phase)
    strangers: list[str] = []
    for row, cell in enumerate(table.cells):
        at = known.find(cell)
        if at < 0:
            strangers.append(f"line {table.lines[row]}: {bare(cell)} is no cell of the phase {phase.name}")
        elif row_of[at] >= 0:
            said = f"{bare(phase.cells[at])} stands already in line {table.lines[row_of[at]]}"
            table.problems.append(f"line {table.lines[row]}: {said}")
        else:
            row_of[at] = row
    missing = (cell for cell, row in zip(phase.cells, row_of, strict=True) if row < 0)
    absent = [
        f"{bare(cell)} of the phase {phase.name} has no line" for cell in islice(missing, MOST_PROBLEMS)
    ]
    table.problems += strangers + (absent if not table.problems or strangers else [])
    return row_of


def _truth(table: LabelTable, phase: Phase, rows: Sequence[int], said: tuple[str, ...] = ()) -> Truth:
    """The table's rows in the phase's order."""
    labels = np.array(table.labels, dtype=np.uint8)[np.asarray(rows)]
    unknown = sum(not subject for subject in table.subjects)
    if not unknown:
        subjects = tuple(table.subjects[row] for row in rows)
        found = Truth(phase, labels, subjects, read_as=said or table.read_as)
        return replace(found, division=_division(table, found)) if table.private else found
    if table.private:
        raise TruthInvalid([f"the column `part` divides subjects, and that of {unknown} cells is not known"])
    remark = f"the subject of {unknown} of {len(labels)} cells is not known: no results by subject"
    return Truth(phase, labels, None, remark, said or table.read_as)


def _division(table: LabelTable, truth: Truth) -> Division:
    """What the table's column says; raises `TruthInvalid` where a part lacks a class."""
    private = frozenset(subject for subject, kept in zip(table.subjects, table.private, strict=True) if kept)
    found = Division(private)
    try:
        require_both_classes(found, truth.labels, truth.subjects or ())
    except DivisionInvalid as invalid:
        raise TruthInvalid([str(invalid)], invalid.hint) from invalid
    return found
