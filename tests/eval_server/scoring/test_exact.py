"""The exact tests: golden numbers, full enumeration, and what may not change them."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval_server.scoring import exact
from eval_server.scoring.counts import Subjects, Tally
from eval_server.scoring.exact import coin_sums, resampled_p, sign_flip_p, swap_tests
from eval_server.scoring.metrics import ACCURACY, MCC, SWAPPED, WEIGHTED_F1
from eval_server.scoring.pairwise import differences, subject_wilcoxon, wilcoxon
from eval_server.scoring.subjects import accuracies
from tests.support.truth import (
    ENTRIES,
    FIRST,
    PAIRS,
    SECOND,
    golden,
    golden_tally,
    swap_by_enumeration,
)

ONE, TWO = np.array([0]), np.array([1])


@st.composite
def tables(draw: st.DrawFn, *, most: int = 12, mixed: bool | None = None) -> Tally:
    """Two entries on up to `most` subjects with few cells each, so that ties are frequent."""
    size = draw(st.integers(1, most))
    cells = st.integers(0, 6)
    pairs = []
    for _ in range(size):
        kinds = ["all", "hem"] if mixed is False else ["all", "hem", "both"]
        kind = draw(st.sampled_from(kinds))
        positive, negative = draw(st.integers(1, 6)), draw(st.integers(1, 6))
        pairs.append((positive * (kind != "hem"), negative * (kind != "all")))
    p, n = np.array(pairs).T
    draws = [[min(draw(cells), limit) for limit in column] for column in (p, p, n, n)]
    subjects = Subjects(tuple(f"S{at}" for at in range(size)), p, n)
    return Tally(subjects, np.array(draws[:2]), np.array(draws[2:]))


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_the_swap_test_equals_scipys_full_enumeration_of_12_subjects(alternative: exact.Alternative) -> None:
    """golden/signflip_exact.json: scipy.stats.permutation_test over all 4,096 swaps."""
    document = golden("signflip_exact")
    table = golden_tally(document["subjects"])
    found = swap_tests(WEIGHTED_F1, table, FIRST, SECOND, alternative=alternative)
    assert found.exact.all()
    for at, pair in enumerate(PAIRS):
        expected = document["scipy_permutation_test_exact_12_subjects"][pair]
        assert found.difference[at] == pytest.approx(expected["diff"], abs=1e-12)
        assert found.p[at] == pytest.approx(expected[f"p_{alternative}"], abs=1e-12)


def test_accuracy_and_mean_subject_accuracy_equal_scipys_full_enumeration() -> None:
    document = golden("signflip_exact")
    table = golden_tally(document["subjects"])
    found = swap_tests(ACCURACY, table, FIRST, SECOND)
    shares = accuracies(table)
    for at, pair in enumerate(PAIRS):
        expected = document["scipy_permutation_test_exact_12_subjects"][pair]
        gaps = shares[FIRST[at]] - shares[SECOND[at]]
        assert found.difference[at] == pytest.approx(expected["acc_diff"], abs=1e-12)
        assert found.p[at] == pytest.approx(expected["acc_p_two-sided"], abs=1e-12)
        assert gaps.mean() == pytest.approx(expected["mean_subject_acc_diff"], abs=1e-12)
        assert sign_flip_p(gaps) == pytest.approx(expected["mean_subject_acc_p_two-sided"], abs=1e-12)


@pytest.mark.parametrize("pair", ["E1-E4", "E2-E3", "E2-E5"])
def test_the_swap_test_equals_scikit_learns_f1_over_256_swaps_of_cells(pair: str) -> None:
    """golden/signflip_exact.json: f1_score on swapped cells, 8 subjects."""
    document = golden("signflip_exact")
    expected = document["sklearn_bruteforce_8_subjects"][pair]
    table = golden_tally(document["subjects8"])
    first, second = (np.array([ENTRIES.index(entry)]) for entry in pair.split("-"))
    two_sided = swap_tests(WEIGHTED_F1, table, first, second)
    greater = swap_tests(WEIGHTED_F1, table, first, second, alternative="greater")
    assert two_sided.difference[0] == pytest.approx(expected["diff"], abs=1e-12)
    assert two_sided.p[0] == pytest.approx(expected["p_two_sided"], abs=1e-12)
    assert greater.p[0] == pytest.approx(expected["p_greater"], abs=1e-12)


def test_the_anchors_of_the_specification_hold() -> None:
    """statistics.md 4.2, handy anchors of the 12 subjects."""
    found = swap_tests(WEIGHTED_F1, golden_tally(golden("signflip_exact")["subjects"]), FIRST, SECOND)
    p = dict(zip(PAIRS, found.p.tolist(), strict=True))
    assert (p["E1-E4"], p["E2-E4"], p["E1-E5"]) == (0.0859375, 0.03125, 0.0390625)


def test_the_paired_permutation_example_of_mlxtend_has_its_p() -> None:
    """statistics.md 4.1, "Permutation, paired exact" (mlxtend tests)."""
    first = np.array([3.67, 1.72, 3.46, 2.60, 2.03, 2.10, 3.01])
    second = np.array([2.11, 1.79, 2.71, 1.89, 1.69, 1.71, 2.01])
    assert sign_flip_p(first - second) == pytest.approx(0.03125, abs=1e-12)


@settings(max_examples=100, deadline=None)
@given(tables())
def test_the_swap_test_equals_enumeration_with_subjects_of_one_class_or_both(table: Tally) -> None:
    for metric in SWAPPED:
        two_sided, greater = swap_by_enumeration(metric, table, 0, 1)
        assert swap_tests(metric, table, ONE, TWO).p[0] == pytest.approx(two_sided, abs=1e-12)
        found = swap_tests(metric, table, ONE, TWO, alternative="greater").p[0]
        assert found == pytest.approx(greater, abs=1e-12)


@settings(max_examples=80, deadline=None)
@given(tables(mixed=False))
def test_subjects_of_one_class_give_the_same_p_on_the_way_for_mixed_ones(table: Tally) -> None:
    pair = exact._MixedPair(table, 0, 1)
    straight = swap_tests(WEIGHTED_F1, table, ONE, TWO)
    joint = pair.p(WEIGHTED_F1, float(straight.difference[0]), "two-sided", np.random.default_rng(0))
    assert joint == pytest.approx(straight.p[0], abs=1e-12)


@settings(max_examples=80, deadline=None)
@given(tables(), st.randoms())
def test_the_swap_test_is_symmetric_and_does_not_see_the_order_of_subjects(table: Tally, random) -> None:
    order = list(range(len(table.subjects)))
    random.shuffle(order)
    cells = table.subjects
    names = tuple(cells.names[at] for at in order)
    turned = Tally(
        Subjects(names, cells.positives[order], cells.negatives[order]),
        table.tp[:, order],
        table.tn[:, order],
    )
    here, there = swap_tests(WEIGHTED_F1, table, ONE, TWO), swap_tests(WEIGHTED_F1, turned, TWO, ONE)
    assert there.p[0] == pytest.approx(here.p[0], abs=1e-12)
    assert there.difference[0] == pytest.approx(-here.difference[0], abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(tables())
def test_identical_entries_have_p_1_and_no_p_is_0(table: Tally) -> None:
    both = np.array([0, 0, 1]), np.array([0, 1, 1])
    found = swap_tests(WEIGHTED_F1, table, *both)
    assert found.p[0] == found.p[2] == 1.0
    assert (found.p > 0).all()
    assert (found.p <= 1).all()


def test_pairs_in_one_call_have_the_p_they_have_alone() -> None:
    """Batches group pairs by the width of their tables; nothing of one may reach another."""
    table = golden_tally()
    together = swap_tests(WEIGHTED_F1, table, FIRST, SECOND)
    alone = [swap_tests(WEIGHTED_F1, table, FIRST[at : at + 1], SECOND[at : at + 1]).p[0] for at in range(10)]
    assert together.p.tolist() == alone


def test_small_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    table = golden_tally()
    whole = swap_tests(WEIGHTED_F1, table, FIRST, SECOND).p
    monkeypatch.setattr(exact, "LARGEST_BATCH", 500)
    assert swap_tests(WEIGHTED_F1, table, FIRST, SECOND).p.tolist() == whole.tolist()


def test_a_metric_that_may_fall_with_more_cells_right_is_refused() -> None:
    with pytest.raises(ValueError, match="mcc"):
        swap_tests(MCC, golden_tally(), FIRST, SECOND)


def test_too_large_a_joint_table_is_resampled_near_the_exact_p_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    generator = np.random.default_rng(5)
    p, n = generator.integers(5, 40, size=(2, 12))
    subjects = Subjects(tuple(map(str, range(12))), p, n)
    table = Tally(subjects, generator.binomial(p, 0.8, (2, 12)), generator.binomial(n, 0.7, (2, 12)))
    counted = swap_tests(WEIGHTED_F1, table, ONE, TWO)
    monkeypatch.setattr(exact, "LARGEST_TABLE", 10)
    drawn = swap_tests(WEIGHTED_F1, table, ONE, TWO, generator=np.random.default_rng(1))
    assert counted.exact.all()
    assert not drawn.exact.any()
    assert drawn.p[0] == pytest.approx(counted.p[0], abs=0.02)


def test_a_resampled_p_is_never_0() -> None:
    assert resampled_p(np.zeros(999), 1.0) == 1 / 1000
    assert resampled_p(np.array([-2.0, 2.0, 0.0]), 2.0) == 3 / 4
    assert resampled_p(np.array([-2.0, 2.0, 0.0]), 2.0, "greater") == 2 / 4
    assert resampled_p(np.array([-2.0, 2.0, 0.0]), -2.0, "less") == 2 / 4


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-9, 9), min_size=1, max_size=12))
def test_the_sign_flip_test_equals_enumeration(values: list[int]) -> None:
    gaps = np.array(values) / 7
    signs = np.array(np.meshgrid(*[[-1, 1]] * len(values))).reshape(len(values), -1).T
    null = signs @ gaps
    expected = np.mean(np.abs(null) >= abs(gaps.sum()) - 1e-12)
    assert sign_flip_p(gaps) == pytest.approx(expected, abs=1e-12)
    assert sign_flip_p(gaps, "greater") == pytest.approx(np.mean(null >= gaps.sum() - 1e-12), abs=1e-12)
    assert sign_flip_p(gaps, "less") == pytest.approx(np.mean(null <= gaps.sum() + 1e-12), abs=1e-12)


def test_more_than_40_differences_are_resampled() -> None:
    gaps = np.random.default_rng(2).normal(0.1, 1, 60)
    assert 0 < sign_flip_p(gaps, generator=np.random.default_rng(3)) < 1


def test_the_signed_rank_test_equals_the_exact_one_on_the_golden_pairs() -> None:
    """golden/r_stats.json: full enumeration with ties of exact fractions, zeros dropped.

    R's own V differs by one half for E3-E5 and E4-E5: it took shares as floats and broke ties of equal
    fractions; the exact rank sums are written out here beside the file's.
    """
    table = golden_tally()
    found = subject_wilcoxon(differences(table, FIRST, SECOND), table.subjects.cells)
    for at, pair in enumerate(PAIRS):
        expected = golden("r_stats")["results"]["wilcoxon"][pair]
        assert found.zeros[at] == expected["n_zero"]
        assert found.p[at] == pytest.approx(expected["exact_wilcox"], abs=1e-12)
        assert found.p[at] == pytest.approx(EXACT_WILCOXON.get(pair, found.p[at]), rel=5e-6)
        assert found.rank_sum[at] == expected["V_exact"] == EXACT_RANK_SUMS.get(pair, expected["V"])


EXACT_WILCOXON = {"E1-E2": 0.366142, "E1-E3": 0.162008, "E3-E5": 0.000252247, "E4-E5": 0.0296931}
EXACT_RANK_SUMS = {"E3-E5": 250.0, "E4-E5": 225.5}


FRACTIONS = "1/3 1/2 1 -3/5 0 -1/3 0 1/4 1/3 0"
"""Ten subjects' differences; p by full enumeration is 0.46875."""
CELLS = np.array([6, 4, 5, 5, 7, 6, 3, 4, 3, 9])
OURS = np.array([5, 4, 5, 1, 6, 2, 3, 3, 2, 1])
THEIRS = np.array([3, 2, 0, 4, 6, 4, 3, 2, 1, 1])


def test_equal_fractions_are_ties_however_they_were_reached() -> None:
    """5/6 - 3/6 and 2/3 - 1/3 are both one third, and as floats they are two numbers."""
    net = OURS - THEIRS
    assert [str(Fraction(int(a), int(b))) for a, b in zip(net, CELLS, strict=True)] == FRACTIONS.split()
    assert 5 / 6 - 3 / 6 != 2 / 3 - 1 / 3
    assert subject_wilcoxon(net, CELLS).p[0] == 0.46875


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 12), st.integers(-12, 12)), min_size=1, max_size=9))
def test_the_signed_rank_test_of_subjects_equals_enumeration_in_exact_fractions(
    rows: list[tuple[int, int]],
) -> None:
    pairs = [(cells, max(-cells, min(net, cells))) for cells, net in rows]
    gaps = [Fraction(net, cells) for cells, net in pairs if net]
    found = subject_wilcoxon([net for _, net in pairs], [cells for cells, _ in pairs])
    if not gaps:
        assert found.p[0] == 1.0
        return
    size = [abs(gap) for gap in gaps]
    ranks = [sum(other < one for other in size) * 2 + size.count(one) + 1 for one in size]
    observed = abs(sum(rank if gap > 0 else -rank for rank, gap in zip(ranks, gaps, strict=True)))
    null = [
        abs(sum(sign * rank for sign, rank in zip(signs, ranks, strict=True)))
        for signs in product((-1, 1), repeat=len(ranks))
    ]
    assert found.p[0] == pytest.approx(sum(one >= observed for one in null) / len(null), abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-5, 5), min_size=1, max_size=10))
def test_the_signed_rank_test_equals_enumeration_with_ties_and_zeros(values: list[int]) -> None:
    gaps = np.array([value for value in values if value], dtype=float)
    found = wilcoxon(np.array(values, dtype=float))
    assert found.zeros[0] == len(values) - len(gaps)
    if not len(gaps):
        assert found.p[0] == 1.0
        return
    size = np.abs(gaps)
    ranks = (size[:, None] > size).sum(axis=1) + ((size[:, None] == size).sum(axis=1) + 1) / 2
    signs = np.array(np.meshgrid(*[[-1, 1]] * len(gaps))).reshape(len(gaps), -1).T
    null, observed = signs @ ranks, (np.sign(gaps) * ranks).sum()
    assert found.p[0] == pytest.approx(np.mean(np.abs(null) >= abs(observed) - 1e-9), abs=1e-12)


def test_coin_sums_are_probabilities_exact_to_the_last_bit() -> None:
    found = coin_sums(np.array([[1, 2, 0], [3, 3, 3]]))
    assert found[0, :4].tolist() == [0.25, 0.25, 0.25, 0.25]
    assert found[1, [0, 3, 6, 9]].tolist() == [0.125, 0.375, 0.375, 0.125]
    assert (found.sum(axis=1) == 1.0).all()


def test_a_thousand_subjects_and_more_have_small_p_values_and_no_p_of_0() -> None:
    """Every cell a subject of its own: chances below the range of a double are not 0."""
    size = 1200
    subjects = Subjects(tuple(map(str, range(size))), np.ones(size, int), np.zeros(size, int))
    odd = np.arange(size) % 2
    right = np.stack([np.ones(size, int), np.zeros(size, int), odd, 1 - odd])
    table = Tally(subjects, right, np.zeros_like(right))
    found = swap_tests(ACCURACY, table, np.array([0, 2]), np.array([1, 3]))
    assert 0 < found.p[0] < 1e-300
    assert found.p[1] == 1.0
    pairs = np.array([0, 2]), np.array([1, 3])
    ranked = subject_wilcoxon(differences(table, *pairs), subjects.cells)
    assert ranked.p[0] == 1 / (exact.RESAMPLES + 1)
    assert ranked.p[1] == 1.0


def test_28_subjects_of_the_label_file_give_p_in_steps_of_the_27_coins_that_are_free() -> None:
    """Every exact p of 28 subjects is a whole number of 2^-27: nothing was drawn at random."""
    table = golden_tally()
    assert len(table.subjects) == 28
    p = swap_tests(WEIGHTED_F1, table, FIRST, SECOND).p
    assert (p * 2**27 == np.rint(p * 2**27)).all()
