"""A submission as its page shows it."""

from __future__ import annotations

import numpy as np
import pytest

from eval_server.judging.verdict import Verdict, judge
from eval_server.web.documents.submissions import SubmissionDocument
from eval_server.web.presenting.submissions import (
    MetricLine,
    MetricTable,
    coarse_roc,
    headline,
    metric_lines,
    pictures_of,
    status_words,
    worst_cells,
)
from submissions.predictions import Predictions
from tests.eval_server.web.presenting.documents import a_board, a_standing, a_submission
from tests.support.server import small_truth

TRUTH = small_truth()


def a_verdict(*, scores: bool = True) -> Verdict:
    """Five cells wrong: the first two by little, the next three by much."""
    certain = np.full(50, 0.9)
    certain[:2], certain[2:5] = 0.6, 0.99
    calls = TRUTH.labels.copy()
    calls[:5] ^= 1
    told = np.where(calls == 1, certain, 1 - certain) if scores else None
    return judge(Predictions(TRUTH.phase, calls, told), TRUTH)


def a_document(verdict: Verdict) -> SubmissionDocument:
    return a_submission(**{**verdict.to_json(), "phase": "prelim"})


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("received", "being judged"),
        ("scored", "Scored 12 s after it arrived."),
        ("refused", "Refused 12 s after it arrived. It does not count"),
        ("failed", "could not be judged"),
    ],
)
def test_the_status_is_a_sentence(status: str, said: str) -> None:
    times = {"submitted_at": "2026-11-23T12:00:00Z", "decided_at": "2026-11-23T12:00:12Z"}
    steps = [{"status": "received", "at": times["submitted_at"], "note": ""}]
    assert said in status_words(a_submission(status=status, history=steps, **times))


@pytest.mark.parametrize(
    ("note", "said"), [("the truth was replaced", ": the truth was replaced."), ("", ".")]
)
def test_what_was_judged_anew_says_when_and_why_and_not_how_long_after_it_arrived(
    note: str, said: str
) -> None:
    steps = [
        {"status": "received", "at": "2026-11-23T12:00:00Z", "note": ""},
        {"status": "scored", "at": "2026-11-23T12:00:01Z", "note": ""},
        {"status": "received", "at": "2026-11-23T13:15:59Z", "note": note},
        {"status": "scored", "at": "2026-11-23T13:16:00Z", "note": ""},
    ]
    times = {"submitted_at": "2026-11-23T12:00:00Z", "decided_at": "2026-11-23T13:16:00Z"}
    words = status_words(a_submission(history=steps, **times))
    assert words == f"Scored anew on 23 Nov 2026, 13:16 UTC{said}"


def test_before_the_new_board_is_there_nothing_is_said_of_another_submission() -> None:
    found = headline(a_document(a_verdict()), a_board([]), placed=False)
    assert found.place == "Its place is being worked out: the leaderboard is being made anew."
    assert headline(a_document(a_verdict()), a_board([], visible=False), placed=False).place == ""


def test_the_headline_says_how_many_cells_are_right_and_what_the_interval_means() -> None:
    board = a_board([a_standing(1, 0.9, rank_set=[1, 2]), a_standing(2, 0.8, rank_set=[1, 2])])
    found = headline(a_document(a_verdict()), board)
    assert found.sentence.startswith(
        "45 of 50 cells are called right. By these 6 subjects the value over all"
    )
    assert found.place == (
        "Of 2 entries, it may hold any rank from 1 to 2 (all entries together). "
        "It is better than 0, worse than 0, no difference shown to 1."
    )


def test_the_place_says_what_is_known_of_the_entry_taken_alone() -> None:
    alone = {"rank_set": [1, 3], "own_rank_set": [1, 2], "among_best": 2}
    board = a_board([a_standing(1, 0.9, **alone), *(a_standing(rank, 0.8) for rank in (2, 3))])
    assert headline(a_document(a_verdict()), board).place.endswith(
        "Taken alone, it has one of the ranks 1 to 2 (95 %), and is among the best 2."
    )


def test_a_submission_that_does_not_stand_for_its_team_says_so() -> None:
    assert "Another submission" in headline(a_document(a_verdict()), a_board([])).place
    assert headline(a_document(a_verdict()), a_board([], visible=False)).place == ""


def test_every_metric_has_a_line_and_the_subject_accuracy_stands_second() -> None:
    verdict = a_verdict()
    lines = metric_lines(a_document(verdict))
    assert [line.name for line in lines[:2]] == ["weighted F1, %", "subject accuracy, %"]
    assert len(lines) == len(verdict.metrics) + 1
    assert lines[0].value == f"{100 * verdict.metrics['weighted_f1']:.2f}"
    assert " to " in lines[0].interval


def test_a_table_of_metrics_has_a_column_and_a_footnote_only_for_what_is_in_it() -> None:
    whole = MetricTable(tuple(metric_lines(a_document(a_verdict()))))
    assert (whole.intervals, whole.marked) == (True, True)
    alone = MetricTable((MetricLine("weighted F1, %", "78.0", "—"),))
    assert (alone.intervals, alone.marked) == (False, False)
    unmarked = MetricTable((MetricLine("weighted F1, %", "78.0", "70.1 to 85.0"),))
    assert (unmarked.intervals, unmarked.marked) == (True, False)


def test_only_the_hosts_pictures_show_single_cells() -> None:
    verdict = a_verdict()
    assert [one.name for one in pictures_of("x", verdict, host=False)] == ["confusion", "roc", "subjects"]
    assert "calibration" in [one.name for one in pictures_of("x", verdict, host=True)]
    assert "roc" not in [one.name for one in pictures_of("x", a_verdict(scores=False), host=False)]


def test_the_roc_for_all_is_too_coarse_to_tell_a_label() -> None:
    curve = coarse_roc("x", a_verdict())
    assert curve is not None
    assert len(curve.x) == 21
    assert np.allclose(curve.y * 100, np.round(curve.y * 100))
    assert curve.area == round(curve.area, 3)


def test_the_most_certain_mistakes_come_first() -> None:
    cells = worst_cells(a_verdict(), TRUTH.phase.cells, most=3)
    assert {cell.name for cell in cells} == set(TRUTH.phase.cells[2:5])
    assert all(cell.subject and cell.leukemic for cell in cells)
    assert len(worst_cells(a_verdict(scores=False), TRUTH.phase.cells)) == 5
