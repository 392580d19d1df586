"""A submission in any dress: a zip of labels, with or without a table of scores beside it, or one table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from submissions.agreement import disagreement
from submissions.columns import Scale
from submissions.phases import Phase
from submissions.predictions import Predictions
from submissions.problems import Problem, SubmissionRefused
from submissions.reading import Limits, Reading, read
from submissions.tables import reading_of_table

ZIPPED = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x01\x02")
"""How a zip begins, also an empty one and one that lost its start."""
MEND_SCORES = (
    "Mend the table of scores (cell and score, the probability of ALL, for every cell), or leave it out: "
    "it is optional."
)


def is_zip(source: str | Path | bytes) -> bool:
    """Whether these bytes, or those of the file, are a zip, whatever the file is called."""
    if isinstance(source, bytes):
        return source.startswith(ZIPPED)
    with Path(source).open("rb") as file:
        return file.read(4).startswith(ZIPPED)


def read_either(
    source: str | Path | bytes,
    phase: Phase | None = None,
    limits: Limits | None = None,
    *,
    scale: Scale | str | None = None,
    allow_partial: bool = False,
) -> Reading:
    """Read a zip or a table, told apart by the first bytes.

    Raises `SubmissionRefused` with every problem, and OSError where a path cannot be read.
    """
    if is_zip(source):
        return read(source, phase, limits)
    return reading_of_table(source, phase, allow_partial=allow_partial, scale=scale)


def read_parts(
    archive: str | Path | bytes,
    scores: str | Path | bytes | None,
    phase: Phase | None = None,
    limits: Limits | None = None,
    *,
    scale: Scale | str | None = None,
) -> Reading:
    """The labels of a zip or a table, with the scores of the table beside it.

    Raises `SubmissionRefused` with every problem of both, and OSError where a path cannot be read.
    """
    reading, problems, passed_over = _labels(archive, phase, limits, scale)
    table = None
    if scores is not None:
        try:
            table = reading_of_table(scores, reading.predictions.phase if reading else phase, scale=scale)
        except SubmissionRefused as refused:
            problems += tuple(_of_scores(problem) for problem in refused.problems)
    if reading is None or problems:
        raise SubmissionRefused(problems, passed_over)
    return reading if table is None else _joined(reading, table)


def _of_scores(problem: Problem) -> Problem:
    mend = f"{problem.mend} {MEND_SCORES}" if "--scores" in problem.mend else MEND_SCORES
    return replace(problem, where=f"the scores, {problem.where}", mend=mend)


def _joined(reading: Reading, table: Reading) -> Reading:
    """The labels of one with the scores of the other; what disagrees is said."""
    ours, theirs = reading.predictions, table.predictions
    if theirs.scores is None:
        return replace(reading, read_as=(*reading.read_as, "the table of scores holds labels and no scores"))
    said = [f"the scores, {remark}" for remark in table.read_as]
    if (ours.labels != theirs.labels).any():
        said += disagreement(ours.labels, theirs.scores, range(1, len(ours.labels) + 1))
    both = Predictions(ours.phase, ours.labels, theirs.scores)
    return replace(reading, predictions=both, read_as=(*reading.read_as, *dict.fromkeys(said)))


def _labels(
    archive: str | Path | bytes, phase: Phase | None, limits: Limits | None, scale: Scale | str | None
) -> tuple[Reading | None, tuple[Problem, ...], tuple[str, ...]]:
    try:
        reading = read_either(archive, phase, limits, scale=scale)
    except SubmissionRefused as refused:
        return None, refused.problems, refused.passed_over
    return reading, (), reading.passed_over
