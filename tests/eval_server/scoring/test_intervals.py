"""Closed-form intervals: what they are made of, what they do not see, and when there is none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from eval_server.scoring import intervals
from eval_server.scoring.counts import Subjects, Tally
from eval_server.scoring.metrics import ACCURACY, MCC, METRICS, SENSITIVITY, SPECIFICITY, WEIGHTED_F1
from tests.support.truth import golden, golden_tally


def _table(positives: list[int], negatives: list[int], tp: list[int], tn: list[int]) -> Tally:
    names = tuple(f"S{at}" for at in range(len(positives)))
    return Tally(Subjects(names, np.array(positives), np.array(negatives)), np.array([tp]), np.array([tn]))


def test_the_interval_is_the_formula_written_out() -> None:
    """statistics.md 2.2 by hand: two ALL and two HEM subjects, sensitivity alone."""
    table = _table([6, 4, 0, 0], [0, 0, 5, 5], [5, 2, 0, 0], [0, 0, 5, 4])
    found = intervals.entry_intervals(SENSITIVITY, table).at(0)
    rate, gradient = 7 / 10, 1 / 10
    residuals = [gradient * (5 - rate * 6) / (1 - 0.6), gradient * (2 - rate * 4) / (1 - 0.4)]
    se = sum(part**2 for part in residuals) ** 0.5
    df = max(1 / (0.6**2 + 0.4**2) - 1, 1)
    reach = stats.t.ppf(0.975, df) * se / (rate * (1 - rate))
    middle = np.log(rate / (1 - rate))
    assert found.estimate == pytest.approx(rate)
    assert found.se == pytest.approx(se)
    assert found.df == pytest.approx(df)
    assert found.low == pytest.approx(1 / (1 + np.exp(reach - middle)))
    assert found.high == pytest.approx(1 / (1 + np.exp(-reach - middle)))
    assert found.remark == "fewer than 5 subjects with ALL cells: read with care"


def test_the_standard_error_is_close_to_the_jackknife_over_subjects() -> None:
    """golden/cluster_bootstrap.json: jackknife standard errors of weighted F1 (scipy), not stratified."""
    found = intervals.entry_intervals(WEIGHTED_F1, golden_tally())
    for at in range(5):
        expected = golden("cluster_bootstrap")["single"][f"E{at + 1}"]
        assert found.estimate[at] == pytest.approx(expected["estimate"], abs=1e-12)
        assert found.se[at] == pytest.approx(expected["jackknife_se"], rel=0.25)


@given(st.integers(2, 6), st.integers(2, 6), st.randoms())
@settings(max_examples=40, deadline=None)
def test_intervals_do_not_see_the_order_of_subjects(many_all: int, many_hem: int, random) -> None:
    p = [random.randint(2, 20) for _ in range(many_all)] + [0] * many_hem
    n = [0] * many_all + [random.randint(2, 20) for _ in range(many_hem)]
    tp, tn = ([random.randint(0, cells) for cells in column] for column in (p, n))
    order = list(range(len(p)))
    random.shuffle(order)
    here = _table(p, n, tp, tn)
    there = _table(*([column[at] for at in order] for column in (p, n, tp, tn)))
    for metric in METRICS.values():
        one, two = intervals.entry_intervals(metric, here), intervals.entry_intervals(metric, there)
        assert two.low[0] == pytest.approx(one.low[0], nan_ok=True)
        assert two.high[0] == pytest.approx(one.high[0], nan_ok=True)


@given(st.lists(st.tuples(st.integers(1, 30), st.booleans()), min_size=1, max_size=8), st.randoms())
@settings(max_examples=100, deadline=None)
def test_an_interval_holds_its_estimate_has_width_and_stays_in_range_or_says_why_there_is_none(
    cells: list[tuple[int, bool]], random
) -> None:
    p = [size if is_all else 0 for size, is_all in cells]
    n = [0 if is_all else size for size, is_all in cells]
    table = _table(p, n, [random.randint(0, size) for size in p], [random.randint(0, size) for size in n])
    for metric in METRICS.values():
        found = intervals.entry_intervals(metric, table).at(0)
        if found.low is None:
            assert found.remark.startswith(("not estimable", "not defined"))
        else:
            assert found.high is not None
            floor = -1.0 if metric.scale is intervals.IntervalScale.FISHER_Z else 0.0
            assert floor <= found.low < found.estimate < found.high <= 1.0


def test_one_subject_in_a_class_is_not_estimable_where_the_class_matters() -> None:
    table = _table([5, 0, 0, 0], [0, 4, 3, 6], [4, 0, 0, 0], [0, 3, 3, 4])
    weighted = intervals.entry_intervals(WEIGHTED_F1, table).at(0)
    assert (weighted.low, weighted.remark) == (None, "not estimable: only one subject with ALL cells")
    assert intervals.entry_intervals(SENSITIVITY, table).at(0).low is None
    assert intervals.entry_intervals(SPECIFICITY, table).at(0).low is not None


def test_no_error_at_all_is_not_passed_off_as_certainty() -> None:
    perfect = _table([5, 5, 0, 0], [0, 0, 5, 5], [5, 5, 0, 0], [0, 0, 5, 5])
    for metric in (WEIGHTED_F1, ACCURACY, MCC):
        found = intervals.entry_intervals(metric, perfect).at(0)
        assert found.low is None
        assert "no spread" in found.remark


def test_a_truth_of_one_class_has_an_interval_of_what_it_can_say() -> None:
    table = _table([5, 7, 6], [0, 0, 0], [4, 7, 3], [0, 0, 0])
    assert intervals.entry_intervals(ACCURACY, table).at(0).low is not None
    found = intervals.entry_intervals(SPECIFICITY, table).at(0)
    assert found.to_json() | {"estimate": None, "interval": [None, None]} == found.to_json()
    assert found.remark == "not defined: the truth has no HEM cell"


def test_subjects_of_both_classes_count_with_the_sum_of_their_residuals() -> None:
    """Accuracy over mixed subjects: the leverage-corrected residuals of both classes add before squaring."""
    table = _table([6, 4, 5], [2, 6, 4], [5, 2, 5], [2, 3, 1])
    found = intervals.entry_intervals(ACCURACY, table).at(0)
    rates = 12 / 15, 6 / 12
    parts = [
        (tp - rates[0] * p) / 27 / (1 - p / 15) + (tn - rates[1] * n) / 27 / (1 - n / 12)
        for p, n, tp, tn in ((6, 2, 5, 2), (4, 6, 2, 3), (5, 4, 5, 1))
    ]
    assert found.se == pytest.approx(sum(part**2 for part in parts) ** 0.5)


@settings(deadline=None, max_examples=60)
@given(st.floats(1e-12, 0.5), st.floats(-30, 30))
def test_the_bent_scale_is_undone_and_is_the_logit_without_a_bend(bend: float, place: float) -> None:
    bends, places = np.array([bend]), np.array([place])
    bent, slope = intervals._bent(places, bends)
    assert slope[0] >= 1 - 1e-12
    assert intervals._straightened(bent, bends)[0] == pytest.approx(place, abs=1e-9)
    assert intervals._bent(places, np.zeros(1))[0][0] == place


def test_the_scale_bends_only_within_a_tenth_of_0_and_1_and_towards_the_middle() -> None:
    half = np.full(5, 0.02)
    estimate = np.array([0.02, 0.1, 0.5, 0.9, 0.98])
    low, high = intervals.on_scale(estimate, half, intervals.IntervalScale.LOGIT)
    middle, reach = np.log(estimate / (1 - estimate)), half / (estimate * (1 - estimate))
    plain_low, plain_high = 1 / (1 + np.exp(reach - middle)), 1 / (1 + np.exp(-reach - middle))
    assert low[1:4] == pytest.approx(plain_low[1:4], abs=1e-12)
    assert high[1:4] == pytest.approx(plain_high[1:4], abs=1e-12)
    assert low[4] < plain_low[4] < high[4] < plain_high[4]
    assert [low[0], high[0]] == pytest.approx([1 - high[4], 1 - low[4]], abs=1e-12)


def test_fishers_z_is_the_same_scale_and_bends_where_the_correlation_lies_within_a_fifth_of_1() -> None:
    estimate, half = np.array([0.4, 0.79, 0.95]), np.full(3, 0.03)
    low, high = intervals.on_scale(estimate, half, intervals.IntervalScale.FISHER_Z)
    middle, reach = np.arctanh(estimate), half / (1 - estimate**2)
    assert low[:2] == pytest.approx(np.tanh(middle - reach)[:2], abs=1e-12)
    assert high[:2] == pytest.approx(np.tanh(middle + reach)[:2], abs=1e-12)
    assert low[2] < np.tanh(middle - reach)[2] - 0.005
