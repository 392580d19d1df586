"""How documents are said."""

from __future__ import annotations

from typing import Any

import pytest

from eval_server.figures.wording import metric_words
from eval_server.service.naming import unique_names
from eval_server.web.documents.phases import PhaseDocument
from eval_server.web.documents.teams import AllowanceDocument
from eval_server.web.presenting.words import (
    ago,
    duration,
    moment,
    others_words,
    phase_words,
    quota_words,
    represents_words,
    spot_checked_words,
    visibility_words,
)


def test_a_moment_is_written_in_utc_whatever_its_zone() -> None:
    assert moment("2026-12-31T23:59:00Z") == "31 Dec 2026, 23:59 UTC"
    assert moment("2027-01-01T00:59:00+01:00") == "31 Dec 2026, 23:59 UTC"


@pytest.mark.parametrize(
    ("then", "said"),
    [
        ("2026-11-23T11:59:40Z", "now"),
        ("2026-11-23T11:45:00Z", "15 min"),
        ("2026-11-22T13:00:00Z", "23 h"),
        ("2026-11-20T12:00:00Z", "3 d"),
    ],
)
def test_how_long_ago_is_said_in_one_unit(then: str, said: str) -> None:
    assert ago(then, "2026-11-23T12:00:00Z") == said


def test_short_times_have_a_digit_and_long_ones_are_minutes() -> None:
    assert [duration(seconds) for seconds in (0.26, 12.3, 600)] == ["0.3 s", "12 s", "10 min"]


def test_a_metric_is_a_percentage_or_a_plain_number_or_a_dash() -> None:
    assert metric_words("weighted_f1", 0.89808) == "89.81"
    assert metric_words("mcc", 0.5) == "0.5000"
    assert metric_words("auc", None) == "—"
    assert metric_words("log_loss", float("inf")) == "—"


@pytest.mark.parametrize("name", ["auc", "average_precision", "brier", "log_loss", "ece"])
def test_what_comes_from_scores_is_written_with_the_three_digits_that_are_public(name: str) -> None:
    assert metric_words(name, 0.591) == "0.591"
    assert metric_words(name, 0.59126) == "0.591"


def test_entries_of_one_name_are_told_apart_by_team_then_by_number() -> None:
    entries = [("a", "red"), ("b", "red"), ("b", "blue"), ("c", "x"), ("c", "x")]
    named = unique_names(entries)
    assert named == ["a", "b (red)", "b (blue)", "c (x) #1", "c (x) #2"]


def test_no_name_is_given_twice_even_where_one_reads_like_the_number_of_another() -> None:
    entries = [("x", "Q"), ("x", "Q"), ("x (Q) #1", "R"), ("y", "R"), ("x (Q) #3", "R")]
    named = unique_names(entries)
    assert named == ["x (Q) #2", "x (Q) #4", "x (Q) #1", "y", "x (Q) #3"]


def test_what_is_left_is_said_with_when_it_starts_anew() -> None:
    left = AllowanceDocument(
        left_today=3, left=40, unscored_left_today=None, waiting=1, resets_at="2026-11-24T00:00:00Z"
    )
    said = quota_words(left, "2026-11-23T17:00:00Z")
    assert said == (
        "3 of today's submissions left and 40 left in all (1 still being judged). "
        "Today's count starts anew at 00:00 UTC, in 7 h."
    )
    free = left.model_copy(update={"left_today": None, "left": None})
    assert quota_words(free, "2026-11-23T17:00:00Z") == "as many submissions as you like."


def test_partial_and_drawn_phases_carry_the_word() -> None:
    assert phase_words(PhaseDocument.model_construct(partial=True, drawn=False)) == ("partial",)
    assert phase_words(PhaseDocument.model_construct(partial=True, drawn=True)) == ("partial", "drawn")


def a_phase(**rules: Any) -> PhaseDocument:
    usual = {
        "part": "whole",
        "represents": "best",
        "visibility": "public",
        "choices": 1,
        "spot_checked": True,
    }
    return PhaseDocument.model_construct(**{**usual, "feedback": "full", "others": "full", **rules})


def test_where_nothing_is_told_before_the_end_the_rules_say_that_nothing_is_shown_before() -> None:
    public, anonymous, hidden = (
        visibility_words(a_phase(feedback="none", visibility=one))
        for one in ("public", "anonymous", "hidden")
    )
    assert public == "Everybody sees the board, once the phase has closed."
    assert anonymous.endswith(", once the phase has closed.")
    assert hidden == "The board is hidden until the phase closes."
    assert visibility_words(a_phase()) == "Everybody sees the board."
    divided = represents_words(a_phase(feedback="none", part="public"))
    assert "nothing is told while the phase is open" in divided
    assert "shown" not in divided
    assert "which alone is shown while" in represents_words(a_phase(feedback="summary", part="public"))
    assert spot_checked_words(a_phase(feedback="none")) == ""
    assert "a tenth of the cells" in spot_checked_words(a_phase(feedback="summary"))


def test_what_others_are_told_names_the_score_itself_unless_it_was_named_before() -> None:
    score = "the score that orders the board, to a tenth of a percent, and nothing else."
    for feedback in ("full", "summary"):
        said = others_words(a_phase(feedback=feedback, others="score"))
        assert said == f"Of a team's submissions others are told {score}"
    assert others_words(a_phase(feedback="score", others="score")) == "Others are told as much of them."
    assert others_words(a_phase(feedback="summary")) == "Others are told as much of them."
    assert others_words(a_phase(feedback="none", others="score")) == f"Others are then told {score}"
    assert others_words(a_phase(feedback="none")) == ""
