"""The leaderboard as its page shows it."""

from __future__ import annotations

import pytest

from eval_server.web.documents.boards import LeaderboardDocument
from eval_server.web.presenting.boards import board_view
from submissions.classes import ClassNames
from tests.eval_server.web.presenting.documents import a_board, a_standing, four


def entries(board: LeaderboardDocument, sort: str, order: str = "") -> list[str]:
    return [row.entry for row in board_view(board, sort, order).rows]


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        ([(1, 2), (1, 2), (3, 4), (3, 4)], "Which of entry 1 and entry 2 is best cannot be told."),
        ([(1, 4)] * 4, "None of the 4 entries can be told apart from the others."),
        (
            [(1, 1), (2, 4), (2, 4), (2, 4)],
            "entry 1 is better than every other entry, beyond what chance explains.",
        ),
        ([(1, 2), (2, 4), (2, 4), (1, 4)], "Which of entry 1 and entry 4 is best cannot be told."),
        (
            [(1, 2), (2, 4), (2, 4), (2, 4)],
            "No entry is better than entry 1, which is not told apart from every other one.",
        ),
    ],
)
def test_the_first_sentence_says_what_cannot_be_told_apart(sets: list[tuple[int, int]], said: str) -> None:
    standings = [a_standing(at + 1, 0.9 - at / 50, rank_set=list(each)) for at, each in enumerate(sets)]
    assert board_view(a_board(standings), "rank", "").told == said


def test_a_name_is_found_in_entries_and_teams_whichever_case_it_is_written_in() -> None:
    standings = [a_standing(at + 1, 0.9 - at / 50, rank_set=[1, 9]) for at in range(9)]
    standings[4] |= {"team": "Zürich Blutbild"}
    standings[7] |= {"entry": "ZÜRICH net"}
    board = a_board(standings, [(0, 9)])
    view = board_view(board, "f1", "asc", "zürich")
    assert [row.submission for row in view.rows] == ["id8", "id5"]
    assert not view.bars
    assert view.finding is not None
    assert view.finding.rows == 9
    assert view.columns[1].address == "?sort=entry&order=asc&q=z%C3%BCrich"
    assert board_view(board, "rank", "", "nobody").rows == ()
    assert board_view(four([])).finding is None
    assert board_view(board).bars


def test_a_board_ranked_by_another_metric_says_so() -> None:
    assert board_view(four([], metric="sensitivity")).ranked_by == "sensitivity"
    assert board_view(four([])).ranked_by == ""


def test_the_metric_that_ranks_has_its_head_over_its_own_numbers() -> None:
    standings = [a_standing(1, 0.9, f1_all=0.8), a_standing(2, 0.8, f1_all=0.7)]
    view = board_view(a_board(standings, metric="f1_all"))
    keys = [head.key for head in view.columns]
    after = [head.css for head in view.columns[keys.index("weighted_f1") + 1 :] if head.measure]
    assert after == [cell.css for cell in view.rows[0].measures]
    assert after[0] == "metric"


def test_a_board_about_other_cells_calls_its_numbers_by_the_names_of_the_classes() -> None:
    board = a_board([a_standing(1, 0.9, f1_all=0.8), a_standing(2, 0.8, f1_all=0.7)], metric="f1_all")
    view = board_view(board, classes=ClassNames("parasite", "uninfected"))
    assert view.ranked_by == "F1 of parasite"
    assert view.rows[0].measures[0].head == "F1 of parasite, %"
    assert [head.head for head in view.columns if head.key == "f1_all"] == ["F1 of parasite, %"]


def test_many_entries_that_cannot_be_told_apart_are_counted_instead_of_named() -> None:
    sets = [[1, 6]] * 6 + [[7, 8]] * 2
    board = a_board([a_standing(at + 1, 0.9 - at / 50, rank_set=sets[at]) for at in range(8)])
    assert board_view(board, "rank", "").told == "Which of 6 of the 8 entries is best cannot be told."


def test_without_subjects_nothing_is_said_about_telling_apart() -> None:
    unknown = {"interval": [None, None], "subject_accuracy": None}
    view = board_view(a_board([a_standing(1, 0.9, **unknown), a_standing(2, 0.8, **unknown)]), "rank", "")
    assert "chance over subjects cannot be judged" in view.told
    assert [row.interval for row in view.rows] == ["not estimable"] * 2
    assert not view.bars


def test_an_entry_without_an_interval_is_told_apart_by_its_tests_all_the_same() -> None:
    """One that has every cell right, or calls every cell the same, has tests but no interval."""
    first = a_standing(1, 1.0, rank_set=[1, 2], interval=[None, None])
    board = a_board([first, a_standing(2, 0.9, rank_set=[1, 3]), a_standing(3, 0.5, rank_set=[2, 3])])
    view = board_view(board, "rank", "")
    assert view.told == "Which of entry 1 and entry 2 is best cannot be told."
    assert view.rows[0].apart == "better than 1, worse than 0, no difference shown to 1"
    assert view.footnote


def test_a_board_without_entries_and_one_with_a_single_entry_say_so() -> None:
    assert "No entry" in board_view(a_board([]), "rank", "").told
    assert "only entry" in board_view(a_board([a_standing(1, 0.9)], [(0, 1)]), "rank", "").told


def test_a_board_of_one_entry_says_nothing_of_others() -> None:
    view = board_view(a_board([a_standing(1, 0.9, rank_set=[1, 1])], [(0, 1)]))
    assert view.rows[0].ranks == "1"
    assert view.rows[0].apart == ""


def test_bars_that_overlap_stand_side_by_side_and_say_where_they_begin_and_end() -> None:
    view = board_view(four([(0, 3), (2, 4)]), "rank", "")
    assert view.lanes == 2
    assert [row.bars for row in view.rows] == [
        ((0, "start"),),
        ((0, "middle"),),
        ((0, "end"), (1, "start")),
        ((1, "end"),),
    ]
    assert view.rows[2].joined == "joined by a bar with 3 other rows, rows 1 to 4"


def test_the_bars_are_plotted_only_in_the_order_of_rank() -> None:
    board = four([(0, 3)])
    assert board_view(board, "rank", "").bars
    assert not board_view(board, "spec", "").bars
    assert not board_view(board, "rank", "desc").bars


def test_the_board_is_sorted_by_any_column_both_ways() -> None:
    board = four([(0, 4)])
    assert entries(board, "spec") == ["entry 4", "entry 3", "entry 2", "entry 1"]
    assert entries(board, "spec", "asc") == ["entry 1", "entry 2", "entry 3", "entry 4"]
    assert entries(board, "entry", "desc") == ["entry 4", "entry 3", "entry 2", "entry 1"]
    assert entries(board, "no such column") == ["entry 1", "entry 2", "entry 3", "entry 4"]


def test_ranks_are_sorted_as_numbers_and_what_is_absent_comes_last() -> None:
    standings = [a_standing(at, 1 - at / 50) for at in range(1, 12)]
    assert entries(a_board(standings), "rank")[-2:] == ["entry 10", "entry 11"]
    standings[0]["subject_accuracy"] = None
    for order in ("asc", "desc"):
        assert entries(a_board(standings), "subjects", order)[-1] == "entry 1"


def test_values_that_tie_but_for_the_last_digit_keep_the_order_of_the_board() -> None:
    standings = [a_standing(1, 0.9), a_standing(2, 0.8, subject_accuracy=0.7 + 2e-16)]
    for order in ("asc", "desc"):
        assert entries(a_board(standings), "subjects", order) == ["entry 1", "entry 2"]


def test_the_head_of_the_sorted_column_turns_the_order() -> None:
    heads = {column.css: column for column in board_view(four([]), "f1", "desc").columns}
    assert heads["f1"].sorted == "descending"
    assert heads["f1"].address == "?sort=f1&order=asc"
    assert heads["sens"].address == "?sort=sens&order=desc"
    assert heads["rank"].sorted == ""


def test_a_phase_that_ranks_by_another_metric_shows_it() -> None:
    standings = [a_standing(1, 0.9, auc=0.91234), a_standing(2, 0.8, auc=None)]
    view = board_view(a_board(standings, metric="auc"), "rank", "")
    assert [column.key for column in view.columns][3:5] == ["weighted_f1", "auc"]
    assert [row.measures[0].words for row in view.rows] == ["0.912", "—"]
    standings[1]["auc"] = 0.95
    assert entries(a_board(standings, metric="auc"), "metric") == ["entry 2", "entry 1"]


def test_a_published_result_is_set_apart_without_rank_or_interval() -> None:
    published = {"entry": "Pan et al.", "source": "abstract", "weighted_f1": 0.925}
    view = board_view(four([], references=[published]), "rank", "")
    assert [one.entry for one in view.references] == ["Pan et al."]
    assert len(view.rows) == 4


def test_marks_are_hidden_from_screen_readers_because_the_numbers_stand_beside_them() -> None:
    view = board_view(four([]), "rank", "")
    for mark in (view.axis, *(row.mark for row in view.rows)):
        assert 'aria-hidden="true"' in mark
        assert "<title" not in mark
        assert "style=" not in mark


def test_the_board_says_how_large_a_difference_its_subjects_can_show() -> None:
    said = board_view(four([(0, 4)], findable=0.0512, subjects=28)).footnote
    assert "With these 28 subjects a difference between two of these entries is found in 80 of 100" in said
    assert "where it is +5.12 points or more" in said
    assert "80 of 100" not in board_view(four([(0, 4)])).footnote


def test_a_measure_that_is_told_of_no_entry_has_no_column_and_the_sample_is_said_above_alone() -> None:
    told = "measured on a tenth of the cells"
    lines = [a_standing(at, 0.9, subject_accuracy=None, remarks=[told, "best of 3"]) for at in (1, 2)]
    board = a_board(lines, feedback="summary", spot_checked=True)
    shown = board_view(board, sort="subjects")
    assert [head.key for head in shown.columns if head.measure] == ["sensitivity", "specificity"]
    assert [len(row.measures) for row in shown.rows] == [2, 2] == [shown.measures] * 2
    assert [row.remarks for row in shown.rows] == [("best of 3",)] * 2
    assert told in shown.withheld
    assert "subject_accuracy" in [head.key for head in board_view(a_board([])).columns]
