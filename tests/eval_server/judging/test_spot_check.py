"""A verdict on a sample of the cells: which cells, how many, and what it comes to on average."""

from __future__ import annotations

import numpy as np
import pytest

from eval_server.judging.spot_check import SAID, sampled_counts, spot_checked
from eval_server.judging.truth import Truth
from eval_server.judging.verdict import Verdict, judge
from submissions.phases import Phase
from submissions.predictions import Predictions

SIZES = (40, 30, 20, 60, 1, 2)


def a_truth(*, subjects: bool = True) -> Truth:
    """Three subjects with ALL cells and three without; the last two have one cell and two."""
    names = [name for name, size in zip("ABCXYZ", SIZES, strict=True) for _ in range(size)]
    labels = np.array([name in "ABC" for name in names], dtype=np.uint8)
    phase = Phase("phase", tuple(f"{at}.bmp" for at in range(len(names))))
    return Truth(phase, labels, tuple(names) if subjects else None)


def a_verdict(truth: Truth, wrong: int = 40, seed: int = 0) -> Verdict:
    labels = truth.labels.copy()
    labels[np.random.default_rng(seed).permutation(len(labels))[:wrong]] ^= 1
    return judge(Predictions(truth.phase, labels), truth)


def test_the_same_labels_have_the_same_sample_and_another_server_takes_another() -> None:
    whole = a_verdict(a_truth())
    first, again = (spot_checked([whole], "secret")[0] for _ in range(2))
    assert first.confusion == again.confusion
    assert first.tally is not None
    assert again.tally is not None
    assert (first.tally.tp == again.tally.tp).all()
    others = {spot_checked([whole], f"secret {at}")[0].confusion for at in range(8)}
    assert len(others) > 4


def test_one_cell_called_otherwise_has_another_sample() -> None:
    truth = a_truth()
    found = spot_checked([a_verdict(truth, 40), a_verdict(truth, 41)], "secret")
    assert abs(found[0].confusion.tp - found[1].confusion.tp) > 1


def test_a_corrected_label_moves_no_more_than_its_own_subject() -> None:
    before, called = a_truth(), a_verdict(a_truth()).cells.called
    labels = before.labels.copy()
    labels[0] ^= 1
    truths = before, Truth(before.phase, labels, before.subjects)
    found = [spot_checked([judge(Predictions(each.phase, called), each)], "secret")[0] for each in truths]
    old, new = ({one.subject: one for one in each.subjects or ()} for each in found)
    assert [name for name in "ABCX" if old[name] != new[name]] == ["A"]
    assert found[0].sha256 != found[1].sha256, "a test of one truth is none of the other"


def test_a_sample_is_scaled_to_all_cells_and_is_right_on_average() -> None:
    whole = a_verdict(a_truth())
    found = [spot_checked([whole], f"secret {at}")[0] for at in range(600)]
    for one in found:
        assert one.confusion.positives == whole.confusion.positives
        assert one.confusion.negatives == whole.confusion.negatives
    mean = np.mean([one.metrics["accuracy"] for one in found])
    spread = np.std([one.metrics["accuracy"] for one in found])
    assert abs(mean - (whole.metrics["accuracy"] or 0)) < 4 * spread / np.sqrt(len(found)) + 0.003


def test_what_a_sample_hides_is_more_than_what_a_few_cells_move() -> None:
    whole = a_verdict(a_truth())
    right = [spot_checked([whole], f"secret {at}")[0].confusion.tp for at in range(200)]
    assert np.std(right) > 4


def test_a_subject_with_a_single_cell_is_mostly_left_out() -> None:
    right, generator = np.arange(400) % 2, np.random.default_rng(1)
    found = sampled_counts(right == 1, np.arange(400), generator.random(400), generator.random(400))
    assert 0.3 < (found == right).mean() < 0.8, "a lone cell would show itself"


def test_without_subjects_the_cells_of_a_class_are_sampled_together() -> None:
    found = spot_checked([a_verdict(a_truth(subjects=False))], "secret")[0]
    assert found.tally is None
    assert found.metrics["accuracy"] != a_verdict(a_truth(subjects=False)).metrics["accuracy"]
    assert SAID in found.remarks


def test_nothing_a_sample_tells_without_subjects_is_of_all_cells() -> None:
    truth = a_truth(subjects=False)
    labels = a_verdict(truth).cells.called
    scores = 0.1 + 0.8 * labels + np.linspace(-0.05, 0.05, len(labels))
    whole = judge(Predictions(truth.phase, labels, scores), truth)
    found = spot_checked([whole], "secret")[0]
    assert {name: one.estimate for name, one in found.intervals.items()} == pytest.approx(
        {name: np.nan if value is None else value for name, value in found.metrics.items()}, nan_ok=True
    )
    assert all(one.limits == [None, None] for one in found.intervals.values())
    assert found.intervals["weighted_f1"].estimate != whole.intervals["weighted_f1"].estimate
    assert found.cells.scores is None, "what is computed from scores is of all cells"


def test_a_sample_has_intervals_and_subjects_of_its_own() -> None:
    whole = a_verdict(a_truth())
    found = spot_checked([whole], "secret")[0]
    assert found.intervals["accuracy"].estimate == found.metrics["accuracy"]
    assert found.intervals["accuracy"].limits != whole.intervals["accuracy"].limits
    assert found.subjects is not None
    assert sum(line.correct for line in found.subjects) == found.confusion.tp + found.confusion.tn
