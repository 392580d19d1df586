"""Results by subject: means with intervals, majority votes with exact binomial limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit, logit

from eval_server.scoring.counts import Subjects, Tally, mid_ranks, subjects_of
from eval_server.scoring.subjects import (
    accuracies,
    clopper_pearson,
    diagnose,
    diagnosed,
    mean_accuracy,
    summary,
    wilson,
)
from tests.support.truth import golden_rows, golden_tally


def test_subject_accuracies_equal_the_golden_table() -> None:
    found = accuracies(golden_tally())
    expected = [float(row["acc"]) for row in golden_rows("subject_counts")]
    assert found.ravel().tolist() == pytest.approx(expected, abs=1e-12)


def test_the_mean_interval_is_welchs_over_both_classes_on_the_logit_scale() -> None:
    table = golden_tally()
    shares, positive = accuracies(table)[0], table.subjects.positives > 0
    found = mean_accuracy(shares, table.subjects)
    parts = [group.size * group.var(ddof=1) / 28**2 for group in (shares[positive], shares[~positive])]
    df = sum(parts) ** 2 / (parts[0] ** 2 / 12 + parts[1] ** 2 / 14)
    mean = shares.mean()
    assert 0.1 < mean < 0.9
    reach = stats.t.ppf(0.975, df) * sum(parts) ** 0.5 / (mean * (1 - mean))
    limits = [expit(logit(mean) + side * reach) for side in (-1, 1)]
    assert [found.low, found.high] == pytest.approx(limits)


def test_a_vote_needs_more_than_half_of_the_cells_and_ties_count_as_wrong() -> None:
    subjects = Subjects(("A", "B", "H"), np.array([4, 4, 0]), np.array([0, 0, 3]))
    found = diagnose(np.array([2, 3, 2]), subjects)
    assert (found.sensitivity.hits, found.sensitivity.of, found.ties) == (1, 2, 1)
    assert (found.specificity.hits, found.specificity.of) == (1, 1)


def test_subjects_of_both_classes_have_no_diagnosis() -> None:
    found = diagnose(np.array([3, 3]), Subjects(("A", "B"), np.array([3, 2]), np.array([0, 2])))
    assert (found.sensitivity.of, found.specificity.of) == (1, 0)
    assert found.specificity.value is None


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 30), st.integers(1, 30))
def test_clopper_pearson_equals_scipys_exact_interval(hits: int, of: int) -> None:
    hits = min(hits, of)
    found = clopper_pearson(hits, of)
    expected = stats.binomtest(hits, of).proportion_ci(method="exact")
    assert [found.low, found.high] == pytest.approx([expected.low, expected.high], abs=1e-10)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 300), st.integers(1, 300))
def test_wilsons_interval_is_where_the_score_test_no_longer_rejects(hits: int, of: int) -> None:
    hits = min(hits, of)
    expected = stats.binomtest(hits, of).proportion_ci(method="wilson")
    assert wilson(hits, of) == pytest.approx((expected.low, expected.high), abs=1e-10)


def test_a_share_of_nothing_has_no_interval() -> None:
    with pytest.raises(ValueError, match="counted"):
        wilson(0, 0)


def test_subjects_of_both_classes_are_named_by_nobody() -> None:
    subjects = Subjects(("A", "B", "H"), np.array([3, 2, 0]), np.array([0, 2, 4]))
    table = Tally(subjects, np.array([[2, 2, 0], [1, 2, 0]]), np.array([[0, 2, 2], [0, 2, 3]]))
    assert diagnosed(table).tolist() == [[True, False, False], [False, False, True]]


def test_a_class_with_one_subject_has_a_mean_and_no_interval() -> None:
    subjects = Subjects(("A", "H", "I"), np.array([4, 0, 0]), np.array([0, 4, 4]))
    found = mean_accuracy(np.array([0.5, 1.0, 0.75]), subjects)
    assert (found.estimate, found.low) == (0.75, None)
    assert found.remark == "not estimable: only one subject with ALL cells"


def test_a_perfect_entry_has_no_interval_of_its_mean() -> None:
    subjects = Subjects(("A", "B", "H", "I"), np.array([4, 4, 0, 0]), np.array([0, 0, 4, 4]))
    table = Tally(subjects, subjects.positives[None, :], subjects.negatives[None, :])
    found = summary(table)
    assert (found.mean.estimate, found.mean.low, found.below_half) == (1.0, None, 0)
    assert found.diagnosis.sensitivity.high == 1.0
    assert found.diagnosis.sensitivity.low == pytest.approx(0.025**0.5)


def test_subjects_stand_in_natural_order_and_count_their_cells() -> None:
    subjects, index = subjects_of([1, 0, 1, 1], ["10", "H3", "2", "10"])
    assert subjects.names == ("2", "10", "H3")
    assert subjects.positives.tolist() == [1, 2, 0]
    assert subjects.negatives.tolist() == [0, 0, 1]
    assert index.tolist() == [1, 2, 0, 1]
    assert not subjects.mixed


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=20))
def test_mid_ranks_equal_scipys(values: list[int]) -> None:
    assert mid_ranks(values).tolist() == stats.rankdata(values).tolist()


def test_the_mean_over_classes_counts_both_alike_whatever_their_subjects() -> None:
    subjects = Subjects(("A", "B", "C", "H"), np.array([4, 4, 2, 0]), np.array([0, 0, 0, 4]))
    table = Tally(subjects, np.array([[4, 2, 1, 0]]), np.array([[0, 0, 0, 1]]))
    found = summary(table)
    assert found.by_class == (pytest.approx(2 / 3), 0.25)
    assert found.mean_over_classes == pytest.approx((2 / 3 + 0.25) / 2)
    alone = Subjects(("A", "B"), np.array([4, 4]), np.array([0, 0]))
    assert summary(Tally(alone, np.array([[4, 2]]), np.array([[0, 0]]))).mean_over_classes is None
