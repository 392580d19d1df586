"""What is said of differences and their tests, against swaps counted through and p adjusted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from eval_server.figures.pairs import exact_null
from eval_server.figures.showing import swap_null
from eval_server.figures.statements import differences as said
from eval_server.judging.comparing import compare
from eval_server.judging.pairs import Comparison
from eval_server.judging.report import Report
from eval_server.judging.verdict import Verdict
from eval_server.scoring import ladder
from eval_server.scoring.counts import Subjects, Tally
from eval_server.scoring.differences import difference_intervals, errors
from eval_server.scoring.exact import swap_tests
from eval_server.scoring.intervals import CR3
from eval_server.scoring.metrics import WEIGHTED_F1
from tests.support.sentences import numbers_in
from tests.support.truth import a_truth, a_verdict, golden_tally, golden_verdicts, swap_by_enumeration

QUICK = {"resamples": 200}
CELLS = {"A": "11111", "B": "1111", "C": "111111", "H1": "00000", "H2": "0000", "H3": "000000"}
WRONG = ["A-0.bmp", "A-1.bmp", "B-0.bmp", "C-0.bmp", "H1-0.bmp", "H2-0.bmp", "H2-1.bmp"]


def _two() -> tuple[Verdict, Verdict]:
    truth = a_truth(CELLS)
    return a_verdict(truth, ["H3-0.bmp"]), a_verdict(truth, WRONG)


def _enumerated() -> float:
    """p of the two by all 64 swaps."""
    first, second = (one.tally for one in _two())
    assert first is not None
    assert second is not None
    table = Tally(first.subjects, np.vstack([first.tp, second.tp]), np.vstack([first.tn, second.tn]))
    return swap_by_enumeration(WEIGHTED_F1, table, 0, 1)[0]


def _pair(**options: float) -> tuple[Report, Comparison]:
    first, second = _two()
    report = compare({"one": first, "two": second}, **QUICK, **options)
    return report, report.between("one", "two")


def _by_holm(p: list[float]) -> list[float]:
    """Holm's adjustment as the paper has it, without our code."""
    order, found, running = sorted(range(len(p)), key=lambda at: p[at]), [0.0] * len(p), 0.0
    for step, at in enumerate(order):
        running = max(running, min(1.0, (len(p) - step) * p[at]))
        found[at] = running
    return found


def test_p_is_the_share_of_all_swaps_that_give_as_much() -> None:
    report, pair = _pair()
    p = _enumerated()
    assert pair.p == pytest.approx(p)
    words = said.swaps_give(pair.difference, p)
    points, share = numbers_in(words)
    assert points == pytest.approx(100 * abs(pair.difference), abs=0.005)
    assert share == pytest.approx(100 * p, abs=0.5)
    first, second = _two()
    null = swap_null(first, second)
    assert null is not None
    drawn = exact_null("one", "two", *null, observed=pair.difference, p=p)
    assert said.null_shown(p) in drawn.caption
    assert numbers_in(said.null_shown(p))[0] == pytest.approx(p, abs=5e-4)
    assert "less than 0.01 % of swaps" in said.swaps_give(0.1, 2e-5)
    assert "in 3.1 % of swaps" in said.swaps_give(0.1, 2 / 64)
    assert "2ᴷ swaps of K subjects" in said.p_is()
    assert report.subjects == 6


def test_the_test_of_a_board_claims_falsely_with_the_chance_that_is_said() -> None:
    """All swaps of two alike entries taken as data: in 5 of 100 or fewer p lies below .05, Holm in fewer."""
    level = numbers_in(said.how_tested())[-1] / 100
    generator = np.random.default_rng(4)
    subjects = Subjects(
        tuple("ABCDHIJK"), np.array([9, 8, 7, 6, 0, 0, 0, 0]), np.array([0, 0, 0, 0, 9, 8, 7, 6])
    )
    entries, boards = 4, 400
    positive, negative = subjects.positives, subjects.negatives
    tp = generator.binomial(positive, 0.8, (boards * entries, 8))
    tn = generator.binomial(negative, 0.8, (boards * entries, 8))
    first, second = np.triu_indices(entries, 1)
    base = entries * np.arange(boards)[:, None]
    p = swap_tests(WEIGHTED_F1, Tally(subjects, tp, tn), (base + first).ravel(), (base + second).ravel()).p
    any_claim = np.mean([min(_by_holm(row)) < level for row in p.reshape(boards, -1).tolist()])
    assert any_claim <= level + 0.02
    assert "stays below 5 %" in said.how_tested()
    assert said.told_apart_by("accuracy", level).startswith(
        "Told apart at 5 % by the exact subject-swap test of accuracy"
    )


def test_the_number_of_significant_differences_is_counted_by_hand() -> None:
    for alpha in (0.05, 0.1):
        report = compare(golden_verdicts(), alpha=alpha, **QUICK)
        raw = [pair.p or 0.0 for pair in report.pairs]
        count = sum(p < alpha for p in _by_holm(raw))
        words = said.significant(report.significant, len(report.pairs), alpha)
        assert numbers_in(words) == [count, 10, 100 * alpha]
        cells = sum(p < alpha for p in _by_holm([pair.mcnemar_midp or 0.0 for pair in report.pairs]))
        assert said.by_cells(report.mcnemar_significant).startswith(f"{cells or 'none'} by McNemar's")
    assert said.significant(1, 1, 0.05, baseline="E3").startswith(
        "The one difference in weighted F1 with E3 is significant at 5 %"
    )
    assert said.significant(0, 1, 0.05).startswith("The one difference in weighted F1 is not")
    assert said.significant(0, 3, 0.05).startswith("None of the 3 differences in weighted F1 is significant")
    assert said.alone().startswith("One entry alone")
    assert len(compare({"a": golden_verdicts()["E1"]}, **QUICK).pairs) == 0


def test_where_subjects_are_not_known_nothing_is_tested() -> None:
    truth = a_truth(CELLS)
    blind = type(truth)(truth.phase, truth.labels, None)
    report = compare({"a": a_verdict(blind, []), "b": a_verdict(blind, WRONG)}, **QUICK)
    assert report.pairs[0].p is None
    assert said.unknown().endswith("cannot be judged and nothing can be called significant")
    assert "whether by chance cannot be judged" in said.better("a", "b", None, 0.05)


def test_the_better_one_is_named_only_where_its_adjusted_p_is_small_enough() -> None:
    report = compare(golden_verdicts(), **QUICK)
    told = {True: 0, False: 0}
    for pair, p in zip(report.pairs, _by_holm([pair.p or 0.0 for pair in report.pairs]), strict=True):
        words = said.better(pair.a, pair.b, pair.p_holm, 0.05)
        shown = p < 0.05
        assert words == (
            f"{pair.a} is better than {pair.b}" if shown else f"{pair.a} and {pair.b} cannot be told apart"
        )
        told[shown] += 1
        numbers = numbers_in(
            said.by_how_much(pair.difference, tuple(pair.interval.limits), 0.05, pair.p_holm)
        )
        low, high = pair.interval.limits
        assert numbers[:4] == [
            pytest.approx(100 * pair.difference, abs=0.005),
            95,
            pytest.approx(100 * low, abs=0.005),
            pytest.approx(100 * high, abs=0.005),
        ]
        assert numbers[4] == pytest.approx(p, abs=5e-4)
    assert all(told.values())
    assert numbers_in(said.more_pairs(24)) == [24]


def test_the_subjects_on_which_one_is_better_are_counted_one_by_one() -> None:
    first, second = _two()
    ours = {one.subject: one.correct / one.cells for one in first.subjects or ()}
    theirs = {one.subject: one.correct / one.cells for one in second.subjects or ()}
    better, worse = (sum(sign * (ours[who] - theirs[who]) > 0 for who in ours) for sign in (1, -1))
    words = said.on_subjects("one", better, worse, 6 - better - worse)
    assert words == "one is better on 5 of 6 subjects, worse on 1 and even on 0"


@pytest.mark.parametrize("alpha", [0.05, 0.6])
def test_the_verdict_on_a_pair_names_its_test_and_follows_its_p(alpha: float) -> None:
    p = _enumerated()
    words = said.verdict(p, None, alpha, exact=True)
    word = "is" if p < alpha else "is not"
    assert words.startswith(
        f"Taken alone the difference {word} significant at {100 * alpha:g} % (p = {p:.3f}, exact"
    )
    among = said.verdict(p, 3 * p, alpha, exact=False)
    word = "is" if 3 * p < alpha else "is not"
    assert among.startswith(f"The difference {word} significant at {100 * alpha:g} %")
    assert f"p = {p:.3f}, resampled subject-swap test; Holm p = {3 * p:.3f} among all pairs" in among
    assert said.not_on_board() == "Not both stand on the board."
    assert said.other_metric("accuracy").endswith("the board is ranked by accuracy.")


def test_the_tests_of_other_metrics_are_exact_and_not_adjusted() -> None:
    from eval_server.scoring.metrics import METRICS

    first, second = (one.tally for one in _two())
    assert first is not None
    assert second is not None
    table = Tally(first.subjects, np.vstack([first.tp, second.tp]), np.vstack([first.tn, second.tn]))
    secondary = _pair()[1].secondary
    for name in ("sensitivity", "specificity", "accuracy"):
        assert secondary[name].p == pytest.approx(swap_by_enumeration(METRICS[name], table, 0, 1)[0])
    assert said.each_alone() == (
        "Each p is the exact test of that metric alone, over subjects, two-sided, not adjusted."
    )


def test_cells_are_counted_and_their_variance_is_as_much_too_small_as_is_said() -> None:
    first, second = _two()
    only = (
        int((first.cells.correct & ~second.cells.correct).sum()),
        int((second.cells.correct & ~first.cells.correct).sum()),
    )
    midp = float(2 * stats.binom.cdf(min(only), sum(only), 0.5) - stats.binom.pmf(min(only), sum(only), 0.5))
    pair = _pair()[1]
    assert pair.mcnemar_midp == pytest.approx(midp)
    words = said.cells_apart(("one", "two"), only, midp)
    assert numbers_in(words) == [*only, pytest.approx(midp, abs=5e-4)]
    assert numbers_in(said.would_be(pair.mcnemar_midp)) == [pytest.approx(midp, abs=5e-4)]
    assert "decides nothing here" in said.cells_decide_nothing()
    net = [
        one.correct - other.correct
        for one, other in zip(first.subjects or (), second.subjects or (), strict=True)
    ]
    effect = sum(value**2 for value in net) / sum(only)
    assert pair.design_effect == pytest.approx(effect, rel=0.5)
    assert numbers_in(said.design_effect(1.25)) == [1.2]
    assert "how many times too small its variance is" in said.effect_column()


def test_the_diagnosis_is_tested_by_a_fair_coin() -> None:
    words = said.diagnosis_test(("a", "b"), (5, 1), stats.binomtest(5, 6).pvalue)
    assert numbers_in(words) == [5, 1, 0.219]


def test_the_smallest_p_is_what_is_said() -> None:
    """Six subjects who all speak for the first entry."""
    subjects = Subjects(tuple("ABCHIJ"), np.array([5, 5, 5, 0, 0, 0]), np.array([0, 0, 0, 5, 5, 5]))
    right = (
        np.array([[5, 5, 5, 0, 0, 0], [1, 1, 1, 0, 0, 0]]),
        np.array([[0, 0, 0, 5, 5, 5], [0, 0, 0, 1, 1, 1]]),
    )
    p = swap_tests(WEIGHTED_F1, Tally(subjects, *right), np.array([0]), np.array([1])).p[0]
    assert f"no p can fall below {p:.3g}," in said.too_few(6, 3)
    assert numbers_in(said.too_few(6, 3)) == [6, pytest.approx(2 / 64, rel=0.01), 3]


def test_a_margin_is_said_in_points_wherever_it_is_said() -> None:
    assert [said.margin_words(one) for one in (0.01, 0.02, 0.005)] == ["1 point", "2 points", "0.5 points"]
    assert said.the_margin(0.01) == "Non-inferiority margin: 1 point of weighted F1."
    assert said.within_margin(0.025) == "Grey: within the margin of 2.5 points fixed beforehand."


def test_equivalence_is_shown_where_the_interval_of_twice_alpha_lies_within_the_margin() -> None:
    report = compare(golden_verdicts(), margin=0.05, **QUICK)
    shown = []
    for pair in report.pairs:
        found = pair.equivalence
        assert found is not None
        limits = (found.low, found.high)
        within = found.low > -0.05 and found.high < 0.05
        words = said.equivalent(0.05, limits, 0.05, shown=within)
        assert found.equivalent is within
        assert words.startswith("They are equivalent" if within else "That they are equivalent is not shown")
        assert numbers_in(words) == [5, 90, *(pytest.approx(100 * end, abs=0.005) for end in limits)]
        inferior = said.not_inferior(pair.b, pair.a, 0.05, shown=found.high < 0.05)
        assert inferior.endswith("5 points: shown" if found.other_not_inferior else "5 points: not shown")
        shown += [f"{pair.a} and {pair.b}"] if within else []
    words = said.equivalents(0.05, shown, len(report.pairs), 0.05)
    assert f"(90 % interval; {said.not_adjusted()}): {len(shown)} of 10 pairs" in words
    assert said.not_adjusted() == "each pair by itself, not adjusted for the number of pairs"
    assert any(not pair.significant and not pair.equivalence.equivalent for pair in report.pairs)
    assert "does not show that they are equally good" in said.not_equal()


def test_the_ladder_moves_by_more_than_chance_alone_over_subjects_or_over_cells() -> None:
    table = golden_tally()
    climbing = Tally(table.subjects, table.tp[[4, 3, 0, 1]], table.tn[[4, 3, 0, 1]])
    moved, leader = [], 0
    for at in range(1, 4):
        pair = np.array([at]), np.array([leader])
        gain = difference_intervals(WEIGHTED_F1, climbing, *pair).estimate[0]
        moved.append(bool(gain > errors(WEIGHTED_F1, climbing, *pair, leverage=CR3).se[0]))
        leader = at if moved[-1] else leader
    assert [one.improved for one in ladder.by_subjects(climbing)][1:] == moved
    assert "better by more than chance (over subjects; over cells where a class has a single subject)" in (
        said.ladder_means()
    )
    single = Subjects(("A", "H", "I"), np.array([20, 0, 0]), np.array([0, 15, 15]))
    rising = Tally(single, np.array([[5, 0, 0], [14, 0, 0]]), np.array([[0, 7, 9], [0, 12, 12]]))
    losses = np.arange(50) >= rising.correct.sum(axis=1)[:, None]
    assert [one.improved for one in ladder.by_subjects(rising, losses=losses)] == [True, True]
    again = Tally(table.subjects, table.tp[[0, 0]], table.tn[[0, 0]])
    assert [one.leader for one in ladder.by_subjects(again)] == [0, 0]
    assert said.ladder_holds().endswith("shown are the numbers of")
