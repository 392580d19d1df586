"""A divided phase for tests: which subjects are private, and entries that fare otherwise on either part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from eval_server.judging.truth import Truth, read_truth
from eval_server.store.records import Rules
from submissions.packing import packed
from submissions.predictions import Predictions
from tests.support.desk import Place

PUBLIC = {"A": ("1", 9), "B": ("1", 6), "C": ("1", 7), "U": ("0", 8), "V": ("0", 5), "W": ("0", 6)}
PRIVATE = {"D": ("1", 8), "E": ("1", 5), "F": ("1", 9), "X": ("0", 7), "Y": ("0", 6), "Z": ("0", 6)}
Subjects = Mapping[str, tuple[str, int]]


def divided_table(private: Subjects = PRIVATE) -> bytes:
    """A label file with a column `part`; the cells of both parts stand mixed, the public ones at the same."""
    known = [("public", *one) for one in _cells(PUBLIC)]
    kept = [("private", *one) for one in _cells(private)]
    assert len(known) == len(kept) == 41
    rows = [row for pair in zip(known, kept, strict=True) for row in pair]
    lines = [f"{at}.bmp,{label},{name},{part}" for at, (part, name, label) in enumerate(rows, start=1)]
    return "\n".join(["cell,label,subject,part", *lines]).encode() + b"\n"


def _cells(subjects: Subjects) -> list[tuple[str, str]]:
    return [(name, label) for name, (label, count) in subjects.items() for _ in range(count)]


def divided_truth(name: str = "small", private: Subjects = PRIVATE) -> Truth:
    found = read_truth(divided_table(private), parts=True)
    return Truth(
        type(found.phase)(name, found.phase.cells), found.labels, found.subjects, division=found.division
    )


def an_entry(truth: Truth, **wrong: int) -> bytes:
    """A zip with so many cells wrong of each subject that is named."""
    labels, left = truth.labels.copy(), dict(wrong)
    for at, subject in enumerate(truth.subjects or ()):
        if left.get(subject, 0):
            labels[at] ^= 1
            left[subject] -= 1
    assert not any(left.values())
    return packed(Predictions(truth.phase, labels))


def add_divided(place: Place, name: str = "small", private: Subjects = PRIVATE, **rules: Any) -> Truth:
    """Add the divided phase to a running application."""
    truth = divided_truth(name, private)
    rules.setdefault("choices", 2)
    place.desk.store.phases.add(name, truth, Rules(**rules), place.clock())
    return truth


def labels_of(data: bytes, truth: Truth) -> np.ndarray:
    """What a zip calls each cell."""
    from submissions.reading import read

    return read(data, truth.phase).predictions.labels
