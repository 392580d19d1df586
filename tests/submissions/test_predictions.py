"""Predictions keep the treaty: a label for each cell, scores that are probabilities, nothing writable."""

from __future__ import annotations

import numpy as np
import pytest

from submissions.phases import phase_of
from submissions.predictions import Predictions

THREE = phase_of("three", ("1.bmp", "2.bmp", "3.bmp"))


def test_a_cell_is_called_all_only_above_one_half() -> None:
    predictions = Predictions.from_scores(THREE, np.array([0.5, np.nextafter(0.5, 1), 0.0]))
    assert (predictions.labels.tolist(), predictions.positives) == ([0, 1, 0], 1)


def test_the_arrays_are_copies_that_nobody_can_change() -> None:
    scores = np.array([0.1, 0.9, 0.2])
    predictions = Predictions.from_scores(THREE, scores)
    scores[:] = 0.7
    assert predictions.scores is not None
    assert predictions.scores.tolist() == [0.1, 0.9, 0.2]
    for array in (predictions.labels, predictions.scores):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


@pytest.mark.parametrize(
    ("labels", "said"), [([1, 0], "3 cells, found 2 labels"), ([1, 0, 2], "labels are 0 or 1, found")]
)
def test_labels_that_break_the_treaty_are_refused(labels: list[int], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Predictions(THREE, np.array(labels))


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ([0.1, 0.2], "as many scores, found 2"),
        ([0.1, float("nan"), 0.2], "found nan for 2.bmp"),
        ([0.1, 0.2, 1.5], "found 1.5 for 3.bmp"),
        ([-0.1, 0.2, 0.3], "found -0.1 for 1.bmp"),
    ],
)
def test_scores_that_break_the_treaty_are_refused_by_cell(scores: list[float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Predictions(THREE, np.array([1, 0, 0]), np.array(scores))
