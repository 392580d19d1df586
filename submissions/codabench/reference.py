"""The truth of a phase as its reference data carry it; the only member of a bundle that holds labels."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from submissions.phases import Phase

Feedback = Literal["full", "summary", "score"]
"""Everything by subject, or numbers to a tenth of a percent, or the ranked number alone."""


@dataclass(frozen=True, slots=True)
class PhaseTruth:
    """The labels (0 = HEM, 1 = ALL) and, where known for every cell, the subjects of a phase's cells."""

    phase: Phase
    labels: Sequence[int]
    subjects: Sequence[str] | None = None

    @property
    def undefined(self) -> set[str]:
        """The columns that this truth does not define."""
        found = {"macro_f1"} if len(set(self.labels)) < 2 else set()
        found |= set() if 1 in self.labels else {"sensitivity"}
        found |= set() if 0 in self.labels else {"specificity"}
        return found | (set() if self.subjects else {"subject_accuracy"})


def reference_data(truth: PhaseTruth, title: str, feedback: Feedback) -> dict[str, bytes]:
    """The files of the reference data, which `scoring_program/score.py` reads."""
    facts = {
        "title": title,
        "feedback": feedback,
        "member": truth.phase.member,
        "remark": _remark(truth.phase),
    }
    return {
        "phase.json": (json.dumps(facts, indent=2, sort_keys=True) + "\n").encode(),
        "truth.csv": _table(truth).encode(),
    }


def _table(truth: PhaseTruth) -> str:
    text = io.StringIO()
    subjects = truth.subjects or [""] * len(truth.labels)
    rows = zip(truth.phase.cells, map(int, truth.labels), subjects, strict=True)
    csv.writer(text, lineterminator="\n").writerows([("cell", "label", "subject"), *rows])
    return text.getvalue()


def _remark(phase: Phase) -> str:
    marks = (("drawn cells", phase.drawn), ("a part of the phase's cells", phase.partial))
    return ", ".join(words for words, holds in marks if holds)
