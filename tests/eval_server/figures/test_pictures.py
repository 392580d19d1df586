"""What the pictures show are the numbers that they were given."""

import re

import numpy as np
import pytest
from sklearn.metrics import auc, average_precision_score, roc_auc_score

from eval_server.figures.entries import (
    confusion,
    precision_recall_curve,
    roc_curve,
    score_bins,
    subject_accuracy,
)
from eval_server.figures.pairs import exact_null, paired_subjects
from eval_server.figures.standings import (
    Gap,
    Line,
    differences,
    leaderboard,
    rank_stability,
    significance_map,
)
from eval_server.figures.wording import p_number, p_words, ranks, signed
from eval_server.scoring.counts import Confusion
from eval_server.scoring.subjects import wilson
from submissions.classes import ClassNames
from tests.eval_server.figures.samples import DIFFERENCES, NAMES, OTHERS, SUBJECTS, P, lines, scored


def test_bars_join_neighbours_that_cannot_be_told_apart_and_no_others() -> None:
    drawn = leaderboard(lines()[:3], groups=[(0, 2), (1, 3)])
    assert re.findall(r"<title>(.*?): cannot be told apart", drawn.svg) == [
        f"{NAMES[0]} to {NAMES[1]}",
        f"{NAMES[1]} to a&lt;b&gt;&amp;&quot;c&quot;",
    ]
    everyone = leaderboard(lines()[:3], groups=[(0, 1), (1, 2), (2, 3)])
    assert "Every entry can be told from its neighbours" in everyone.caption


def test_an_entry_without_an_interval_gets_a_dot_and_the_words_that_say_so() -> None:
    with_it, without = (
        leaderboard([Line("a", 0.8, interval)]).svg.count("<line") for interval in ((0.7, 0.9), None)
    )
    assert with_it - without >= 3
    assert "not estimable" in leaderboard([Line("a", 1.0, None)]).rows[0]


def test_the_leaderboard_table_keeps_the_remarks_and_does_not_rank_a_reference() -> None:
    rows = leaderboard(lines(), groups=[(0, 2)]).rows
    assert [row[1] for row in rows] == ["1-2", "1-2", "3", "—"]
    assert [row[4] for row in rows] == ["—", "drawn data", "—", "reference"]


def test_the_map_fills_exactly_the_significant_pairs_and_says_their_p() -> None:
    drawn = significance_map(NAMES, DIFFERENCES, P)
    upper = [(i, j) for i in range(4) for j in range(i + 1, 4)]
    filled = len(re.findall(r'<rect [^>]*class="f-ink"[^>]*><title>', drawn.svg))
    assert filled == sum(P[pair] < 0.05 for pair in upper) == 5
    assert drawn.rows[0][2:] == ("+1.00", "0.549", "cannot be told apart")
    assert drawn.rows[1] == (NAMES[0], NAMES[2], "+15.00", "0.0001", "forest is better")
    assert "5 of the 6 differences in weighted F1 are significant" in drawn.caption


def test_a_map_of_many_entries_grows_wider_instead_of_smaller() -> None:
    names = tuple(f"entry-{at}" for at in range(20))
    drawn = significance_map(names, np.zeros((20, 20)), np.ones((20, 20)))
    assert 'class="picture broad"' in drawn.svg
    assert len(drawn.rows) == 190
    assert "None of the 190 differences in weighted F1 is significant" in drawn.caption


def test_one_entry_alone_has_a_map_that_says_so() -> None:
    assert significance_map(("alone",), np.zeros((1, 1)), np.ones((1, 1))).rows == ()


def test_the_ranks_over_resamples_are_shares_in_percent() -> None:
    drawn = rank_stability(("a", "b"), np.array([[0.2, 0.8], [0.8, 0.2]]), [2, 1.5])
    assert drawn.rows == (("a", "2", "20.0", "80.0"), ("b", "1.5", "80.0", "20.0"))
    assert "b is first in 80 % of them" in drawn.caption


def test_differences_name_the_pairs_that_are_told_apart_and_the_margin() -> None:
    gaps = [Gap("a", "b", 0.01, (-0.02, 0.04), 0.5), Gap("a", "c", -0.15, None, 0.0002)]
    drawn = differences(gaps, margin=0.01)
    assert "1 of the 2 differences in weighted F1 is significant" in drawn.caption
    assert "the margin of 1 point fixed beforehand" in drawn.caption
    assert drawn.rows[0][2:5] == ("+1.00", "−2.00 to +4.00", "0.500")
    assert drawn.rows[1][3:] == ("not estimable", "0.0002", "told apart")


def test_the_confusion_matrix_of_the_paper_says_its_shares() -> None:
    drawn = confusion("prellberg", Confusion(tn=536, fp=112, fn=77, tp=1142))
    assert drawn.rows == (("ALL", "1,142", "77", "93.68"), ("normal", "112", "536", "82.72"))


def test_a_class_without_cells_is_said_and_not_divided_by() -> None:
    assert "no cells" in confusion("x", Confusion(tn=0, fp=0, fn=1, tp=4)).svg


def test_subjects_are_sorted_within_their_class_and_those_below_half_are_named() -> None:
    drawn = subject_accuracy("forest", SUBJECTS)
    assert [row[0] for row in drawn.rows] == ["62", "57", "H49", "H33"]
    assert "Below one half: H33." in drawn.caption
    assert "1 cell<" in drawn.svg
    assert "262 cells<" in drawn.svg
    low, high = (100 * end for end in wilson(SUBJECTS[0].correct, SUBJECTS[0].cells))
    row = next(row for row in drawn.rows if row[0] == SUBJECTS[0].subject)
    assert row[5] == f"{low:.1f} to {high:.1f}"
    assert "within the subject (Wilson)" in drawn.caption


def test_the_area_below_the_drawn_curves_is_what_scikit_learn_says() -> None:
    scores, leukemic = scored()
    curve = roc_curve("a", scores, leukemic, 0)
    assert auc(curve.x, curve.y) == pytest.approx(roc_auc_score(leukemic, scores), abs=1e-12)
    curve = precision_recall_curve("a", scores, leukemic, 0)
    area = auc(curve.x, curve.y)
    assert area == pytest.approx(average_precision_score(leukemic, scores), abs=1e-12)


def test_a_score_on_the_edge_of_two_bins_belongs_to_the_lower_one() -> None:
    bins = score_bins(np.array([0.0, 0.1, 0.1000001, 1.0]), np.array([False, True, True, True]))
    assert [one.cells for one in bins] == [2, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    assert bins[0].leukemic == 0.5


def test_the_paired_picture_counts_who_is_better_where() -> None:
    drawn = paired_subjects("a", "b", SUBJECTS, OTHERS)
    assert "a is better on 1 of 4 subjects, worse on 2 and even on 1" in drawn.caption
    assert drawn.rows[0][0] == "62"
    assert [row[5] for row in drawn.rows] == ["+0.00", "−0.38", "+14.81", "−20.00"]


def test_the_dark_part_of_the_null_has_the_size_of_p() -> None:
    values = np.array([-0.2, -0.1, 0.0, 0.1, 0.2])
    weights = np.array([1, 4, 6, 4, 1]) / 16
    drawn = exact_null("a", "b", values, weights, observed=0.2, p=0.125)
    assert sum(float(row[2]) for row in drawn.rows) == pytest.approx(12.5, abs=1e-6)
    assert sum(float(row[1]) for row in drawn.rows) == pytest.approx(100)
    assert "p = 0.125" in drawn.caption


def test_two_entries_that_agree_on_everything_can_be_drawn() -> None:
    drawn = exact_null("a", "b", np.array([0.0]), np.array([1.0]), observed=0.0, p=1.0)
    assert "in 100 % of swaps" in drawn.caption


@pytest.mark.parametrize(
    ("p", "words"), [(0.004, "p = 0.004"), (0.00042, "p = 0.0004"), (0.00002, "p < 0.0001"), (1, "p = 1.000")]
)
def test_a_p_value_is_written_as_readers_expect_it(p: float, words: str) -> None:
    assert p_words(p) == words


def test_numbers_are_written_with_their_sign_and_never_as_minus_nothing() -> None:
    assert [signed(0.0213), signed(-0.1), signed(-0.00001), signed(None)] == ["+2.13", "−10.00", "+0.00", "—"]
    assert [p_number(0.2), p_number(1e-9), p_number(None)] == ["0.200", "< 0.0001", "—"]
    assert [ranks((1, 3)), ranks((2, 2))] == ["1-3", "2"]


def test_pictures_call_the_classes_by_their_names_and_cut_long_ones_only_where_there_is_no_room() -> None:
    names = ClassNames("a parasite of any of the five kinds", "uninfected")
    drawn = confusion("net", Confusion(tp=3, fn=1, fp=2, tn=4), names)
    assert [row[0] for row in drawn.rows] == [names.positive, names.negative]
    assert f"3 of 4 {names.positive} cells and 4 of 6 uninfected cells" in drawn.caption
    words = re.findall(r"<text[^>]*>([^<]*)", drawn.svg)
    assert any(one.startswith("a paras") and one.endswith("…") for one in words)
    told = " ".join([*words, drawn.title, drawn.caption, *drawn.columns])
    assert not re.search(r"\b(ALL|HEM|normal|leukemic)\b", told)
