"""The best of many tries, against every draw of the subjects written out."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from eval_server.scoring.counts import Subjects, Tally
from eval_server.scoring.metrics import METRICS
from eval_server.scoring.optimism import optimism
from eval_server.scoring.resampling import weights

CELLS = {"A": 4, "B": 3, "H": 5, "I": 2}
RIGHT = [{"A": 4, "B": 1, "H": 3, "I": 2}, {"A": 2, "B": 3, "H": 5, "I": 0}, {"A": 4, "B": 1, "H": 3, "I": 2}]
"""Right cells of three tries; the third is a copy of the first."""


def accuracy(right: dict[str, int], drawn: tuple[str, ...]) -> Fraction:
    return Fraction(sum(right[who] for who in drawn), sum(CELLS[who] for who in drawn))


def table(tries: list[dict[str, int]]) -> Tally:
    subjects = Subjects(tuple(CELLS), np.array([4, 3, 0, 0]), np.array([0, 0, 5, 2]))
    counts = np.array([list(one.values()) for one in tries])
    return Tally(subjects, counts * (subjects.positives > 0), counts * (subjects.negatives > 0))


def every_draw() -> list[tuple[str, ...]]:
    """Two of A and B, two of H and I, in order: sixteen draws, all as likely."""
    return [(*ones, *zeros) for ones in product("AB", repeat=2) for zeros in product("HI", repeat=2)]


def test_the_optimism_is_the_mean_over_all_draws() -> None:
    expected = Fraction(0)
    for drawn in every_draw():
        best = max(RIGHT, key=lambda one: accuracy(one, drawn))
        expected += accuracy(best, drawn) - accuracy(best, tuple(CELLS))
    drawn = np.array([[draw.count(who) for who in CELLS] for draw in every_draw()], dtype=float)
    found = optimism(METRICS["accuracy"], table(RIGHT), drawn)
    assert found == pytest.approx(float(expected / 16), abs=1e-15)
    assert found > 0.05


def test_drawn_subjects_come_close_to_all_draws() -> None:
    drawn = weights(table(RIGHT).subjects, 20_000, np.random.default_rng(1))
    whole = np.array([[draw.count(who) for who in CELLS] for draw in every_draw()], dtype=float)
    found = [optimism(METRICS["accuracy"], table(RIGHT), one) for one in (drawn, whole)]
    assert found[0] == pytest.approx(found[1], abs=0.004)


def test_a_copy_of_a_try_changes_nothing() -> None:
    drawn = weights(table(RIGHT).subjects, 500, np.random.default_rng(2))
    both = [optimism(METRICS["weighted_f1"], table(RIGHT[:many]), drawn) for many in (2, 3)]
    assert both[0] == both[1]
