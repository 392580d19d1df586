"""Two or more entries side by side."""

from __future__ import annotations

from typing import Any

from eval_server.judging.comparing import compare
from eval_server.judging.feedback import Level
from eval_server.judging.verdict import Verdict, judge
from eval_server.service.access import Caller
from eval_server.service.side_by_side import ManyCompared
from eval_server.web.documents.comparisons import PairDocument, significance_document
from eval_server.web.presenting.comparisons import (
    cell_level,
    diagnosis,
    pair_lines,
    pair_view,
    part_lines,
    report_words,
)
from submissions.predictions import Predictions
from tests.support.server import small_truth

TRUTH = small_truth()
NAMES = {"one": "north", "two": "south"}


def a_verdict(wrong: int) -> Verdict:
    calls = TRUTH.labels.copy()
    calls[:wrong] ^= 1
    return judge(Predictions(TRUTH.phase, calls), TRUTH)


def a_side(name: str, verdict: Verdict) -> dict[str, Any]:
    interval = verdict.intervals["weighted_f1"].limits
    accuracy = None if verdict.summary is None else verdict.summary.mean.estimate
    facts = {"submission": name, "team": name, "entry": name, "interval": interval, "remarks": []}
    numbers = {name: verdict.metrics[name] for name in ("weighted_f1", "sensitivity", "specificity")}
    return {**facts, **numbers, "metrics": dict(verdict.metrics), "subject_accuracy": accuracy}


def a_document(p_holm: float | None = 0.5, **other: Any) -> PairDocument:
    """The comparison of an entry with 2 cells wrong and one with 14."""
    first, second = a_verdict(2), a_verdict(14)
    found = compare({"one": first, "two": second}, stability=False).between("one", "two").to_json()
    pairs = zip(first.subjects or (), second.subjects or (), strict=True)
    subjects = [{**a.to_json(), "a": a.accuracy, "b": b.accuracy} for a, b in pairs]
    about = {"phase": "small", "method": "", "ranked_by": "weighted_f1", "disagreements": None}
    entries = [a_side("one", first), a_side("two", second)]
    facts = {**found, **about, "entries": entries, "p_holm": p_holm, "subjects": subjects, **other}
    return PairDocument.model_validate(facts)


def test_a_pair_says_on_how_many_subjects_and_how_often_chance_does_as_well() -> None:
    view = pair_view(a_document(), NAMES)
    assert (view.a, view.b) == ("north", "south")
    assert view.difference.startswith("+")
    assert view.sentence.startswith(
        "north is better on 2 of 6 subjects, worse on 0 and even on 4; if the two"
    )
    assert "50 % of swaps" in view.sentence


def test_the_board_decides_whether_a_pair_is_told_apart() -> None:
    told = pair_view(a_document(0.5), NAMES), pair_view(a_document(0.01), NAMES)
    assert [one.answer for one in told] == [
        "north and south cannot be told apart.",
        "north is better than south.",
    ]
    assert told[0].verdict.startswith("The difference is not significant at 5 %")
    assert told[1].verdict.startswith("The difference is significant at 5 %")
    assert "Not both stand on the board" in pair_view(a_document(None), NAMES).verdict


def test_equivalence_is_claimed_only_where_the_whole_interval_lies_within_the_margin() -> None:
    found = {"margin": 0.01, "interval": [-0.004, 0.006], "equivalent": True, "not_inferior": True}
    found["other_not_inferior"] = False
    said = pair_view(a_document(equivalence=found), NAMES).equivalence
    assert said == "They are equivalent within ±1 point (90 % interval −0.40 to +0.60)."
    found |= {"interval": [-0.004, 0.03], "equivalent": False}
    assert "not shown" in pair_view(a_document(equivalence=found), NAMES).equivalence
    assert pair_view(a_document(equivalence=None), NAMES).equivalence == ""


def test_without_subjects_nothing_is_judged_and_nothing_fails() -> None:
    view = pair_view(a_document(subjects=None, p=None, p_holm=None, interval=[None, None]), NAMES)
    assert "cannot be judged" in view.sentence
    assert (view.interval, view.verdict) == ("", "")


def test_every_metric_that_has_an_exact_test_has_a_line() -> None:
    document = a_document()
    lines = {line.name: line for line in part_lines(document)}
    assert {"weighted F1", "sensitivity", "specificity", "subject accuracy"} <= set(lines)
    assert lines["sensitivity"].difference == "+44.44"
    assert lines["specificity"].difference == "+0.00"


def test_the_diagnosis_of_whole_subjects_is_compared_in_a_sentence() -> None:
    found = {"only_a": 5, "only_b": 1, "p": 0.21875}
    said = diagnosis(a_document(diagnosis=found), "north", "south")
    assert said.startswith("Diagnosis by majority: 5 subjects only north names rightly, 1 only south")
    assert "McNemar's exact p = 0.219, over subjects, which are independent; not adjusted" in said
    assert diagnosis(a_document(diagnosis=None), "north", "south") == ""


def test_the_test_on_cells_is_labelled_as_what_decides_nothing() -> None:
    said = cell_level(a_document(), "north", "south")
    assert said.startswith("12 cells only north has right, 0 only south has right")
    assert "decides nothing here" in said


def test_many_entries_are_summed_up_and_listed_pair_by_pair() -> None:
    found = compare({"a": a_verdict(0), "b": a_verdict(5), "c": a_verdict(14)}, stability=False)
    many = ManyCompared(found.to_json(), {"a": "1", "b": "2", "c": "3"}, {}, Level.FULL, found)
    report = significance_document(many, Caller())
    assert report_words(report).startswith("None of the 3 differences in weighted F1 is significant at 5 %")
    lines = pair_lines(report)
    assert [line.ids for line in lines] == [("1", "2"), ("1", "3"), ("2", "3")]
