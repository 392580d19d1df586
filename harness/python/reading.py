"""`read` and `check`: a zip or a table as predictions, or every reason why it would not be accepted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from harness.errors import DataWrong, UsageWrong
from submissions.checking import CheckReport
from submissions.checking import check as checked
from submissions.naming import listed_phase
from submissions.parts import read_parts
from submissions.phases import OFFICIAL, Phase
from submissions.predictions import Predictions
from submissions.problems import Problem

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

GivenPhase: TypeAlias = "str | Phase | Sequence[str] | None"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Opened:
    """Predictions as they were read, with what was passed over and what was assumed."""

    predictions: Predictions
    passed_over: tuple[str, ...] = ()
    read_as: tuple[str, ...] = ()

    @property
    def phase(self) -> str:
        return self.predictions.phase.name

    @property
    def cells(self) -> tuple[str, ...]:
        return self.predictions.phase.cells

    @property
    def labels(self) -> npt.NDArray[np.uint8]:
        """0 (HEM) or 1 (ALL) for every cell."""
        return self.predictions.labels

    @property
    def scores(self) -> npt.NDArray[np.float64] | None:
        """The probability of ALL for every cell, where the submission has scores."""
        return self.predictions.scores

    def to_frame(self) -> pd.DataFrame:
        """One row a cell: `cell`, `score` where there are scores, `label`."""
        import pandas as pd

        scores = {} if self.scores is None else {"score": self.scores}
        return pd.DataFrame({"cell": self.cells, **scores, "label": self.labels})

    def to_dict(self) -> dict[str, Any]:
        """JSON-able: phase, cells, labels, scores, remarks."""
        return {
            "phase": self.phase,
            "cells": list(self.cells),
            "labels": self.labels.tolist(),
            "scores": None if self.scores is None else self.scores.tolist(),
            "passed_over": list(self.passed_over),
            "read_as": list(self.read_as),
        }

    def __repr__(self) -> str:
        count, positives = len(self.labels), self.predictions.positives
        scored = "with" if self.scores is not None else "without"
        classes = f"{positives:,} ALL, {count - positives:,} HEM"
        return f"{count:,} predictions for {self.phase}: {classes}, {scored} scores"

    def _repr_html_(self) -> str:
        from harness.python import showing

        return showing.heading(repr(self)) + showing.notes(self.read_as) + showing.table(self.to_frame())


@dataclass(frozen=True, slots=True, repr=False)
class Checked:
    """Whether a submission would be accepted; true where it would, else `problems` holds every reason."""

    report: CheckReport
    name: str

    def __bool__(self) -> bool:
        return self.report.accepted

    @property
    def accepted(self) -> bool:
        return self.report.accepted

    @property
    def problems(self) -> tuple[Problem, ...]:
        return self.report.problems

    def to_dict(self) -> dict[str, Any]:
        """The document of ``harness check --json``."""
        return self.report.to_json()

    def to_frame(self) -> pd.DataFrame:
        """One row a problem: what, where, expected, found, mend."""
        import pandas as pd

        columns = ["what", "where", "expected", "found", "mend"]
        return pd.DataFrame(
            [[getattr(one, name) for name in columns] for one in self.problems], columns=columns
        )

    def __repr__(self) -> str:
        if self.accepted:
            return f"{self.name}: accepted for {self.report.phase}"
        number = len(self.problems)
        return f"{self.name}: refused, {number} reason{'s' if number > 1 else ''}"

    def _repr_html_(self) -> str:
        from harness.python import showing

        said = showing.notes((*self.report.read_as, *self.report.passed_over))
        problems = "" if self.accepted else showing.table(self.to_frame())
        return showing.heading(repr(self)) + problems + said


def read(path: str | Path, phase: GivenPhase = None, *, scores: str | None = None) -> Opened:
    """The predictions of a zip or a table.

    Without `phase` the cells, or the number of lines, decide; `scores` says what the numbers of a score
    column are (probability, percent, logit). Raises `SubmissionRefused` with every problem at once, and
    `DataWrong` where the file cannot be read.
    """
    try:
        reading = read_parts(Path(path), None, phase_of(phase), scale=scores)
    except OSError as error:
        raise unreadable(Path(path), error) from error
    return Opened(reading.predictions, reading.passed_over, reading.read_as)


def check(path: str | Path, phase: GivenPhase = None, *, scores: str | None = None) -> Checked:
    """Whether a zip or a table would be accepted, and if not, every reason; asked as `read` is."""
    try:
        return Checked(checked(Path(path), phase_of(phase), scale=scores), Path(path).name)
    except OSError as error:
        raise unreadable(Path(path), error) from error


def phase_of(given: GivenPhase) -> Phase | None:
    """The phase that is meant: an official one by its name, or one's own by its cells in order."""
    if given is None or isinstance(given, Phase):
        return given
    if not isinstance(given, str):
        return listed_phase("phase", given)
    if given not in OFFICIAL:
        known = " or ".join(OFFICIAL)
        raise UsageWrong(f"there is no phase {given!r}: expected {known}", "Give the list of its cells.")
    return OFFICIAL[given]


def unreadable(path: Path, error: OSError) -> DataWrong:
    """A file that is not there or may not be read, in one line."""
    return DataWrong(f"{path}: expected a file to read, found {error.strerror or error}")
