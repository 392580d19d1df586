"""The line that each epoch leaves on standard error."""

from __future__ import annotations

import pytest

from harness.runs.epoch_lines import epoch_line
from models.progress import EpochEnd

LEARNT = {"epoch": 3, "loss": 0.31214, "learning_rates": [1e-4]}


@pytest.mark.parametrize(
    ("end", "line"),
    [
        (
            EpochEnd(LEARNT, 6, 12, 251.0, 41.23, 725.0),
            "epoch 3 of 6: loss 0.3121, 41.2 cells/s, 4 min; about 12 min left",
        ),
        (
            EpochEnd({**LEARNT, "weighted_f1": 0.84104, "judged_on": "fold1"}, 6, 12, 9.0, 41.23, 30.0),
            "epoch 3 of 6: loss 0.3121, weighted F1 84.10 % on fold1, 41.2 cells/s, 9.0 s; about 30 s left",
        ),
        (
            EpochEnd({"epoch": 0, "weighted_f1": 0.5}, 6, 0, 9.0, 0.0, 0.0),
            "epoch 0 of 6: weighted F1 50.00 %, 9.0 s",
        ),
        (
            EpochEnd({**LEARNT, "epoch": 6}, 6, 12, 1.0, 2.0, 0.0),
            "epoch 6 of 6: loss 0.3121, 2.0 cells/s, 1.0 s",
        ),
    ],
    ids=["learnt", "learnt and judged", "before the first", "the last"],
)
def test_an_epoch_says_loss_rate_seconds_and_what_is_left(end: EpochEnd, line: str) -> None:
    assert epoch_line(end) == line
