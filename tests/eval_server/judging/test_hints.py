"""Mistakes that look like a bad model: each is named when it was made, and none when it was not."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from eval_server.figures.statements.differences import mistaken
from eval_server.judging.division import DIVIDED, TruthPart
from eval_server.judging.hints import Hint, SentLines, hints
from eval_server.judging.truth import Truth, read_truth
from eval_server.judging.verdict import CellLevel
from eval_server.scoring.counts import subjects_of
from submissions.tables import read_table
from tests.support import stored
from tests.support.truth import LABEL_FILE

RANDOM_ENTRIES = int(os.environ.get("HARNESS_TEST_RANDOM_ENTRIES", "200"))
"""The long form, 1,000, is what the documentation says."""
CASES = Path(__file__).resolve().parents[2] / "data" / "cases"
REAL = ("boosting", "forest", "knn", "lda", "logistic", "mean-of-all", "mlp", "naive-bayes", "svm")
MISTAKES = ("inverted", "text", "late", "early", "ALL first", "HEM first, as text", "Patient_ID")
NAMED = dict(
    zip(
        MISTAKES,
        ("inverted", "text order", "one line late", "one line early", "sorted by class", "sorted by class",
         "Patient_ID order"),
        strict=True,
    )
)  # fmt: skip
TOLD = dict(
    zip(
        MISTAKES,
        ("its labels turned around", "sorted as text (1, 10, 100, …)", "one line late", "late or early",
         "sorted by class", "sorted by class", "or by Patient_ID"),
        strict=True,
    )
)  # fmt: skip
"""The words of the help page for each."""


@pytest.fixture(scope="module")
def truth() -> Truth:
    return read_truth(stored(LABEL_FILE))


def asked(called: np.ndarray, truth: Truth) -> tuple[Hint, ...]:
    assert truth.subjects is not None
    subjects, index = subjects_of(truth.labels, truth.subjects)
    return hints(CellLevel(truth.labels, called, None, index, subjects.names), truth.phase.cells)


def with_mistake(called: np.ndarray, mistake: str, truth: Truth) -> np.ndarray:
    cells, labels = truth.phase.cells, truth.labels.tolist()
    patient = {row.split(",")[1]: row.split(",")[0] for row in stored(LABEL_FILE).read_text().splitlines()}
    at = range(len(cells))
    lines = {
        "text": sorted(at, key=lambda one: cells[one]),
        "late": [len(cells) - 1, *range(len(cells) - 1)],
        "early": [*range(1, len(cells)), 0],
        "ALL first": sorted(at, key=lambda one: -labels[one]),
        "HEM first, as text": sorted(at, key=lambda one: (labels[one], cells[one])),
        "Patient_ID": sorted(at, key=lambda one: patient[cells[one]]),
    }
    return 1 - called if mistake == "inverted" else called[lines[mistake]]


@pytest.mark.parametrize("entry", REAL)
def test_no_real_entry_gets_a_hint_as_it_is(entry: str, truth: Truth) -> None:
    assert asked(read_table(stored(f"entries/prelim/{entry}.csv")).labels, truth) == ()


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("entry", REAL)
def test_each_mistake_made_on_purpose_is_named_with_the_number_it_hides(
    entry: str, mistake: str, truth: Truth
) -> None:
    """Inverted labels of naive Bayes are the better ones (weighted F1 0.512 for 0.502): nothing to name."""
    called = read_table(stored(f"entries/prelim/{entry}.csv")).labels
    found = asked(with_mistake(called, mistake, truth), truth)
    if (entry, mistake) == ("naive-bayes", "inverted"):
        assert found == ()
        return
    assert [hint.reading for hint in found] == [NAMED[mistake]]
    tp = int((called & truth.labels).sum())
    tn = int(((1 - called) & (1 - truth.labels)).sum())
    positives, called_all, size = int(truth.labels.sum()), int(called.sum()), len(called)
    f1 = 2 * tp / (positives + called_all) * positives / size
    f1 += 2 * tn / (2 * size - positives - called_all) * (size - positives) / size
    assert found[0].weighted_f1 == pytest.approx(f1)
    assert TOLD[mistake] in mistaken()
    assert found[0].mend[0].isupper()
    assert found[0].mend.endswith(".")


@pytest.mark.parametrize("name", ["prelim", "cases"])
def test_of_random_entries_none_gets_a_hint(name: str, truth: Truth) -> None:
    truth = truth if name == "prelim" else read_truth(CASES / "truth.csv")
    draw = np.random.default_rng(11)
    for _ in range(RANDOM_ENTRIES):
        called = (draw.random(len(truth.labels)) < draw.random()).astype(np.uint8)
        assert asked(called, truth) == ()


@pytest.mark.parametrize("value", [0, 1])
def test_an_entry_that_calls_every_cell_the_same_gets_no_hint(value: int, truth: Truth) -> None:
    assert asked(np.full(len(truth.labels), value, np.uint8), truth) == ()


def test_without_subjects_inverted_and_misplaced_labels_are_still_named(truth: Truth) -> None:
    called = read_table(stored("entries/prelim/svm.csv")).labels
    for mistake in ("inverted", "text", "ALL first"):
        cells = CellLevel(truth.labels, with_mistake(called, mistake, truth))
        assert [hint.reading for hint in hints(cells, truth.phase.cells)] == [NAMED[mistake]]
    assert hints(CellLevel(truth.labels, called), truth.phase.cells) == ()


def test_a_truth_of_one_class_gives_no_hint() -> None:
    labels = np.ones(200, np.uint8)
    assert hints(CellLevel(labels, 1 - labels), [f"{at}.bmp" for at in range(200)]) == ()


@pytest.mark.parametrize("part", DIVIDED)
@pytest.mark.parametrize("mistake", ["inverted", "text", "late", "early"])
def test_a_mistake_is_named_from_the_cells_of_one_part_and_the_lines_of_both(
    mistake: str, part: TruthPart, truth: Truth
) -> None:
    divided = truth.divided(0.5, 0)
    called = with_mistake(np.where(np.arange(len(truth.labels)) % 7, truth.labels, 0), mistake, truth)
    asked, places = divided.part(part), divided.places(part)
    subjects, index = subjects_of(asked.labels, asked.subjects or ())
    cells = CellLevel(asked.labels, called[places], None, index, subjects.names)
    (found,) = hints(cells, SentLines(truth.phase.cells, called, places))
    assert found.reading == NAMED[mistake]


def test_of_a_part_no_order_is_looked_for_that_tells_labels_of_the_other(truth: Truth) -> None:
    divided = truth.divided(0.5, 0)
    called, places = with_mistake(truth.labels, "ALL first", truth), divided.places(TruthPart.PUBLIC)
    asked = divided.part(TruthPart.PUBLIC)
    subjects, index = subjects_of(asked.labels, asked.subjects or ())
    cells = CellLevel(asked.labels, called[places], None, index, subjects.names)
    assert hints(cells, SentLines(truth.phase.cells, called, places)) == ()
