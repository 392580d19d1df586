"""Predictions meet truth: the verdict, its public part, its stored form, and what it refuses."""

from __future__ import annotations

import json

import numpy as np
import pytest

from eval_server.judging.truth import Truth
from eval_server.judging.verdict import NO_SUBJECTS, PhasesDiffer, Verdict, judge
from eval_server.scoring.measures import measure
from submissions.phases import phase_of
from submissions.predictions import Predictions
from tests.support.truth import a_truth, a_verdict, golden_verdicts

SMALL = {"A": "1111", "B": "111", "H1": "000", "H2": "0000"}


def test_a_verdict_counts_by_subject_and_votes() -> None:
    truth = a_truth(SMALL)
    verdict = a_verdict(truth, ["A-0.bmp", "A-1.bmp", "H1-0.bmp"])
    assert verdict.confusion.to_json() == {"tn": 6, "fp": 1, "fn": 2, "tp": 5}
    assert verdict.subjects is not None
    assert [(line.subject, line.label, line.cells, line.correct) for line in verdict.subjects] == [
        ("A", "ALL", 4, 2),
        ("B", "ALL", 3, 3),
        ("H1", "HEM", 3, 2),
        ("H2", "HEM", 4, 4),
    ]
    assert verdict.summary is not None
    assert verdict.summary.mean.estimate == pytest.approx((0.5 + 1 + 2 / 3 + 1) / 4)
    assert (verdict.summary.minimum, verdict.summary.below_half) == (0.5, 0)
    assert verdict.summary.diagnosis.sensitivity.hits == 1
    assert verdict.summary.diagnosis.ties == 1


def test_the_public_part_is_json_without_single_cells() -> None:
    verdict = golden_verdicts()["E1"]
    text = json.dumps(verdict.to_json(), allow_nan=False)
    assert len(text) < 15_000
    assert {"phase", "metrics", "intervals", "confusion", "subjects", "truth_sha256"} <= set(json.loads(text))
    assert len(json.loads(text)["subjects"]["table"]) == 28


def test_the_stored_form_gives_the_same_verdict_back() -> None:
    for verdict in (golden_verdicts()["E2"], a_verdict(a_truth(SMALL), ["A-0.bmp"])):
        again = Verdict.from_bytes(verdict.to_bytes())
        assert again.to_json() == verdict.to_json()
        assert again.sha256 == verdict.sha256
        assert again.to_bytes() == verdict.to_bytes()


def test_stored_forms_by_several_truths_are_read_together_as_each_alone() -> None:
    golden, small = golden_verdicts(), a_truth(SMALL)
    verdicts = [golden["E1"], a_verdict(small), golden["E2"], a_verdict(Truth(small.phase, small.labels))]
    stored = [verdict.to_bytes() for verdict in verdicts]
    together = Verdict.all_from_bytes(stored)
    assert [one.to_json() for one in together] == [verdict.to_json() for verdict in verdicts]
    assert [one.to_bytes() for one in together] == stored


def test_bytes_that_are_no_verdict_are_refused() -> None:
    with pytest.raises(ValueError, match="no stored verdict"):
        Verdict.from_bytes(b"something")


def test_the_identity_depends_on_the_predictions_and_the_truth() -> None:
    truth = a_truth(SMALL)
    assert a_verdict(truth).sha256 == a_verdict(truth).sha256
    assert a_verdict(truth).sha256 != a_verdict(truth, ["A-0.bmp"]).sha256
    assert a_verdict(truth).sha256 != a_verdict(truth, scores=np.linspace(0, 1, 14)).sha256
    other = Truth(truth.phase, truth.labels, ("A", *truth.subjects[1:]) if truth.subjects else None)
    assert a_verdict(other).sha256 == a_verdict(truth).sha256
    assert a_verdict(Truth(truth.phase, truth.labels)).sha256 != a_verdict(truth).sha256


def test_the_order_of_cells_and_the_names_of_subjects_do_not_matter() -> None:
    truth = a_truth(SMALL)
    renamed = a_truth({"B": "1111", "A": "111", "H2": "000", "H1": "0000"})
    here = a_verdict(truth, ["A-0.bmp", "H1-0.bmp"])
    there = a_verdict(renamed, ["B-3.bmp", "H2-2.bmp"])
    assert here.metrics == there.metrics
    for name, interval in here.intervals.items():
        assert there.intervals[name].low == pytest.approx(interval.low, nan_ok=True)


def test_without_subjects_there_is_no_interval_and_no_result_by_subject() -> None:
    truth = a_truth(SMALL)
    verdict = a_verdict(Truth(truth.phase, truth.labels), ["A-0.bmp"])
    assert verdict.subjects is None
    assert verdict.summary is None
    assert all(not interval.estimable for interval in verdict.intervals.values())
    assert verdict.remarks == (NO_SUBJECTS,)
    assert verdict.to_json()["subjects"] is None


def test_predictions_of_another_length_are_refused_and_both_lengths_named() -> None:
    truth = a_truth(SMALL)
    short = phase_of("short", truth.phase.cells[:-1])
    with pytest.raises(PhasesDiffer, match=r"13 cells \(short\), the label file has 14 ") as caught:
        judge(Predictions(short, np.zeros(13)), truth)
    assert caught.value.hint


def test_predictions_of_other_cells_are_refused_and_the_first_named() -> None:
    truth = a_truth({"A": "11"})
    with pytest.raises(PhasesDiffer, match=r"2 is about the cell B-1\.bmp, the label file has A-1"):
        judge(Predictions(phase_of("p", ["A-0.bmp", "B-1.bmp"]), np.zeros(2)), truth)


def test_no_cells_are_nothing_to_judge() -> None:
    empty = phase_of("empty", [])
    with pytest.raises(PhasesDiffer, match="nothing to judge"):
        judge(Predictions(empty, np.zeros(0)), Truth(empty, np.zeros(0)))


def test_partial_and_drawn_phases_mark_their_verdicts() -> None:
    phase = phase_of("p", ["1.bmp", "2.bmp"], partial=True, drawn=True)
    verdict = judge(Predictions(phase, np.array([1, 0])), Truth(phase, np.array([1, 0])))
    assert (verdict.partial, verdict.drawn) == (True, True)
    assert verdict.to_json()["drawn"] is True


def test_a_perfect_entry_is_perfect_and_not_certain() -> None:
    verdict = a_verdict(a_truth(SMALL), scores=None)
    assert verdict.metrics["weighted_f1"] == 1.0
    assert not verdict.intervals["weighted_f1"].estimable
    assert "no spread" in verdict.intervals["weighted_f1"].remark
    assert verdict.summary is not None
    assert verdict.summary.diagnosis.sensitivity.low is not None


def test_a_truth_of_one_class_has_a_verdict_without_area() -> None:
    truth = a_truth({"A": "1111", "B": "111"})
    verdict = a_verdict(truth, ["A-0.bmp"], scores=np.linspace(0, 1, 7))
    assert verdict.metrics["specificity"] is None
    assert verdict.metrics["auc"] is None
    document = json.loads(json.dumps(verdict.to_json(), allow_nan=False))
    assert document["metrics"]["specificity"] is None
    assert document["intervals"]["specificity"]["estimate"] is None
    assert document["intervals"]["specificity"]["remark"] == "not defined: the truth has no HEM cell"
    assert verdict.metrics["brier"] > 0


def test_the_document_names_the_intervals_that_are_marked_on_a_page() -> None:
    """The same as the page's dagger: those of docs/calibration.md that cover less than 93 % somewhere."""
    verdict = a_verdict(a_truth({"A": "1111", "B": "111", "H": "0000", "I": "000"}), [])
    named = verdict.to_json()["below_93"]
    assert "sensitivity" in named
    assert "weighted_f1" not in named
    assert set(named) == {name for name in (*verdict.intervals, "subject_accuracy") if measure(name).marked}


def test_no_interval_is_shown_that_was_not_calibrated_over_subjects() -> None:
    verdict = next(iter(golden_verdicts().values()))
    assert {"average_precision", "brier", "log_loss", "ece"} <= set(verdict.metrics)
    assert not {"average_precision", "brier", "log_loss", "ece"} & set(verdict.intervals)


def test_one_subject_in_each_class_has_values_and_says_why_there_are_no_intervals() -> None:
    verdict = a_verdict(a_truth({"A": "1111", "H": "0000"}), ["A-0.bmp"], scores=np.linspace(1, 0, 8))
    assert verdict.intervals["weighted_f1"].remark == "not estimable: only one subject with ALL cells"
    assert verdict.intervals["auc"].remark == "not estimable: only one subject with ALL cells"
    assert verdict.summary is not None
    assert not verdict.summary.mean.estimable


def test_subjects_of_both_classes_are_judged_and_labelled_so() -> None:
    verdict = a_verdict(a_truth({"A": "1100", "B": "1000", "C": "110"}), ["A-0.bmp", "B-2.bmp"])
    assert verdict.subjects is not None
    assert {line.label for line in verdict.subjects} == {"both"}
    assert verdict.intervals["weighted_f1"].estimable
    assert verdict.summary is not None
    assert verdict.summary.diagnosis.sensitivity.of == 0
