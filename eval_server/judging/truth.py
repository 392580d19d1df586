"""The labels and subjects of a phase, read from a published label file; never sent to a client."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from eval_server.judging.label_tables import DialectUnknown, is_plain, written_plainly
from submissions.cells import Label
from submissions.columns import label_of
from submissions.phases import MOST_CELLS, Phase, listed_phase, names_in

PUBLISHED = ("Patient_ID", "new_names", "labels")
PLAIN = ("cell", "label")
SHOWN_PROBLEMS = 20

_SUBJECT = re.compile(r"UID_([^_]+)_.*?(?:_(all|hem)\.bmp)?")
_NORMAL = re.compile(r"[Hh]\d+")
"""A normal subject; H3 is written h3 in its file names."""
_TOO_MANY = "The reader takes no zip for so many cells: split them into several phases."
_SAYS_OTHERWISE = "the label says"


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
    why there are no subjects, where a reader would expect them.
    """

    phase: Phase
    labels: npt.NDArray[np.uint8]
    subjects: tuple[str, ...] | None = None
    remark: str = ""
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
        lines = (f"{cell},{label},{subject}" for cell, label, subject in rows)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def only(self, phase: Phase) -> Truth:
        """The truth of some of these cells, for a partial run; raises ValueError for an unknown cell."""
        at = {cell: index for index, cell in enumerate(self.phase.cells)}
        unknown = [cell for cell in phase.cells if cell not in at]
        if unknown:
            raise ValueError(f"{len(unknown)} cells are not in the label file, the first is {unknown[0]}")
        chosen = [at[cell] for cell in phase.cells]
        subjects = None if self.subjects is None else tuple(self.subjects[index] for index in chosen)
        return Truth(phase, self.labels[chosen], subjects, self.remark)


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    cell: str
    label: Label
    subject: str


def read_truth(
    source: Path | str | bytes, phase: Phase | None = None, *, trust_labels: bool = False
) -> Truth:
    """Read the published label file, or a table ``cell,label[,subject]``.

    The official phases are recognised by their cells, the order of any other is that of the rows; `phase`
    asks for these cells and no others, in its own order. With `trust_labels` a label may contradict the
    class in a published name. Raises `TruthInvalid` with every problem and its line.
    """
    name = "table" if isinstance(source, bytes) else Path(source).stem
    problems: list[str] = []
    read = list(_rows(_bounded(_text(source)), problems, trust_labels=trust_labels))
    if not read and not problems:
        raise TruthInvalid(["the label file has a header and no cells"], _expected_header())
    asked = phase or listed_phase(name, (row.cell for row in read))
    rows = _distinct(read, asked, problems)
    if phase is not None:
        problems.extend(_strangers(rows, asked))
    if problems:
        raise TruthInvalid(problems, _mend(problems))
    return _truth(rows, asked)


def _mend(problems: Sequence[str]) -> str:
    if any(_SAYS_OTHERWISE in problem for problem in problems):
        return (
            "If the labels were corrected on purpose, read them with --trust-labels, or give a table "
            "cell,label,subject, which holds no class in its names."
        )
    return "Every line is one cell with the label 0 (HEM) or 1 (ALL)."


def _bounded(text: str) -> str:
    """The same text; one of so many lines that no submission could answer it is refused at once."""
    lines = text.count("\n")
    if lines > MOST_CELLS + 1:
        raise TruthInvalid([f"expected at most {MOST_CELLS:,} cells, found {lines:,} lines"], _TOO_MANY)
    return text


def _text(source: Path | str | bytes) -> str:
    raw = source if isinstance(source, bytes) else _bytes_of(Path(source))
    try:
        plain = None if is_plain(raw) else written_plainly(raw)
        return raw.decode("utf-8-sig") if plain is None else plain
    except DialectUnknown as error:
        raise TruthInvalid([str(error)], _expected_header()) from error
    except UnicodeDecodeError as error:
        raise TruthInvalid(
            [f"expected a CSV file in UTF-8, found byte {error.object[error.start]:#04x} at {error.start}"],
            _expected_header(),
        ) from error


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        message = f"cannot read the label file {path}: {error.strerror}"
        raise TruthInvalid([message], "Name the published label file.") from error


def _expected_header() -> str:
    return f"Expected the published header {','.join(PUBLISHED)} or {','.join(PLAIN)}[,subject]."


def _rows(text: str, problems: list[str], *, trust_labels: bool) -> Iterator[_Row]:
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        header = [column.strip() for column in next(reader, [])]
        read = _reader_of(header, trust_labels)
        for fields in reader:
            if not any(item.strip() for item in fields):
                continue
            found = read(reader.line_num, [item.strip() for item in fields], problems)
            if found is not None:
                yield found
    except csv.Error as error:
        raise TruthInvalid([f"line {reader.line_num}: {error}"], _expected_header()) from error


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where a row's cell, label and subject stand; `published` takes the subject from a file name.

    The class in such a name has to agree with the label, unless the labels are `trusted`.
    """

    width: int
    cell: int
    label: int
    subject: int | None
    published: bool
    trusted: bool

    def __call__(self, line: int, fields: list[str], problems: list[str]) -> _Row | None:
        if len(fields) < self.width:
            problems.append(f"line {line}: expected {self.width} columns, found {len(fields)}")
            return None
        cell, word = fields[self.cell], fields[self.label]
        label = _label_of(word)
        if not cell:
            problems.append(f"line {line}: expected the name of a cell, found nothing")
        if label is None:
            problems.append(f"line {line}: expected the label 0, 1, hem or all, found {word!r}")
        if not cell or label is None:
            return None
        subject = "" if self.subject is None else fields[self.subject]
        if self.published:
            subject = _subject_of(line, subject, None if self.trusted else label, problems)
        return _Row(line, cell, label, subject.upper() if _NORMAL.fullmatch(subject) else subject)


def _reader_of(header: list[str], trusted: bool) -> _Columns:
    place = {name: at for at, name in reversed(list(enumerate(header)))}
    for names, subject, published in ((PUBLISHED[1:], PUBLISHED[0], True), (PLAIN, "subject", False)):
        if all(name in place for name in names):
            used = [place[name] for name in names]
            at = place.get(subject)
            named = published and at is not None
            return _Columns(max([*used, at or 0]) + 1, used[0], used[1], at, named, trusted)
    found = ",".join(header) or "nothing"
    raise TruthInvalid([f"line 1: not a label file, its header is {found[:200]}"], _expected_header())


def _label_of(word: str) -> Label | None:
    """A label by the rules of tables of predictions."""
    found = label_of(word)
    return None if found is None else Label(found)


def _subject_of(line: int, patient: str, label: Label | None, problems: list[str]) -> str:
    """The subject in a published file name; its class has to be `label`, where one is given."""
    match = _SUBJECT.fullmatch(patient)
    if match is None:
        problems.append(f"line {line}: expected Patient_ID as UID_<subject>_…, found {patient!r}")
        return ""
    subject, word = match.groups()
    if label is not None and word is not None and _label_of(word) is not label:
        problems.append(f"line {line}: {patient} says {word}, {_SAYS_OTHERWISE} {label.name.lower()}")
    return subject


def _distinct(rows: list[_Row], phase: Phase, problems: list[str]) -> dict[str, _Row]:
    """The rows by the phase's own names of their cells; a cell that comes twice is a problem."""
    kept: dict[str, _Row] = {}
    own = names_in(phase, (row.cell for row in rows))
    for row in rows:
        cell = own.get(row.cell, row.cell)
        if cell in kept:
            problems.append(f"line {row.line}: {cell} stands already in line {kept[cell].line}")
        kept.setdefault(cell, row)
    return kept


def _strangers(rows: dict[str, _Row], phase: Phase) -> Iterator[str]:
    wanted = set(phase.cells)
    for cell, row in rows.items():
        if cell not in wanted:
            yield f"line {row.line}: {row.cell} is no cell of the phase {phase.name}"
    for cell in phase.cells:
        if cell not in rows:
            yield f"{cell} of the phase {phase.name} has no line"


def _truth(rows: dict[str, _Row], phase: Phase) -> Truth:
    ordered = [rows[cell] for cell in phase.cells]
    labels = np.array([row.label for row in ordered], dtype=np.uint8)
    unknown = sum(not row.subject for row in ordered)
    if not unknown:
        return Truth(phase, labels, tuple(row.subject for row in ordered))
    remark = f"the subject of {unknown} of {len(ordered)} cells is not known: no results by subject"
    return Truth(phase, labels, None, remark)
