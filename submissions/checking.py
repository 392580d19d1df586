"""Would this submission be accepted, and if not, why: the one report for the command line and the server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from submissions.columns import Scale
from submissions.parts import read_parts
from submissions.phases import Phase
from submissions.predictions import Predictions
from submissions.problems import Problem, SubmissionRefused
from submissions.reading import Limits


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check found: predictions where the submission is accepted, problems where it is not.

    `read_as` says what was assumed about a table.
    """

    phase: str | None
    predictions: Predictions | None = None
    problems: tuple[Problem, ...] = ()
    passed_over: tuple[str, ...] = ()
    read_as: tuple[str, ...] = ()

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
            "scores": self.predictions is not None and self.predictions.scores is not None,
            "passed_over": list(self.passed_over),
            "read_as": list(self.read_as),
        }


def check(
    submission: str | Path | bytes,
    phase: Phase | None = None,
    limits: Limits | None = None,
    *,
    scores: bytes | None = None,
    scale: Scale | str | None = None,
) -> CheckReport:
    """Read a submission, a zip or a table, and report.

    `scores` is the table beside a zip; `scale` says what scores are. OSError where a path cannot be
    read is the only exception.
    """
    try:
        reading = read_parts(submission, scores, phase, limits, scale=scale)
    except SubmissionRefused as refused:
        asked = phase.name if phase else None
        return CheckReport(asked, problems=refused.problems, passed_over=refused.passed_over)
    phase_name, predictions = reading.predictions.phase.name, reading.predictions
    return CheckReport(phase_name, predictions, passed_over=reading.passed_over, read_as=reading.read_as)
