"""Would this submission be accepted, and if not, why: the one report for the command line and the server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from submissions.parts import read_parts
from submissions.phases import Phase
from submissions.predictions import Predictions
from submissions.problems import Problem, SubmissionRefused
from submissions.reading import Limits, read


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check found: predictions where the submission is accepted, problems where it is not."""

    phase: str | None
    predictions: Predictions | None = None
    problems: tuple[Problem, ...] = ()
    passed_over: tuple[str, ...] = ()

    @property
    def accepted(self) -> bool:
        return self.predictions is not None

    def to_json(self) -> dict[str, Any]:
        """The document of ``harness check --json``; the counts are null where it is refused."""
        return {
            "accepted": self.accepted,
            "phase": self.phase,
            "predictions": len(self.predictions.labels) if self.predictions else None,
            "positives": self.predictions.positives if self.predictions else None,
            "problems": [problem.to_json() for problem in self.problems],
            "passed_over": list(self.passed_over),
        }


def check(
    submission: str | Path | bytes,
    phase: Phase | None = None,
    limits: Limits | None = None,
    *,
    scores: bytes | None = None,
) -> CheckReport:
    """Read a submission and report; OSError where a path cannot be read is the only exception.

    `scores`, the table beside the zip, is read only where the phase is given.
    """
    try:
        if phase is None:
            reading = read(submission, None, limits)
        else:
            reading = read_parts(submission, scores, phase, limits)
    except SubmissionRefused as refused:
        asked = phase.name if phase else None
        return CheckReport(asked, problems=refused.problems, passed_over=refused.passed_over)
    return CheckReport(reading.predictions.phase.name, reading.predictions, passed_over=reading.passed_over)
