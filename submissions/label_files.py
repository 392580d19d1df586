"""Label files to their rows: the published one, and tables ``cell,label[,subject]`` in people's dialects.

The one reader of labels, for the judge as for the data set: which phase the cells are, and whether every row
is an image of C-NMC, is for those who ask.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from submissions.cells import Label
from submissions.classes import CNMC, ClassNames
from submissions.columns import CELL, LABEL, SUBJECT, is_header, label_of
from submissions.naming import last_part
from submissions.problems import SubmissionRefused, bare
from submissions.rows import Sheet, sheet_of

PUBLISHED = ("Patient_ID", "new_names", "labels")
"""The columns of the published file: original name, cell, label."""
PLAIN = ("cell", "label")
MOST_NAMED = 5
"""Columns that were passed over, named in a remark."""
MOST_BYTES = 64 * 2**20
"""A million rows with names of fifty characters."""
MOST_PROBLEMS = 1000
"""So many wrong lines are named before the rest of a file is left unread."""

HEADER = f"Expected the published header {','.join(PUBLISHED)} or {','.join(PLAIN)}[,{SUBJECT}]."
SAYS_OTHERWISE = "the label says"
PART = "part"
"""The column that says of a subject's cells whether they are public or kept back until the end."""
PARTS = ("public", "private")
SPLIT_PARTS = ("train", "test", "left out")
"""What a column of that name holds in a table of a split, which says nothing of a phase."""
_AS_THEY_ARE = ("cell", "new_names")
"""Columns of cells, as this program calls them; in any other a folder before a name is no part of it."""
_PATIENT = re.compile(r"UID_([^_]+)_.*?(?:_(all|hem)\.bmp)?")
_NORMAL = re.compile(r"[Hh]\d+")
"""A normal subject; H3 is written h3 in its file names."""


class LabelsInvalid(Exception):
    """A file that holds no labels; `problems` names every fault with its line, `hint` the mending."""

    def __init__(self, problems: Sequence[str], hint: str = HEADER) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)
        self.hint = hint


@dataclass(slots=True)
class LabelTable:
    """The rows of a label file, column by column; rows with `problems` are left out.

    `cells` is empty where the file is a list of labels alone, `originals` (the names in ``Patient_ID``) where
    it is not the published one. `read_as` says what was assumed. `private` says of each row whether its
    subject is kept back; it is empty where no column was asked for that says so.
    """

    published: bool
    read_as: tuple[str, ...]
    lines: array[int] = field(default_factory=lambda: array("q"))
    cells: list[str] = field(default_factory=list)
    labels: array[int] = field(default_factory=lambda: array("b"))
    subjects: list[str] = field(default_factory=list)
    originals: list[str] = field(default_factory=list)
    private: array[int] = field(default_factory=lambda: array("b"))
    problems: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.labels)


def label_table(
    content: bytes, *, trust_labels: bool = False, parts: bool = False, classes: ClassNames = CNMC
) -> LabelTable:
    """Read a label file; with `trust_labels` a label may contradict the class in a published name.

    Its labels are 0 and 1 or the names of the `classes`. With `parts` a column ``part`` is read where there
    is one, else it is passed over as any other.
    Raises `LabelsInvalid` where its first line says nothing of labels; wrong lines are problems of the table.
    """
    try:
        sheet = sheet_of(content, MOST_BYTES)
        columns = _with_part(_columns(sheet), sheet) if parts else _columns(sheet)
        table = LabelTable(columns.published, _read_as(sheet, columns))
        columns = replace(columns, classes=classes)
        _fill(table, sheet, columns, trusted=trust_labels)
        _require_one_part(table)
    except SubmissionRefused as refused:
        raise LabelsInvalid([str(problem) for problem in refused.problems]) from refused
    return table


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where a row's cell, label and subject stand, and whether the first line names them."""

    label: int
    cell: int | None = None
    subject: int | None = None
    header: bool = True
    published: bool = False
    paths: bool = False
    part: int | None = None
    classes: ClassNames = CNMC

    @property
    def width(self) -> int:
        return max(at for at in (self.label, self.cell, self.subject, self.part) if at is not None) + 1


def _columns(sheet: Sheet) -> _Columns:
    if not is_header(sheet.first):
        return _headless(sheet)
    lower = [name.lower() for name in sheet.first]
    place = {name: at for at, name in reversed(list(enumerate(lower)))}
    if {name.lower() for name in PUBLISHED} <= set(lower):
        _require_once(lower, [name.lower() for name in PUBLISHED], sheet)
        return _Columns(place["labels"], place["new_names"], place["patient_id"], published=True)
    cell = next((name for name in (*_AS_THEY_ARE, *CELL) if name in place), None)
    labels = [name for name in LABEL if name in place]
    if cell is None or not labels:
        raise _no_label_file(sheet)
    if len(labels) > 1 and PLAIN[1] not in labels:
        found = f"expected one column of labels, found {' and '.join(labels)}"
        raise LabelsInvalid([f"line {sheet.first_line}: {found}"])
    _require_once(lower, [cell, labels[0], SUBJECT], sheet)
    paths = sheet.first[place[cell]] not in _AS_THEY_ARE
    return _Columns(place[labels[0]], place[cell], place.get(SUBJECT), paths=paths)


def _with_part(columns: _Columns, sheet: Sheet) -> _Columns:
    """The same with the column that divides the subjects, where there is one."""
    lower = [name.lower() for name in sheet.first] if columns.header else []
    if PART not in lower:
        return columns
    _require_once(lower, [PART], sheet)
    at = lower.index(PART)
    _, first = next(sheet.rows(header=True), (0, []))
    return columns if first[at : at + 1] and first[at] in SPLIT_PARTS else replace(columns, part=at)


def _require_once(lower: Sequence[str], used: Sequence[str], sheet: Sheet) -> None:
    twice = [name for name in used if lower.count(name) > 1]
    if twice:
        said = f"line {sheet.first_line}: expected one column `{twice[0]}`, found {lower.count(twice[0])}"
        raise LabelsInvalid([said], "Keep one of the columns, or rename the other.")


def _headless(sheet: Sheet) -> _Columns:
    """Two columns without names are cells and labels, one is the labels in a phase's order."""
    width = len(sheet.first)
    if width in (1, 2) and label_of(sheet.first[-1]) is not None:
        return _Columns(width - 1, 0 if width == 2 else None, header=False)
    raise _no_label_file(sheet)


def _no_label_file(sheet: Sheet) -> LabelsInvalid:
    found = bare(",".join(sheet.first), 200) or "nothing"
    return LabelsInvalid([f"line {sheet.first_line}: not a label file, its header is {found}"])


def _read_as(sheet: Sheet, columns: _Columns) -> tuple[str, ...]:
    """What was assumed; nothing for the published file and for a table as this program writes it."""
    used = [at for at in (columns.cell, columns.label, columns.subject) if at is not None]
    named = {sheet.first[at] for at in used} if columns.header else {""}
    remarks = (*sheet.remarks, *_without_subjects(sheet, columns))
    if named <= set(PUBLISHED) or named <= {*PLAIN, SUBJECT}:
        return remarks
    words = ("cell", "label", "subject")
    places = (columns.cell, columns.label, columns.subject)
    said = [
        f"{word} from {_title(sheet, at, columns)}"
        for word, at in zip(words, places, strict=True)
        if at is not None
    ]
    return (f"read as: {'; '.join(said)}, ALL = 1", *remarks)


def _without_subjects(sheet: Sheet, columns: _Columns) -> tuple[str, ...]:
    """A remark where no subject is read though another column may hold it: intervals hang on it."""
    if not columns.header or columns.subject is not None:
        return ()
    used = (columns.cell, columns.label, columns.part)
    others = [f"`{bare(name)}`" for at, name in enumerate(sheet.first) if name and at not in used]
    if not others:
        return ()
    named = ", ".join(others[:MOST_NAMED])
    return (f"no column `{SUBJECT}`, which names the subjects; passed over: {named}",)


def _title(sheet: Sheet, at: int, columns: _Columns) -> str:
    return f"column `{bare(sheet.first[at])}`" if columns.header else f"column {at + 1}"


def _fill(table: LabelTable, sheet: Sheet, columns: _Columns, *, trusted: bool) -> None:
    """Read the rows into the table, as long as there are not too many wrong ones."""
    same: dict[str, str] = {}
    for line, fields in sheet.rows(header=columns.header):
        if len(table.problems) >= MOST_PROBLEMS:
            table.problems.append(f"what follows line {line - 1} was not looked at")
            return
        if len(fields) < columns.width:
            table.problems.append(f"line {line}: expected {columns.width} columns, found {len(fields)}")
            continue
        _add(table, line, fields, columns, same, trusted=trusted)


def _add(
    table: LabelTable, line: int, fields: list[str], columns: _Columns, same: dict[str, str], *, trusted: bool
) -> None:
    word, label = fields[columns.label], label_of(fields[columns.label], columns.classes)
    cell = None if columns.cell is None else fields[columns.cell]
    if cell == "":
        table.problems.append(f"line {line}: expected the name of a cell, found nothing")
    if label is None:
        table.problems.append(f"line {line}: expected {_labels(columns.classes)}, found {word!r}")
    part = None if columns.part is None else fields[columns.part].lower()
    if part is not None and part not in PARTS:
        table.problems.append(f"line {line}: expected the part public or private, found {bare(part)!r}")
    if cell == "" or label is None or part not in (None, *PARTS):
        return
    subject = "" if columns.subject is None else fields[columns.subject]
    if columns.published:
        table.originals.append(subject)
        subject = _subject_of(line, subject, None if trusted else label, table.problems)
    if cell is not None:
        table.cells.append(last_part(cell) if columns.paths else cell)
    if part is not None:
        table.private.append(part == PARTS[1])
    table.lines.append(line)
    table.labels.append(label)
    subject = subject.upper() if _NORMAL.fullmatch(subject) else subject
    table.subjects.append(same.setdefault(subject, subject))


def _labels(classes: ClassNames) -> str:
    words = f"{classes.negative} or {classes.positive}" if classes.own else "hem or all"
    return f"the label 0, 1, {words}"


def _subject_of(line: int, patient: str, label: int | None, problems: list[str]) -> str:
    """The subject in a published file name; its class has to be `label`, where one is given."""
    match = _PATIENT.fullmatch(patient)
    if match is None:
        problems.append(f"line {line}: expected Patient_ID as UID_<subject>_…, found {patient!r}")
        return ""
    subject, word = match.groups()
    if label is not None and word is not None and label_of(word) != label:
        said = Label(label).name.lower()
        problems.append(f"line {line}: {bare(patient)} says {word}, {SAYS_OTHERWISE} {said}")
    return subject


def _require_one_part(table: LabelTable) -> None:
    """Name each subject that stands in both parts, with a line of either."""
    seen: dict[str, tuple[int, int]] = {}
    wrong: set[str] = set()
    for subject, private, line in zip(table.subjects, table.private, table.lines, strict=False):
        first, at = seen.setdefault(subject, (private, line))
        if subject and first != private and subject not in wrong:
            wrong.add(subject)
            said = f"the subject {bare(subject)} is in both parts (line {at}: {PARTS[first]})"
            table.problems.append(f"line {line}: {said}: subjects are divided, never cells")
