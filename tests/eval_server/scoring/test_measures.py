"""The list of measures has every number of a verdict, and says how each is written."""

from __future__ import annotations

import pytest

from eval_server.scoring.measures import MEASURES, Unit, measure, told_in_full
from tests.support.truth import golden_verdicts


def test_every_number_of_a_verdict_with_scores_is_described_and_nothing_else_is() -> None:
    assert {*golden_verdicts()["E1"].metrics, "subject_accuracy"} == set(MEASURES)


def test_what_comes_from_scores_is_not_told_in_full() -> None:
    rounded = {name for name in MEASURES if not told_in_full(name)}
    assert rounded == {"auc", "average_precision", "brier", "log_loss", "ece"}


def test_a_number_that_nobody_described_is_shown_under_its_name_and_rounded() -> None:
    found = measure("new_number")
    assert (found.words, found.head, found.told_in_full) == ("new number", "New number, %", False)


@pytest.mark.parametrize(
    ("name", "digits", "unit"),
    [
        ("weighted_f1", 2, Unit.PERCENT),
        ("mcc", 4, Unit.PLAIN),
        ("auc", 3, Unit.PLAIN),
        ("new", 1, Unit.PERCENT),
    ],
)
def test_shares_are_percentages_and_what_is_rounded_has_its_three_digits(
    name: str, digits: int, unit: Unit
) -> None:
    assert (measure(name).digits, measure(name).unit) == (digits, unit)
