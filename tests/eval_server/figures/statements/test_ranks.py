"""What is said of ranks, against pairs counted one by one."""

from __future__ import annotations

import numpy as np
import pytest

from eval_server.figures import examples
from eval_server.figures.showing import pictures_of_report
from eval_server.figures.standings import Line, leaderboard, mean_ranks, rank_stability
from eval_server.figures.statements import ranks as said
from eval_server.figures.wording import ranks
from eval_server.judging.comparing import compare
from eval_server.judging.feedback import DIGITS
from eval_server.judging.placing import to_rank_by
from eval_server.judging.report import Report
from eval_server.scoring import ranking
from tests.support.sentences import numbers_in
from tests.support.truth import golden_verdicts

QUICK = {"resamples": 200}


@pytest.fixture(scope="module")
def report() -> Report:
    return compare(golden_verdicts(), **QUICK)


def _proven(report: Report, entry: str) -> tuple[int, int]:
    """How many entries are proven better and worse, by each pair's own adjusted p."""
    apart = [pair for pair in report.pairs if entry in (pair.a, pair.b) and (pair.p_holm or 0) < report.alpha]
    better = sum((pair.difference > 0) == (pair.b == entry) for pair in apart)
    return better, len(apart) - better


def test_a_rank_set_says_how_many_are_proven_better_and_worse(report: Report) -> None:
    assert said.set_says().startswith("so many entries are proven better as ranks lie before it")
    for one in report.entries:
        better, worse = _proven(report, one.entry)
        assert one.rank_set == (1 + better, 5 - worse)
        words = said.beside_others(one.rank_set, 5)
        assert numbers_in(words) == [worse, better, 4 - better - worse]
        assert numbers_in(said.may_hold(one.rank_set, 5)) == [5, *one.rank_set]
    assert any(sum(_proven(report, one.entry)) for one in report.entries)


def test_a_board_of_one_says_nothing_of_others() -> None:
    assert said.beside_others((1, 1), 1) == ""
    assert said.beside_others((1, 2), 2) == "better than 0, worse than 0, no difference shown to 1"
    assert said.place(1, 1) == "rank 1 of 1 entry"


def test_the_place_is_the_number_of_higher_scores_plus_one(report: Report) -> None:
    scores = [one.weighted_f1 for one in report.entries]
    for one in report.entries:
        higher = sum(score > one.weighted_f1 for score in scores)
        assert numbers_in(said.place(one.rank, len(scores))) == [higher + 1, 5]


def test_a_rank_and_its_set_are_written_as_is_said() -> None:
    example, low, high = "2 (1-3)", 1, 3
    assert said.how_written().startswith(f"2 ({ranks((low, high))})")
    assert said.how_written().startswith(example)
    assert numbers_in(said.how_written())[-2:] == [low, high]


def test_scores_that_are_equal_to_a_tenth_of_a_percent_share_a_place() -> None:
    values = to_rank_by([0.9004, 0.8996, 0.8984], DIGITS)
    assert [1 + int((values > value).sum()) for value in values] == [1, 1, 3]
    assert "a tenth of a percent" in said.ties_to_a_tenth()
    assert said.ties_to_a_tenth().endswith("equal ones share a place.")


def test_an_entry_taken_alone_has_the_ranks_of_its_own_tests() -> None:
    """Three entries by hand: p .09, .02, .5; two tests for each alone, one-sided for "among the best"."""
    pairs = np.array([0, 0, 1]), np.array([1, 2, 2])
    found = ranking.own_ranks(3, pairs, np.array([0.1, 0.2, 0.1]), np.array([0.09, 0.02, 0.5]), 0.05)
    one = found[0]
    assert said.own_rank("a", (one.low, one.high), one.among_best, 3, 0.05) == (
        "Taken alone, a has one of the ranks 1 to 2 (95 %), and is among the best 1."
    )
    named = [(name, (own.low, own.high), own.among_best) for name, own in zip("abc", found, strict=True)]
    assert said.own_ranks(named, 0.05) == (
        "Fewer ranks, or a place among fewer best, hold for an entry that was the one asked about beforehand "
        "(95 % for it alone, not for all together): a 1-2 (among the best 1), b 1-3, c 2-3."
    )
    assert "(90 %)." in said.own_rank("c", (3, 3), 3, 3, 0.1)
    assert "has rank 3" in said.own_rank("c", (3, 3), 3, 3, 0.1)


@pytest.mark.parametrize(
    ("better", "told"),
    [
        ([], "None of the 4 entries can be told apart from the others."),
        ([(0, 1), (0, 2), (0, 3)], "a is better than every other entry, beyond what chance explains."),
        ([(0, 2), (0, 3), (1, 2), (1, 3)], "Which of a and b is best cannot be told."),
        (
            [(0, 1), (1, 2), (0, 3)],
            "No entry is better than a, which is not told apart from every other one.",
        ),
        ([(0, 1), (0, 2)], "Which of a and d is best cannot be told."),
    ],
)
def test_what_is_told_of_the_best_follows_who_beats_whom(better: list[tuple[int, int]], told: str) -> None:
    marks = np.zeros((4, 4), dtype=bool)
    for winner, loser in better:
        marks[winner, loser] = True
    assert said.best_told("abcd", ranking.rank_sets(marks)) == told
    unbeaten = [name for at, name in enumerate("abcd") if not marks[:, at].any()]
    if "Which of" in told:
        assert told.startswith(f"Which of {' and '.join(unbeaten)} is")


def test_many_that_may_be_best_are_counted_and_without_subjects_nothing_is_told() -> None:
    sets = [(1, 6)] * 6 + [(7, 8)] * 2
    assert numbers_in(said.best_told("abcdefgh", sets)) == [6, 8]
    assert "cannot be judged" in said.best_told("ab", None)
    assert said.best_told(["a"], None) == "a is the only entry so far."


def test_two_without_a_common_bar_may_not_be_told_apart() -> None:
    """First and second are told apart, first and third are not: no run of neighbours holds both."""
    better = np.zeros((3, 3), dtype=bool)
    better[0, 1] = True
    runs = ranking.groups(better)
    assert not better[0, 2]
    assert not any(start <= 0 and stop > 2 for start, stop in runs)
    assert "two without a common bar may still not be told apart" in said.bars_mean()
    joined = [
        other + 1 for start, stop in runs if start <= 2 < stop for other in range(start, stop) if other != 2
    ]
    assert said.joined_with(joined) == "joined by a bar with 1 other row, rows 2 to 2"
    assert said.joined_with([]) == ""


def test_bars_join_exactly_runs_that_nobody_tells_apart(report: Report) -> None:
    drawn, runs = pictures_of_report(report)[0], report.groups
    names = [one.entry for one in report.entries]
    for start, stop in runs:
        alike = [
            report.between(a, b).p_holm >= 0.05 for a in names[start:stop] for b in names[start:stop] if a < b
        ]
        assert all(alike)
        told = said.bar_joins(names[start], names[stop - 1])
        assert (told in drawn.svg) is (stop - start > 1)
    lines = [Line(name, 0.8, (0.7, 0.9), (1, 3)) for name in "abc"]
    apart = leaderboard(lines, groups=[(0, 1), (1, 2), (2, 3)])
    assert apart.caption.endswith(said.told_from_neighbours())


def test_the_bars_of_the_help_page_are_those_of_its_numbers() -> None:
    """North and south have no bar in common, north and east as east and south have."""
    drawn = examples.board()
    assert drawn.caption.startswith(said.invented_bars())
    joined = [
        tuple(one.split(": cannot")[0].split(" to "))
        for one in drawn.svg.split("<title>")[1:]
        if ": cannot" in one
    ]
    assert joined == [("north", "east"), ("east", "south")]
    assert [row[1] for row in drawn.rows][:3] == ["1-2", "1-3", "2-3"]


def test_the_shares_of_resamples_are_those_of_the_ranks(report: Report) -> None:
    frequency = np.array([[0.2, 0.8], [0.8, 0.2]])
    drawn = rank_stability(("a", "b"), frequency, [2, 1.5], resamples=1234)
    assert drawn.caption == said.stability(1234, "b", 0.8)
    assert numbers_in(said.stability(1234, "b", 0.8)) == [1234, 80]
    assert said.in_resamples("a", 2, 0.8) in drawn.svg
    assert numbers_in(said.in_resamples("a", 2, 0.8)) == [2, 80]
    assert all(
        one.stability is not None and sum(one.stability.frequency) == pytest.approx(1)
        for one in report.entries
    )


def test_entries_within_the_critical_difference_are_named() -> None:
    drawn = mean_ranks(("a", "b", "c"), [1.2, 2.0, 2.8], 0.9)
    assert drawn.caption == said.mean_ranks(0.9, "a", ["b"])
    assert "one critical difference (0.90) from a, namely b." in drawn.caption
    assert "namely no other entry" in said.mean_ranks(0.1, "a", [])
