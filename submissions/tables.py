"""Predictions as a table, ``cell[,subject],score,label``: what people and other programs look at."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from submissions.labels import places
from submissions.phases import Phase, listed_phase
from submissions.predictions import THRESHOLD, Predictions
from submissions.problems import Problem, SubmissionRefused, shown
from submissions.writing import write_whole

MOST_LISTED = 10


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table after its checks; `line` is counted as an editor counts."""

    line: int
    cell: str
    label: int
    score: float | None


def write_table(
    predictions: Predictions, path: str | Path, subjects: Mapping[str, str] | Sequence[str] | None = None
) -> None:
    """Write the table in the order of the phase's cells; scores keep every digit.

    `subjects` maps cells to subjects, or lists one subject for each cell.
    """
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
    write_whole(Path(path), text.getvalue().encode())


def read_table(
    source: str | Path | bytes, phase: Phase | None = None, *, allow_partial: bool = False
) -> Predictions:
    """Read a table of cell with score, label or both; a label that is left out is 1 above one half.

    Rows may stand in any order. Without `phase` the cells decide: those of an official phase are that
    phase, any others are a phase named after the file. With `allow_partial` cells of the phase may be
    missing, and the predictions' phase is a partial one. Raises `SubmissionRefused` with every problem.
    """
    name, data = _named(source)
    header, records = _records(name, data)
    rows, problems = _rows(header, records)
    phase = phase or listed_phase(Path(name).stem, (row.cell for row in rows))
    problems += _cell_problems(rows, phase, allow_partial=allow_partial)
    if problems:
        raise SubmissionRefused(tuple(problems))
    return _predictions(rows, phase, scored="score" in header)


def _named(source: str | Path | bytes) -> tuple[str, bytes]:
    """What a table is called, and its bytes."""
    return (
        ("the table", source) if isinstance(source, bytes) else (Path(source).name, Path(source).read_bytes())
    )


def _records(name: str, data: bytes) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The header and the rows with their line numbers; empty lines are skipped."""
    try:
        reader = csv.reader(io.StringIO(data.decode("utf-8-sig")), strict=True)
        found = [(reader.line_num, [field.strip() for field in row]) for row in reader if any(row)]
    except (UnicodeDecodeError, csv.Error) as error:
        mend = "Save the table as comma-separated UTF-8 text."
        raise SubmissionRefused((Problem("not a table", name, "a CSV file", str(error), mend),)) from error
    header = found[0][1] if found else []
    times = {name: header.count(name) for name in ("cell", "score", "label")}
    if times["cell"] != 1 or sorted((times["score"], times["label"])) not in ([0, 1], [1, 1]):
        expected = "the columns cell and score or label, separated by commas"
        mend = "Write the columns' names into the first line, such as `cell,score,label`."
        present = shown(",".join(header)) if header else "an empty file"
        raise SubmissionRefused((Problem("not a table of predictions", "line 1", expected, present, mend),))
    if len(found) == 1:
        mend = "Write one row for every cell of the phase."
        raise SubmissionRefused((Problem("an empty table", name, "rows", "only a header", mend),))
    return header, found[1:]


def _rows(header: Sequence[str], records: Sequence[tuple[int, list[str]]]) -> tuple[list[Row], list[Problem]]:
    """Every row with its label and score; what is wrong with a value is gathered by kind."""
    wrong = _Wrong()
    rows = []
    for line, record in records:
        values = dict(zip(header, record, strict=False))
        if len(record) != len(header):
            wrong.add("a row of another length", f"{len(header)} columns", line, f"{len(record)} columns")
        score = _score(values["score"]) if "score" in values else None
        if "score" in values and score is None:
            wrong.add("a score that is no probability", "a number from 0 to 1", line, shown(values["score"]))
        label = values.get("label", str(int((score or 0) > THRESHOLD)))
        if label not in ("0", "1"):
            wrong.add("a label that is neither 0 nor 1", "0 (HEM) or 1 (ALL)", line, shown(label))
        rows.append(Row(line, values.get("cell", ""), int(label == "1"), score))
    return rows, wrong.problems("Mend these rows of the table; a score is the probability of ALL.")


def _score(text: str) -> float | None:
    """The score, or None where the text is no finite number in [0, 1]."""
    try:
        score = float(text)
    except ValueError:
        return None
    return score if 0 <= score <= 1 else None


class _Wrong:
    """Mistakes gathered by kind, so that a thousand of them make one problem."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, str], dict[int, str]] = {}

    def add(self, what: str, expected: str, line: int, found: str) -> None:
        self._made.setdefault((what, expected), {})[line] = found

    def problems(self, mend: str) -> list[Problem]:
        return [
            Problem(what, places(list(lines)), expected, listed(list(dict.fromkeys(lines.values()))), mend)
            for (what, expected), lines in self._made.items()
        ]


def _cell_problems(rows: Sequence[Row], phase: Phase, *, allow_partial: bool) -> list[Problem]:
    """Cells that come twice, that the phase does not know, or that are missing."""
    wrong = _Wrong()
    wanted, seen = set(phase.cells), dict[str, int]()
    for row in rows:
        if row.cell in seen:
            found = f"{shown(row.cell)} (already in line {seen[row.cell]})"
            wrong.add("a cell that comes twice", "every cell once", row.line, found)
        elif row.cell not in wanted:
            wrong.add("an unknown cell", f"a cell of the phase {phase.name}", row.line, shown(row.cell))
        seen.setdefault(row.cell, row.line)
    problems = wrong.problems("Leave these rows out, or say which phase is meant.")
    missing = [cell for cell in phase.cells if cell not in seen]
    if not seen.keys() & wanted or (missing and not allow_partial):
        expected, found = f"all {len(phase)} cells of the phase {phase.name}", listed(missing)
        mend = "Predict these cells too, or pack what there is with --allow-partial."
        what = f"{len(missing)} cells are missing" if len(missing) != 1 else "a cell is missing"
        problems.append(Problem(what, "the table", expected, f"none of {found}", mend))
    return problems


def listed(words: Sequence[str]) -> str:
    """The first few of these, and how many more there are."""
    more = len(words) - MOST_LISTED
    return ", ".join(words[:MOST_LISTED]) + (f" and {more:,} more" if more > 0 else "")


def _predictions(rows: Sequence[Row], phase: Phase, *, scored: bool) -> Predictions:
    """Sound rows in the phase's order; a phase of which cells are missing becomes a partial one."""
    of_cell = {row.cell: row for row in rows}
    if len(of_cell) < len(phase):
        phase = replace(phase, cells=tuple(cell for cell in phase.cells if cell in of_cell), partial=True)
    ordered = [of_cell[cell] for cell in phase.cells]
    labels = np.array([row.label for row in ordered], dtype=np.uint8)
    scores = np.array([row.score for row in ordered], dtype=np.float64) if scored else None
    return Predictions(phase, labels, scores)
