"""What is to be expected: of the next subjects, and of a comparison with so many subjects."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from eval_server.scoring import foresight
from eval_server.scoring.counts import Subjects, Tally
from eval_server.scoring.differences import errors
from eval_server.scoring.intervals import entry_intervals
from eval_server.scoring.metrics import ACCURACY, WEIGHTED_F1
from tests.support.truth import FIRST, SECOND, golden_tally


def test_the_next_subjects_vary_and_very_many_of_them_do_not() -> None:
    table = golden_tally()
    known = entry_intervals(WEIGHTED_F1, table).at(0)
    few, many = (foresight.next_interval(table, subjects) for subjects in (5, 10**9))
    assert known.low is not None
    assert known.high is not None
    assert few.low < known.low < known.high < few.high
    assert [many.low, many.high] == pytest.approx([known.low, known.high], abs=1e-6)


def test_as_many_subjects_again_double_the_variance() -> None:
    """Student's prediction of the mean of a sample from an earlier one, on the logit scale."""
    subjects = Subjects(tuple("ABCDEF"), np.full(6, 20), np.zeros(6, dtype=int))
    right = np.array([[12, 15, 9, 11, 14, 13]])
    table = Tally(subjects, right, np.zeros_like(right))
    found = foresight.next_interval(table, 6, metric=ACCURACY)
    shares = right[0] / 20
    mean = shares.mean()
    residuals = (shares - mean) / 6 / (1 - 1 / 6)
    half = stats.t.ppf(0.975, 5) * (2 * (residuals**2).sum()) ** 0.5
    middle, reach = np.log(mean / (1 - mean)), half / (mean * (1 - mean))
    expected = [1 / (1 + np.exp(-middle - side * reach)) for side in (-1, 1)]
    assert [found.low, found.high] == pytest.approx(expected)


def test_what_cannot_be_predicted_says_why() -> None:
    subjects = Subjects(tuple("AHI"), np.array([5, 0, 0]), np.array([0, 5, 5]))
    table = Tally(subjects, np.array([[4, 0, 0]]), np.array([[0, 5, 4]]))
    assert foresight.next_interval(table, 3).remark == "not estimable: only one subject with ALL cells"
    with pytest.raises(ValueError, match="one subject or more"):
        foresight.next_interval(table, 0)


def test_power_is_a_mean_over_pairs_and_subjects_go_with_its_square() -> None:
    table = golden_tally()
    found = foresight.power(table, FIRST, SECOND)
    assert found is not None
    each = errors(WEIGHTED_F1, table, FIRST, SECOND)
    reach = (stats.t.ppf(0.975, each.df) + stats.t.ppf(0.8, each.df)) * each.se
    expected = np.mean(reach**2) ** 0.5
    assert found.findable == pytest.approx(expected)
    assert found.subjects_for(found.findable) == 28
    assert found.subjects_for(found.findable / 2) == 4 * 28
    assert foresight.power(table, FIRST[:0], SECOND[:0]) is None


def test_twins_are_as_good_as_the_entry_they_are_like() -> None:
    table = golden_tally()
    drawn = foresight.twins(table, np.random.default_rng(2))
    for ours, theirs in ((table.tp, drawn.tp), (table.tn, drawn.tn)):
        assert theirs.sum(axis=1).mean() == pytest.approx(ours[0].sum(), rel=0.02)
