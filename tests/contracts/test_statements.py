"""Every sentence about an interval, a test or a rank stands in one place and is held to its numbers."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping
from functools import cache

import pytest

from eval_server.figures.statements import differences, intervals, methods, ranks, seeds
from eval_server.figures.statements.held_by import HELD_BY
from tests.support.sentences import ROOT, in_modules, in_pages

PLACE = "eval_server/figures/statements/"
MODULES = {one.__name__.rpartition(".")[2]: one for one in (differences, intervals, methods, ranks, seeds)}
SENTENCES: Mapping[str, Callable[..., object]] = {
    f"{module}.{name}": one
    for module, found in MODULES.items()
    for name, one in inspect.getmembers(found, inspect.isfunction)
    if one.__module__ == found.__name__ and not name.startswith("_")
}
ELSEWHERE: Mapping[str, tuple[str, ...]] = {
    "the name of a picture, a table or a part of a page: no claim": (
        "Significance map: which differences can be told from chance",
        "Rank stability: the ranks over resampled subjects",
        "Mean rank over subjects, with Nemenyi's critical difference",
        "{} and {}: the difference against chance",
        "Exact subject swap, one seed at a time",
        "Subject by subject, and against chance",
        "The test on cells, for comparison only",
        "The leaderboard of several entries, with exact tests.",
    ),
    "what a curve or a bar is plotted against: no interval, no test": (
        "The higher and further left a curve",
        "Chance is the dotted line at {} %",
        "cells with each score (highest bar {})",
    ),
    "a name of the method in JSON, below the room of the pictures": (
        "exact subject swap on weighted F1, two-sided, Holm over the family",
        "{}; resampled where counting is too large",
        "McNemar mid-p on cells, which {}",
    ),
    "the title of a paper": ("S. Holm:", "D. J. Schuirmann:", "M. Mogstad, J. P."),
    "what stands on a board, or what the site is: no number": (
        "{} Ranked by {} .",
        "No entry has been ranked yet",
        "Published results whose predictions nobody has",
        "Which classifier of leukemia cells is better, and how surely?",
        "Which classifier of cells is better, and how surely?",
        "Hand in predictions for C-NMC 2019",
        "Hand in predictions and see where they stand",
    ),
    "a formula, a choice of epoch, a rule for JSON": (
        "the mean over subjects of the share of their cells that are right",
        "“Best epoch” is the published choice",
        "# The JSON interface of the evaluation server",
        "the Ladder shows the last clear improvement of a team",
    ),
}
"""Sentences with such a word that say nothing of an interval, a test or a rank: how they begin, and why."""


def test_every_sentence_is_listed() -> None:
    assert set(HELD_BY) == set(SENTENCES)


@pytest.mark.parametrize("name", sorted(HELD_BY))
def test_the_test_of_a_sentence_is_there_and_calls_it(name: str) -> None:
    """A test that never has the sentence could not hold it to anything."""
    file, _, test = HELD_BY[name].partition("::")
    found = {one.name: one for one in _tree(file).body if isinstance(one, ast.FunctionDef)}
    assert test in found
    module, _, function = name.partition(".")
    called = [node.func for node in ast.walk(found[test]) if isinstance(node, ast.Call)]
    assert any(_is(one, module, function) for one in called), f"{test} never calls {name}"
    assert any(isinstance(node, ast.Assert) for node in ast.walk(found[test]))


@cache
def _tree(file: str) -> ast.Module:
    return ast.parse((ROOT / file).read_text(encoding="utf-8"))


def _is(called: ast.expr, module: str, function: str) -> bool:
    """Whether this is a call of the sentence, by its own name or by its module's."""
    if isinstance(called, ast.Name):
        return called.id == function
    if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
        return called.attr == function and called.value.id in ("said", module)
    return False


def test_no_other_module_or_page_has_such_a_sentence_of_its_own() -> None:
    known = tuple(start for starts in ELSEWHERE.values() for start in starts)
    told = [
        *in_modules("eval_server/**/*.py", "harness/**/*.py"),
        *in_pages("eval_server/**/*.html", "harness/**/*.html"),
    ]
    others = [one for one in told if not one.place.startswith(PLACE)]
    assert [one for one in others if not one.text.startswith(known)] == []
    unused = [start for start in known if not any(one.text.startswith(start) for one in others)]
    assert unused == [], "nothing begins like this any more: take it out of the list"


def test_the_search_finds_each_sentence_that_stands_where_it_should() -> None:
    """Else an empty list above would say nothing."""
    found = " ".join(one.text for one in in_modules(f"{PLACE}*.py"))
    for words in (
        "interval: of 100 test sets",
        "significant at {} by the exact subject-swap test",
        "the rank set holds",
        "cannot be told apart",
        "prediction interval",
        "Cliff's delta",
    ):
        assert words in found


@pytest.mark.parametrize("name", sorted(SENTENCES))
def test_every_sentence_says_for_whom_it_is_meant(name: str) -> None:
    assert SENTENCES[name].__doc__
