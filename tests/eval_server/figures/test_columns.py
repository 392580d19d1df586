"""A column says its cell of a row in words, and CSV files have a row in flat fields."""

from __future__ import annotations

from typing import Any

import pytest

from eval_server.figures.columns import COLUMNS, flat

ROW: dict[str, Any] = {
    "rank": 2,
    "rank_set": (1, 3),
    "entry": "svm",
    "weighted_f1": 0.71712,
    "interval": (0.5751, 0.8264),
    "subject_accuracy": 0.57908,
    "mcc": 0.37512,
    "auc": 0.739,
    "remarks": ("drawn", "partial"),
}
UNKNOWN = {**ROW, "rank_set": None, "interval": (None, None), "subject_accuracy": None, "remarks": ()}


@pytest.mark.parametrize(
    ("key", "known", "unknown"),
    [
        ("rank", "1-3", "(2)"),
        ("entry", "svm", "svm"),
        ("weighted_f1", "71.71", "71.71"),
        ("interval", "57.5 to 82.6", "—"),
        ("subject_accuracy", "57.91", "—"),
        ("remarks", "drawn, partial", ""),
    ],
)
def test_a_cell_is_said_as_a_person_reads_it(key: str, known: str, unknown: str) -> None:
    assert (COLUMNS[key].words(ROW), COLUMNS[key].words(UNKNOWN)) == (known, unknown)


def test_a_csv_row_has_its_limits_and_ranks_apart() -> None:
    found = flat(ROW)
    assert (found["low"], found["high"]) == (0.5751, 0.8264)
    assert (found["rank_low"], found["rank_high"], found["rank_set"]) == (1, 3, "1-3")
    assert (found["remarks"], found["weighted_f1"]) == ("drawn; partial", 0.71712)


def test_what_is_not_known_is_empty_in_a_csv_row() -> None:
    found = flat(UNKNOWN)
    assert [found[key] for key in ("low", "high", "rank_low", "rank_high", "rank_set")] == [None] * 5
    assert flat({"entry": "paper", "weighted_f1": 0.9})["remarks"] == ""


def test_heads_are_one_line_in_a_table_and_begin_with_a_capital_on_a_page() -> None:
    assert COLUMNS["weighted_f1"].line == "weighted F1, %"
    assert COLUMNS["weighted_f1"].title == "Weighted F1, %"
