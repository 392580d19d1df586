"""What is left of a verdict at each level."""

from __future__ import annotations

import json

import pytest

from eval_server.judging.comparing import compare
from eval_server.judging.feedback import Level, Sight, Told, comparison_shown, report_shown, shown
from eval_server.judging.verdict import Verdict
from tests.eval_server.judging.test_spot_check import a_truth, a_verdict

BY_SUBJECT = ("confusion", "subjects", "mcnemar", "wilcoxon", "diagnosis", "secondary", "stability")


def at(level: Level, verdict: Verdict | None = None) -> Told | None:
    found = verdict or a_verdict(a_truth())
    return shown(found, found.to_json(), Sight(level, "accuracy"))


def told(level: Level) -> Told:
    found = at(level)
    assert found is not None
    return found


def test_nothing_is_made_of_a_verdict_of_which_nothing_is_told() -> None:
    assert at(Level.NONE) is None


def test_a_score_is_the_ranked_metric_and_nothing_else() -> None:
    found = told(Level.SCORE)
    whole = a_verdict(a_truth()).metrics["accuracy"] or 0
    assert found.document["metrics"] == {"accuracy": round(whole, 3)}
    assert found.document["intervals"] == {}
    assert found.whole is None


def test_a_summary_has_metrics_of_labels_to_a_tenth_of_a_percent_and_their_intervals() -> None:
    found = told(Level.SUMMARY)
    whole = a_verdict(a_truth())
    assert found.document["metrics"] == {name: round(value or 0, 3) for name, value in whole.metrics.items()}
    assert found.whole is None
    for name, one in found.document["intervals"].items():
        assert one["interval"] == tuple(round(end or 0, 3) for end in whole.intervals[name].limits)
        assert one["se"] is one["df"] is None
    assert not {*BY_SUBJECT} & {*found.document}


def test_full_feedback_and_the_host_have_the_verdict_itself() -> None:
    for level in (Level.FULL, Level.HOST):
        found = told(level)
        assert found.whole is not None
        assert found.document == a_verdict(a_truth()).to_json()


@pytest.mark.parametrize("p_holm", [None, 0.004, 0.7])
def test_a_summary_of_two_entries_says_whether_a_difference_is_shown_and_no_p(p_holm: float | None) -> None:
    truth = a_truth()
    report = compare({"a": a_verdict(truth, 20), "b": a_verdict(truth, 80)}, stability=False)
    found = comparison_shown(report.pairs[0], p_holm, 0.05, Level.SUMMARY)
    assert found["p"] is found["p_holm"] is None
    p = report.pairs[0].p if p_holm is None else p_holm
    assert found["significant"] == (p is not None and p < 0.05)
    assert not {*BY_SUBJECT} & {*found}


def test_a_summary_of_many_entries_holds_no_number_with_more_than_three_digits() -> None:
    truth = a_truth()
    report = compare({name: a_verdict(truth, wrong) for name, wrong in (("a", 20), ("b", 44), ("c", 80))})
    text = json.dumps(report_shown(report, Level.SUMMARY))
    document = json.loads(text, parse_float=lambda digits: digits)
    numbers = [part for part in _texts(document) if part.lstrip("-").replace(".", "").isdigit()]
    assert max(len(part.partition(".")[2]) for part in numbers) <= 3
    assert "mcnemar" not in text


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for part in value.values() for text in _texts(part)]
    if isinstance(value, list):
        return [text for part in value for text in _texts(part)]
    return [value] if isinstance(value, str) else []
