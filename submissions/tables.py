"""Tables of predictions as people write them, read by one set of rules; what was assumed is said.

The rules stand in ``docs/tables.md``. Two readings that would give different labels are refused with
what settles it; nothing is guessed.
"""

from __future__ import annotations

import csv
import io
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from submissions import labels as lines_of
from submissions.columns import (
    Gathered,
    LabelColumn,
    NumberColumn,
    Plan,
    Scale,
    label_of,
    number_of,
    plan_of,
)
from submissions.naming import Cells, cells_of, last_part, listed_phase
from submissions.phases import OFFICIAL, Phase
from submissions.predictions import Predictions
from submissions.problems import Problem, SubmissionRefused, bare, shown
from submissions.reading import Reading
from submissions.rows import MOST_BYTES, MOST_UNKNOWN, THE_TABLE, Sheet, refusal, sheet_of
from submissions.scoring import Scored, labelled
from submissions.writing import write_whole

MOST_LISTED = 10
ROW_BYTES = 128
"""A row of a phase of very many cells: a name, a probability of all digits, a label."""
SLACK = 1000
"""How many rows beyond twice the phase's cells are looked at before a table is given up."""

Scores = npt.NDArray[np.float64]


def write_table(
    predictions: Predictions, path: str | Path, subjects: Mapping[str, str] | Sequence[str] | None = None
) -> None:
    """Write the table in the order of the phase's cells; scores keep every digit.

    `subjects` maps cells to subjects, or lists one subject for each cell.
    """
    write_whole(Path(path), table_of(predictions, subjects))


def table_of(predictions: Predictions, subjects: Mapping[str, str] | Sequence[str] | None = None) -> bytes:
    """The same as bytes."""
    cells = predictions.phase.cells
    of_cell = subjects if isinstance(subjects, Mapping) else dict(zip(cells, subjects or (), strict=False))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    scored = predictions.scores is not None
    writer.writerow(["cell", *(["subject"] if of_cell else []), *(["score"] if scored else []), "label"])
    for at, cell in enumerate(cells):
        subject = [of_cell.get(cell, "")] if of_cell else []
        score = [repr(float(predictions.scores[at]))] if predictions.scores is not None else []
        writer.writerow([cell, *subject, *score, int(predictions.labels[at])])
    return text.getvalue().encode()


def read_table(
    source: str | Path | bytes,
    phase: Phase | None = None,
    *,
    allow_partial: bool = False,
    scale: Scale | str | None = None,
) -> Predictions:
    """The predictions of a table; `reading_of_table` says beside them what was assumed."""
    return reading_of_table(source, phase, allow_partial=allow_partial, scale=scale).predictions


def reading_of_table(
    source: str | Path | bytes,
    phase: Phase | None = None,
    *,
    allow_partial: bool = False,
    scale: Scale | str | None = None,
    mend_missing: str = "Predict these cells too.",
) -> Reading:
    """Read a table of cells with label, score or both, or a plain list of labels.

    Rows may stand in any order. Without `phase` the cells decide: those of an official phase are that
    phase, any others are a phase named after the file. With `allow_partial` cells of the phase may be
    missing, and the predictions' phase is a partial one; without it `mend_missing` says what to do where
    some are. `scale` says what the scores are where that is not plain. Raises `SubmissionRefused` with
    every problem.
    """
    sheet = sheet_of(source, max(MOST_BYTES, ROW_BYTES * len(phase) if phase else 0))
    if not sheet.separator and len(sheet.first) == 1 and _is_value(sheet.first[0]):
        return _reading_of_lines(sheet, phase)
    plan = plan_of(sheet)
    body = _body(sheet, plan, phase or _recognised(sheet, plan))
    asked = scale or sheet.scale
    scored = labelled(plan, body.labels, body.numbers, body.lines, Scale(asked) if asked else None)
    cells = _cell_problems(body, mend_missing, allow_partial=allow_partial)
    if problems := [*body.problems, *scored.problems, *cells]:
        raise SubmissionRefused(tuple(problems))
    return Reading(_predictions(body, scored), read_as=_remarks(sheet, plan, body, scored))


def _is_value(text: str) -> bool:
    return label_of(text) is not None or number_of(text, decimal_comma=True) is not None


def _reading_of_lines(sheet: Sheet, phase: Phase | None) -> Reading:
    """One column of labels: the lines of a submission, in the order of the phase's cells."""
    found = lines_of.parse(sheet.text, max(lines_of.MOST_LINES, 2 * len(phase) if phase else 0))
    count = len(found.labels)
    length = lines_of.length_problem(count, phase, THE_TABLE) if found.readable else None
    problems = (*((length,) if length else ()), *found.problems)
    if problems:
        raise SubmissionRefused(problems, found.passed_over)
    answered = phase or next(one for one in OFFICIAL.values() if len(one) == count)
    said = (*sheet.remarks, f"read as: a list of labels, line 1 is {bare(answered.cells[0])}, ALL = 1")
    return Reading(Predictions(answered, found.labels), found.passed_over, said)


def _recognised(sheet: Sheet, plan: Plan) -> Phase:
    """The official phase whose cells these are, or a phase of these cells."""
    for official in OFFICIAL.values():
        if any(_is_of(sheet, plan, column, official) for column in plan.cells):
            return official
    rows = sheet.rows(header=plan.header, most=MOST_UNKNOWN)
    names = (fields[plan.cells[0]] for _, fields in rows if len(fields) > plan.cells[0])
    cells = list(dict.fromkeys(map(last_part, names)))
    if not cells:
        raise refusal("an empty table", THE_TABLE, "rows", "only a header", _EVERY_CELL)
    return listed_phase(sheet.name, cells)


_EVERY_CELL = "Write one row for every cell of the phase."


def _is_of(sheet: Sheet, plan: Plan, column: int, phase: Phase) -> bool:
    """Whether a column names all cells of a phase and no others."""
    known, seen = cells_of(phase), set[int]()
    for _, fields in sheet.rows(header=plan.header, most=MOST_UNKNOWN):
        at = known.find(fields[column]) if column < len(fields) else -1
        if at < 0:
            return False
        seen.add(at)
    return len(seen) == len(phase)


@dataclass(slots=True)
class _CellColumn:
    """The places in the phase that a column's names mean, and the names that mean none."""

    at: int
    known: Cells
    unknown: Gathered
    places: array[int] = field(default_factory=lambda: array("q"))
    respelled: int = 0

    def add(self, line: int, name: str) -> None:
        place = self.known.find(name)
        if place < 0:
            self.unknown.add(line, shown(name))
        self.respelled += place >= 0 and name != self.known.names[place]
        self.places.append(place)


@dataclass(slots=True)
class _Body:
    """The rows of a table, column by column."""

    phase: Phase
    cells: _CellColumn
    labels: list[LabelColumn]
    numbers: dict[int, NumberColumn]
    lines: array[int]
    problems: list[Problem]


def _body(sheet: Sheet, plan: Plan, phase: Phase) -> _Body:
    decimal_comma = sheet.separator in (";", "\t")
    expected = f"a cell of the phase {phase.name}"
    mend = "Name the cells as the phase does, leave other rows out, or say which phase is meant."
    cells = [
        _CellColumn(at, cells_of(phase), Gathered("an unknown cell", expected, mend)) for at in plan.cells
    ]
    labels = [LabelColumn(at, phase.classes) for at in plan.labels]
    wanted = {*plan.scores, plan.hem, plan.confidence} - {None}
    numbers = {at: NumberColumn(at, decimal_comma) for at in sorted(one for one in wanted if one is not None)}
    columns: list[_CellColumn | LabelColumn | NumberColumn] = [*cells, *labels, *numbers.values()]
    lines, width = array("q"), len(sheet.first)
    ragged = Gathered("a row of another length", f"{width} columns", "Write the same columns in every row.")
    for line, fields in sheet.rows(header=plan.header):
        if len(lines) > 2 * len(phase) + SLACK:
            raise refusal("far too many rows", f"line {line}", f"{len(phase):,} rows", "more", _EVERY_CELL)
        if len(fields) < width or any(fields[width:]):
            ragged.add(line, _length(fields, sheet))
        lines.append(line)
        whole = [*fields, *[""] * (width - len(fields))]
        for column in columns:
            column.add(line, whole[column.at])
    if not lines:
        raise refusal("an empty table", THE_TABLE, "rows", "only a header", _EVERY_CELL)
    chosen, problems = _one_cell_column(plan, cells, lines)
    return _Body(phase, chosen, labels, numbers, lines, [*ragged.problems(), *problems])


def _length(fields: Sequence[str], sheet: Sheet) -> str:
    other = [one for one in ",;\t" if one != sheet.separator and len(fields) == 1 and one in fields[0]]
    return f"{len(fields)} columns" + (" (another separator)" if other else "")


def _one_cell_column(
    plan: Plan, cells: Sequence[_CellColumn], lines: Sequence[int]
) -> tuple[_CellColumn, list[Problem]]:
    """The column that names the cells; two that name different ones are a question, not a guess."""
    sound = [column for column in cells if not column.unknown]
    if not sound:
        return min(cells, key=lambda column: sum(at < 0 for at in column.places)), []
    for other in sound[1:]:
        if other.places != sound[0].places:
            first = next(at for at, line in enumerate(lines) if other.places[at] != sound[0].places[at])
            names = f"{plan.title(sound[0].at)} and {plan.title(other.at)}"
            mend = "Leave one of the two columns out."
            where = f"line {lines[first]}"
            return sound[0], [
                Problem("two columns that name different cells", where, "one cell", names, mend)
            ]
    return sound[0], []


def _cell_problems(body: _Body, mend_missing: str, *, allow_partial: bool) -> list[Problem]:
    """Cells that come twice, that the phase does not know, or that are missing."""
    phase, seen = body.phase, dict[int, int]()
    twice = Gathered("a cell that comes twice", "every cell once", "Keep one row for each cell.")
    for line, place in zip(body.lines, body.cells.places, strict=True):
        if place >= 0 and place in seen:
            twice.add(line, f"{shown(phase.cells[place])} (already in line {seen[place]})")
        seen.setdefault(place, line)
    seen.pop(-1, None)
    problems = [*twice.problems(), *body.cells.unknown.problems()]
    missing = [cell for at, cell in enumerate(phase.cells) if at not in seen]
    if not seen or (missing and not allow_partial):
        expected = f"all {len(phase)} cells of the phase {phase.name}"
        what = f"{len(missing)} cells are missing" if len(missing) != 1 else "a cell is missing"
        problems.append(
            Problem(
                what,
                THE_TABLE,
                expected,
                f"none of {listed([bare(cell) for cell in missing[:MOST_LISTED]], len(missing))}",
                mend_missing,
            )
        )
    return problems


def listed(words: Sequence[str], count: int | None = None) -> str:
    """The first few of these (or of so many), and how many more there are."""
    more = (len(words) if count is None else count) - MOST_LISTED
    return ", ".join(words[:MOST_LISTED]) + (f" and {more:,} more" if more > 0 else "")


def _predictions(body: _Body, scored: Scored) -> Predictions:
    """Sound rows in the phase's order; a phase of which cells are missing becomes a partial one."""
    phase, order = body.phase, np.argsort(np.array(body.cells.places), kind="stable")
    if len(order) < len(phase):
        there = set(body.cells.places)
        cells = tuple(cell for at, cell in enumerate(phase.cells) if at in there)
        phase = replace(phase, cells=cells, partial=True)
    return Predictions(phase, scored.labels[order], None if scored.scores is None else scored.scores[order])


def _remarks(sheet: Sheet, plan: Plan, body: _Body, scored: Scored) -> tuple[str, ...]:
    """What was assumed; nothing for a table as this program writes it."""
    written = {"cell", "subject", "label"} | ({"score"} if scored.plain else set())
    as_ours = plan.header and set(sheet.first) <= written and scored.plain and plan.labels
    said = []
    if not as_ours:
        said.append("read as: " + "; ".join([f"cell from {plan.title(body.cells.at)}", *scored.read_as]))
    said += sheet.remarks
    if any(column.commas for column in body.numbers.values()):
        said.append("a decimal comma is read as a decimal point")
    if body.cells.respelled:
        count, example = body.cells.respelled, bare(body.phase.cells[max(0, body.cells.places[0])])
        said.append(f"{count:,} names of cells are spelled in another way: line {body.lines[0]} is {example}")
    if plan.unused:
        said.append("passed over: " + ", ".join(plan.title(at) for at in plan.unused[:MOST_LISTED]))
    return (*said, *scored.remarks)
