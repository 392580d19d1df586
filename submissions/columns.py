"""Which column of a table is what, by the names that people give it, and what its values say."""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from submissions.classes import CNMC, ClassNames
from submissions.labels import places
from submissions.problems import Problem, SubmissionRefused, bare, shown
from submissions.rows import Sheet, refusal

CELL = (
    "cell", "name", "file", "filename", "image", "image_id", "id", "new_names", "path", "patient_id",
)  # fmt: skip
LABEL = ("label", "labels", "class", "prediction", "pred", "predicted", "y_pred", "target")
SCORE = ("score", "prob", "probability", "p_all", "all")
HEM = {"p_hem": "p_all", "hem": "all"}
"""The column of the other class, and the one it stands beside."""
CONFIDENCE = "confidence"
SUBJECT = "subject"
PART = "part"
"""Beside labels in the table of a split (`harness data table`), where they are the truth."""
MOST_LISTED = 10

_DECIMAL_LABEL = re.compile(r"([01])[.,]0*")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_COMMA_NUMBER = re.compile(r"[+-]?[0-9]*,[0-9]+")

COLUMNS = (
    f"a cell ({', '.join(CELL[:5])}, …) with a label ({', '.join(LABEL[:4])}, …) or a score "
    f"({', '.join(SCORE[:3])}, …)"
)


class Scale(StrEnum):
    """What the numbers of a score column are."""

    PROBABILITY = "probability"
    PERCENT = "percent"
    LOGIT = "logit"

    def share(self, value: float) -> float:
        """The probability that such a number stands for."""
        if self is Scale.LOGIT:
            return 1 / (1 + math.exp(-value)) if value >= 0 else 1 - 1 / (1 + math.exp(max(value, -700)))
        return value / 100 if self is Scale.PERCENT else value


@dataclass(frozen=True, slots=True)
class Plan:
    """The places of the columns that matter; `titles` are the names as they are written, `header` says
    whether the first line names them."""

    titles: tuple[str, ...]
    header: bool
    cells: tuple[int, ...]
    labels: tuple[int, ...] = ()
    scores: tuple[int, ...] = ()
    hem: int | None = None
    confidence: int | None = None
    unused: tuple[int, ...] = ()

    def title(self, at: int) -> str:
        """What a column is called in a remark."""
        return f"column `{bare(self.titles[at])}`" if self.header and self.titles[at] else f"column {at + 1}"


def is_header(fields: Sequence[str]) -> bool:
    """Whether a first line names columns: at least one of the names that are known here."""
    known = {*CELL, *LABEL, *SCORE, *HEM, CONFIDENCE, SUBJECT}
    return any(one.lower() in known for one in fields)


def plan_of(sheet: Sheet) -> Plan:
    """Read the first line; raises `SubmissionRefused` where it does not say what is what."""
    if not is_header(sheet.first):
        return _headless(sheet)
    lower = [title.lower() for title in sheet.first]
    twice = sorted({one for one in lower if one and lower.count(one) > 1})
    where = f"line {sheet.first_line}"
    if twice:
        mend = "Keep one of the columns, or rename the other."
        raise refusal("a column name twice", where, "every name once", ", ".join(map(shown, twice)), mend)
    if PART in lower and [name for name in LABEL if name in lower] == [LABEL[0]]:
        raise _split_table(sheet)
    plan = _named(sheet, lower)
    if not plan.cells or not (plan.labels or plan.scores or plan.hem is not None):
        raise _no_columns(sheet, plan)
    return plan


def _named(sheet: Sheet, lower: Sequence[str]) -> Plan:
    def of(names: Sequence[str]) -> tuple[int, ...]:
        return tuple(lower.index(name) for name in names if name in lower)

    scores = of(SCORE)
    hem = next((lower.index(name) for name in HEM if name in lower), None)
    if hem is not None and HEM[lower[hem]] not in lower and lower[hem] != "p_hem":
        hem = None
    used = {*of(CELL), *of(LABEL), *scores, hem, *of((CONFIDENCE, SUBJECT))}
    unused = tuple(at for at, title in enumerate(lower) if title and at not in used)
    confidence = next(iter(of((CONFIDENCE,))), None)
    return Plan(sheet.first, True, of(CELL), of(LABEL), scores, hem, confidence, unused)


def _split_table(sheet: Sheet) -> SubmissionRefused:
    """Its column `label` says what the cells are: taken for predictions they would all be right."""
    mend = (
        "Leave the column `label` of the split out; your own go into a column `prediction`, or scores alone "
        "into `p_all`."
    )
    found = "a column `label` beside a column `part`, as the table of a split has them"
    return refusal(
        "the labels of a split", f"line {sheet.first_line}", "labels that were predicted", found, mend
    )


def _no_columns(sheet: Sheet, plan: Plan) -> SubmissionRefused:
    where, found = f"line {sheet.first_line}", shown(",".join(sheet.first))
    if plan.cells and plan.confidence is not None:
        mend = (
            "Say what it means: a confidence needs the label that it belongs to in a column `label`; "
            "a probability of ALL is called `p_all`, one of HEM `p_hem`."
        )
        return refusal("a confidence without a label", where, "a label beside it", found, mend)
    return refusal("not a table of predictions", where, COLUMNS, found, _mend_of_first_line(sheet))


def _headless(sheet: Sheet) -> Plan:
    """Two columns without names: cells and labels."""
    if len(sheet.first) == 2 and label_of(sheet.first[1]) is not None:
        return Plan(sheet.first, False, (0,), (1,))
    found = shown(",".join(sheet.first)) if sheet.first else "an empty file"
    where = f"line {sheet.first_line}"
    raise refusal("not a table of predictions", where, COLUMNS, found, _mend_of_first_line(sheet))


def _mend_of_first_line(sheet: Sheet) -> str:
    """What to write; columns that stand there already may be parted by what parts nothing here."""
    if len(sheet.first) == 1:
        line = sheet.first[0].strip()
        if "|" in line or len(line.split()) > 1:
            return "Separate the columns by commas, semicolons or tabs."
        if line.lower() in LABEL:
            return "Write the cells beside the labels, or leave this line out: line 1 is then the first cell."
    return "Write the columns' names into the first line, such as `cell,score,label`."


def label_of(text: str, classes: ClassNames = CNMC) -> int | None:
    """0 or 1 as people write them, or the name of a class; None for anything else."""
    found = {"0": 0, "1": 1}.get(text, classes.label(text))
    if found is None and (match := _DECIMAL_LABEL.fullmatch(text)):
        return int(match.group(1))
    return found


def number_of(text: str, *, decimal_comma: bool) -> float | None:
    """A finite number, with a decimal comma where that is allowed; None for anything else."""
    if decimal_comma and _COMMA_NUMBER.fullmatch(text):
        text = text.replace(",", ".")
    if len(text) > 400 or not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


class Gathered:
    """Mistakes of one kind, so that a thousand of them make one problem: their lines and the first texts."""

    def __init__(self, what: str, expected: str, mend: str) -> None:
        self._facts = (what, expected, mend)
        self._lines = array("q")
        self._texts: dict[str, None] = {}
        self._more = 0

    def add(self, line: int, found: str) -> None:
        self._lines.append(line)
        if len(self._texts) < MOST_LISTED:
            self._texts.setdefault(found, None)
        elif found not in self._texts:
            self._more += 1

    def __bool__(self) -> bool:
        return bool(self._lines)

    def problems(self) -> list[Problem]:
        if not self._lines:
            return []
        what, expected, mend = self._facts
        more = f" and {self._more:,} more" if self._more else ""
        return [Problem(what, places(self._lines), expected, ", ".join(self._texts) + more, mend)]


@dataclass(slots=True)
class LabelColumn:
    """The labels of one column, and what in it is none."""

    at: int
    classes: ClassNames = CNMC
    values: array[int] = field(default_factory=lambda: array("b"))
    wrong: Gathered = field(
        default_factory=lambda: Gathered(
            "a label that is neither 0 nor 1",
            "0 (HEM) or 1 (ALL)",
            "Write 0 or HEM for normal, 1 or ALL for leukemic cells; call a column of probabilities of ALL "
            "`p_all`.",
        )
    )

    def add(self, line: int, text: str) -> None:
        label = label_of(text, self.classes)
        if label is None:
            self.wrong.add(line, shown(text))
        self.values.append(label or 0)


@dataclass(slots=True)
class NumberColumn:
    """The numbers of one column, and what in it is none."""

    at: int
    decimal_comma: bool
    values: array[float] = field(default_factory=lambda: array("d"))
    commas: int = 0
    wrong: Gathered = field(
        default_factory=lambda: Gathered(
            "a score that is no number",
            "a number from 0 to 1",
            "Mend these rows of the table; a score is the probability of ALL.",
        )
    )

    def add(self, line: int, text: str) -> None:
        number = number_of(text, decimal_comma=self.decimal_comma)
        if number is None:
            self.wrong.add(line, shown(text))
        self.commas += "," in text
        self.values.append(0.0 if number is None else number)
