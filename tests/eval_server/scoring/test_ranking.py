"""Adjusted p values, ranks, rank sets and agreement against published answers and R."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau

from eval_server.scoring import ranking
from eval_server.scoring.subjects import accuracies
from tests.support.truth import golden, golden_tally

ADJUST = {
    "holm": ranking.holm,
    "BH": ranking.benjamini_hochberg,
}
STATSMODELS = {
    "holm": "holm",
    "fdr_bh": "BH",
}


@pytest.mark.parametrize("method", ADJUST)
def test_adjusted_p_values_equal_rs_p_adjust(method: str) -> None:
    """golden/r_stats.json, ten McNemar p values."""
    document = golden("r_stats")["results"]["p_adjust"]
    found = ADJUST[method](list(document["raw"].values()))
    assert found == pytest.approx(document[method], rel=1e-12)


@pytest.mark.parametrize("name", STATSMODELS)
def test_adjusted_p_values_equal_statsmodels(name: str) -> None:
    document = golden("scipy_tests")["results"]["multipletests"]
    assert ADJUST[STATSMODELS[name]](document["raw"]) == pytest.approx(document[name], rel=1e-12)


@pytest.mark.parametrize("method", ["holm", "BH"])
def test_the_36_comparisons_of_derrac_2011_are_adjusted_as_in_r(method: str) -> None:
    document = golden("r_stats")["results"]["p_adjust_derrac36"]
    assert ADJUST[method](document["raw"]) == pytest.approx(document[method], rel=1e-12)


def test_table_16_of_derrac_2011_is_adjusted_as_printed() -> None:
    """statistics.md 4.1."""
    raw = [6e-6, 0.000332, 0.009823, 0.014171, 0.083642, 0.141093, 0.518605, 0.660706]
    holm = [0.000050, 0.002324, 0.058940, 0.070857, 0.334569, 0.423278, 1, 1]
    assert ranking.holm(raw) == pytest.approx(holm, abs=4e-6)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(1e-9, 1), min_size=1, max_size=12), st.randoms())
def test_adjusting_keeps_order_never_lowers_a_p_and_does_not_see_the_order(p: list[float], random) -> None:
    order = list(range(len(p)))
    random.shuffle(order)
    for adjust in ADJUST.values():
        found = adjust(p)
        assert (found >= np.array(p) * (1 - 1e-12)).all()
        assert (found <= 1).all()
        assert (np.diff(found[np.argsort(p, kind="stable")]) >= -1e-12).all()
        assert adjust([p[at] for at in order]) == pytest.approx(found[order], rel=1e-12)


def test_no_tests_adjust_to_none() -> None:
    assert all(len(adjust([])) == 0 for adjust in ADJUST.values())


@pytest.mark.parametrize("case", ["no_ties", "ties"])
def test_kendalls_tau_b_equals_scipy(case: str) -> None:
    document = golden("scipy_tests")["results"]["kendalltau"][case]
    assert ranking.kendall_tau_b(document["a"], document["b"]) == pytest.approx(document["tau_b"], abs=1e-12)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=12))
def test_kendalls_tau_b_equals_scipy_on_any_ties_and_is_none_where_all_tie(
    rows: list[tuple[int, int]],
) -> None:
    one, two = zip(*rows, strict=True)
    found = ranking.kendall_tau_b(one, two)
    if len(set(one)) == 1 or len(set(two)) == 1:
        assert found is None
    else:
        assert found == pytest.approx(kendalltau(one, two).statistic, abs=1e-12)


def test_ties_share_the_smallest_the_mean_or_the_largest_rank() -> None:
    values = [0.8, 0.9, 0.9, 0.9 + 1e-15, 0.1]
    assert ranking.rank(values).tolist() == [4, 1, 1, 1, 5]
    assert ranking.rank(values, ties="mean").tolist() == [4, 2, 2, 2, 5]
    assert ranking.rank(values, ties="max").tolist() == [4, 3, 3, 3, 5]


def test_ties_rank_as_in_the_tests_of_challenger() -> None:
    """statistics.md 4.1: smaller is better, A1 0.2 and A2 1.0; equal values share 1 (min) or 2 (max)."""
    assert ranking.rank([0.2, 1.0], smallest_first=True).tolist() == [1, 2]
    assert ranking.rank([0.5, 0.5], ties="min").tolist() == [1, 1]
    assert ranking.rank([0.5, 0.5], ties="max").tolist() == [2, 2]


def test_test_then_rank_counts_wins_as_challenger_does() -> None:
    """A1 beats A2 everywhere: proportions of significant wins 1 and 0, ranks 1 and 2."""
    better = ranking.better_than(2, np.array([0]), np.array([1]), np.array([0.8]), np.array([True]))
    wins = better.sum(axis=1)
    assert wins.tolist() == [1, 0]
    assert ranking.rank(wins).tolist() == [1, 2]


def test_demsars_example_has_its_friedman_test_and_critical_differences() -> None:
    """Demsar 2006, table 6, as in golden/scipy_tests.json."""
    expected = golden("scipy_tests")["results"]["demsar_2006"]
    shares = np.array(expected["auc_table6"]).T
    found = ranking.friedman(shares)
    wider = ranking.friedman(shares, alpha=0.10)
    assert found is not None
    assert wider is not None
    assert found.mean_ranks == pytest.approx(expected["avg_ranks"], abs=1e-12)
    assert found.chi2 == pytest.approx(expected["chi2_F_no_tie_correction"], rel=1e-10)
    assert found.f == pytest.approx(expected["F_F"], rel=1e-10)
    assert [found.chi2_tied, found.p] == pytest.approx(expected["scipy_friedman_tie_corrected"], rel=1e-10)
    assert found.critical_difference == pytest.approx(expected["CD05"], rel=1e-6)
    assert wider.critical_difference == pytest.approx(expected["CD10"], rel=1e-6)
    assert [round(rank, 3) for rank in found.mean_ranks] == expected["published"]["avg_ranks"]


def test_demsars_holm_example_rejects_two_of_three() -> None:
    published = golden("scipy_tests")["results"]["demsar_2006"]["published"]
    assert (ranking.holm(published["holm_p"]) < 0.05).tolist() == [True, True, False]


def test_friedman_over_subject_accuracy_equals_r_and_scipy() -> None:
    found = ranking.friedman(accuracies(golden_tally()))
    assert found is not None
    for document in (
        golden("r_stats")["results"]["friedman"],
        golden("scipy_tests")["results"]["friedman_subject_acc"],
    ):
        assert found.chi2_tied == pytest.approx(document["chi2"], rel=1e-11)
        assert found.p == pytest.approx(document["p"], rel=1e-10)


def test_friedman_has_nothing_to_say_about_one_entry_or_entries_that_always_tie() -> None:
    assert ranking.friedman(np.array([[0.1, 0.2]])) is None
    assert ranking.friedman(np.array([[0.1, 0.2], [0.1, 0.2]])) is None


def test_rank_sets_follow_the_significance_map() -> None:
    first, second = np.triu_indices(3, 1)
    significant = np.array([False, True, False])
    better = ranking.better_than(3, first, second, np.array([0.1, 0.2, 0.1]), significant)
    assert ranking.rank_sets(better) == [(1, 2), (1, 3), (2, 3)]
    assert ranking.groups(better) == [(0, 2), (1, 3)]


def test_without_significant_differences_every_rank_is_possible_and_all_are_one_group() -> None:
    better = np.zeros((4, 4), dtype=bool)
    assert ranking.rank_sets(better) == [(1, 4)] * 4
    assert ranking.groups(better) == [(0, 4)]


def test_rank_then_aggregate_averages_mid_ranks_over_subjects() -> None:
    shares = np.array([[1.0, 0.5, 0.5], [0.5, 0.5, 0.9]])
    assert ranking.mean_subject_ranks(shares).tolist() == pytest.approx(
        [(1 + 1.5 + 2) / 3, (2 + 1.5 + 1) / 3]
    )
    assert ranking.mean_subject_ranks(shares, ties="min").tolist() == pytest.approx([4 / 3, 4 / 3])


def test_a_copy_of_an_entry_makes_no_tests_of_its_own() -> None:
    """Entries 0, 1 and a copy of 1: one test, met twice, and one pair that is none."""
    tests = np.array([1, 1, ranking.NO_TEST])
    adjusted = ranking.over_tests(ranking.holm, np.array([0.03, 0.03, 1.0]), tests)
    assert adjusted.tolist() == [0.03, 0.03, 1.0]
    unknown = ranking.over_tests(ranking.holm, np.array([0.01, np.nan, 0.04]))
    assert unknown[[0, 2]].tolist() == [0.02, 0.04]
    assert np.isnan(unknown[1])


def test_an_entrys_own_ranks_are_tested_by_its_own_pairs() -> None:
    """Three entries: three tests for all together, two for one alone, one-sided for "among the best"."""
    first, second = np.array([0, 0, 1]), np.array([1, 2, 2])
    found = ranking.own_ranks(
        3, (first, second), np.array([0.1, 0.2, 0.1]), np.array([0.09, 0.02, 0.5]), 0.05
    )
    assert [(one.low, one.high) for one in found] == [(1, 2), (1, 3), (2, 3)]
    assert [one.among_best for one in found] == [1, 3, 3]
    copies = ranking.own_ranks(
        4,
        (np.array([0, 0, 0, 1, 1, 2]), np.array([1, 2, 3, 2, 3, 3])),
        np.array([0.0, 0.1, 0.2, 0.1, 0.2, 0.1]),
        np.array([1.0, 0.09, 0.02, 0.09, 0.02, 0.5]),
        0.05,
        np.array([ranking.NO_TEST, 0, 1, 0, 1, 2]),
    )
    assert [(one.low, one.high, one.among_best) for one in copies] == [
        (1, 3, 2),
        (1, 3, 2),
        (1, 4, 4),
        (3, 4, 4),
    ]
    together = ranking.holm([0.09, 0.02, 0.5])
    assert together[1] == pytest.approx(0.06)
