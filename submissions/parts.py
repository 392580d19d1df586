"""A submission of two parts: the zip of labels and, where it came, the table of scores beside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from submissions.phases import Phase
from submissions.predictions import Predictions
from submissions.problems import Problem, SubmissionRefused
from submissions.reading import Limits, Reading, read
from submissions.tables import read_table

MEND_SCORES = (
    "Mend the table of scores (cell and score, the probability of ALL, for every cell), or leave it out: "
    "it is optional."
)


def read_parts(
    archive: str | Path | bytes,
    scores: str | Path | bytes | None,
    phase: Phase,
    limits: Limits | None = None,
) -> Reading:
    """The labels of the zip with the scores of the table.

    Raises `SubmissionRefused` with every problem of both, and OSError where a path cannot be read.
    """
    reading, problems, passed_over = _labels(archive, phase, limits)
    table = None
    if scores is not None:
        try:
            table = read_table(scores, phase)
        except SubmissionRefused as refused:
            problems += tuple(
                replace(one, where=f"the scores, {one.where}", mend=MEND_SCORES) for one in refused.problems
            )
    if reading is None or problems:
        raise SubmissionRefused(problems, passed_over)
    if table is None:
        return reading
    return replace(reading, predictions=Predictions(phase, reading.predictions.labels, table.scores))


def _labels(
    archive: str | Path | bytes, phase: Phase, limits: Limits | None
) -> tuple[Reading | None, tuple[Problem, ...], tuple[str, ...]]:
    try:
        reading = read(archive, phase, limits)
    except SubmissionRefused as refused:
        return None, refused.problems, refused.passed_over
    return reading, (), reading.passed_over
