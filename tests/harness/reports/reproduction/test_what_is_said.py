"""What a reproduction says where a number or a point of a picture is not there."""

from __future__ import annotations

import numpy as np
import pytest

from eval_server.judging.truth import Truth, read_truth
from eval_server.judging.verdict import judge
from harness.reports.reproduction.rendering import markdown
from harness.reports.reproduction.report import reproduction
from harness.reports.reproduction.study import Arm, Study, Trained
from submissions.predictions import Predictions
from tests.support import stored
from tests.support.truth import LABEL_FILE


@pytest.fixture(scope="module")
def truth() -> Truth:
    return read_truth(stored(LABEL_FILE))


def a_run(truth: Truth, seed: int, wrong: tuple[float, ...]) -> Trained:
    """A run whose epochs call these shares of the cells wrong."""
    generator = np.random.default_rng(seed)
    called = [
        (truth.labels ^ (generator.random(len(truth.labels)) < share)).astype(np.uint8) for share in wrong
    ]
    verdicts = tuple(judge(Predictions(truth.phase, labels, None), truth) for labels in called)
    return Trained(seed, verdicts, (None, 0.2, 0.1), (0.4, 0.3, 0.2))


def told(truth: Truth, wrong: tuple[float, ...]) -> str:
    """The report of three methods with equal predictions."""
    runs = tuple(a_run(truth, seed, wrong) for seed in range(2))
    study = Study(tuple(Arm(name, runs) for name in ("PROPOSAL", "NOROT", "NOSPECLR")))
    return markdown(reproduction(study))


def test_equal_methods_have_no_interval_and_the_reason_stands_below(truth: Truth) -> None:
    text = told(truth, (0.3, 0.2, 0.1))
    assert "| PROPOSAL − NOROT | last epoch | +0.00 | — | — |" in text
    why = "no interval: the two methods differ by the same for every seed and every subject."
    assert text.count(why) == 4
    assert f"PROPOSAL − NOSPECLR, best epoch: seeds and subjects together: +0.00 points, {why}" in text


def test_where_epoch_0_is_the_best_the_picture_that_leaves_it_out_says_so(truth: Truth) -> None:
    first = told(truth, (0.1, 0.2, 0.3))
    assert "best at epoch 0" in first
    assert "no later one more, so it is the chosen one; it is left out, as published." in first
    assert "The largest value chose the epoch" not in first
    later = told(truth, (0.3, 0.2, 0.1))
    assert "The largest value chose the epoch. Epoch 0, before training, reaches " in later
