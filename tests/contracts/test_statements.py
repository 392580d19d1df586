"""Every sentence about an interval, a test or a rank stands in one module and is held to its numbers."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import numpy as np
import pytest

from eval_server.figures import statements
from eval_server.scoring import ranking
from eval_server.scoring.counts import Subjects, Tally
from eval_server.scoring.exact import swap_tests
from eval_server.scoring.intervals import entry_intervals
from eval_server.scoring.metrics import WEIGHTED_F1

ROOT = Path(__file__).parents[2]
SENTENCES = {
    name: one
    for name, one in inspect.getmembers(statements, inspect.isfunction)
    if one.__module__ == statements.__name__ and not name.startswith("_")
}
OWN_WORDS = re.compile(
    r"could lie|how far the (number|value)|interval says|could as well come out|overlapping intervals do not|"
    r"cannot be told apart at the left|joined by a bar at|speak about other subjects|seeds fixed",
    re.IGNORECASE,
)
"""Words that only the one module may have."""


def test_every_sentence_is_listed_with_a_test_that_is_there() -> None:
    assert set(statements.HELD_BY) == set(SENTENCES)
    for where in statements.HELD_BY.values():
        file, _, name = where.partition("::")
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        assert name in {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}, where


def test_no_other_module_or_page_has_such_a_sentence_of_its_own() -> None:
    places = [
        *ROOT.glob("eval_server/**/*.py"),
        *ROOT.glob("eval_server/**/*.html"),
        *ROOT.glob("harness/**/*.py"),
    ]
    others = [place for place in places if place.name != "statements.py"]
    assert len(others) > 100
    found = [
        (place.name, hit.group()) for place in others if (hit := OWN_WORDS.search(place.read_text("utf-8")))
    ]
    assert found == []


def test_a_statement_says_what_an_interval_is_and_nothing_about_where_the_next_value_lies() -> None:
    said = statements.interval_means()
    assert "95 test sets" not in said
    assert "about 95 give an interval that holds the value over all such subjects" in said
    assert "varies more" in said
    assert statements.interval_means("90 %").startswith("The 90 % interval: of 100 test sets")


def test_the_smallest_p_is_what_is_said() -> None:
    """Six subjects who all speak for the first entry."""
    subjects = Subjects(tuple("ABCHIJ"), np.array([5, 5, 5, 0, 0, 0]), np.array([0, 0, 0, 5, 5, 5]))
    right = (
        np.array([[5, 5, 5, 0, 0, 0], [1, 1, 1, 0, 0, 0]]),
        np.array([[0, 0, 0, 5, 5, 5], [0, 0, 0, 1, 1, 1]]),
    )
    p = swap_tests(WEIGHTED_F1, Tally(subjects, *right), np.array([0]), np.array([1])).p[0]
    assert f"no p can fall below {p:.3g}," in statements.too_few(6, 3)


def test_overlapping_intervals_can_be_told_apart() -> None:
    """Ten hard and easy subjects, and a second entry that is a little worse on each."""
    cells = np.full(10, 40)
    shares = np.array([0.95, 0.9, 0.6, 0.5, 0.85, 0.92, 0.65, 0.55, 0.8, 0.75])
    positive = np.arange(10) < 5
    right = np.array([cells * shares, cells * shares - 4]).astype(int)
    subjects = Subjects(tuple("ABCDEHIJKL"), cells * positive, cells * ~positive)
    table = Tally(subjects, right * positive, right * ~positive)
    limits = entry_intervals(WEIGHTED_F1, table)
    assert limits.low[0] < limits.high[1]
    assert swap_tests(WEIGHTED_F1, table, np.array([0]), np.array([1])).p[0] < 0.05


def test_two_without_a_common_bar_may_not_be_told_apart() -> None:
    """First and second are told apart, first and third are not: no run of neighbours holds both."""
    better = np.zeros((3, 3), dtype=bool)
    better[0, 1] = True
    assert not better[0, 2]
    assert not any(start <= 0 and stop > 2 for start, stop in ranking.groups(better))


@pytest.mark.parametrize("name", sorted(SENTENCES))
def test_every_sentence_says_for_whom_it_is_meant(name: str) -> None:
    assert SENTENCES[name].__doc__
