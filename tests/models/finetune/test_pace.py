"""How quickly a training goes: told as each epoch ends, counted anew where it goes on, never recorded."""

from __future__ import annotations

import pytest

from models.contract import FitInterrupted, Session, Validation
from models.finetune.pace import Pace
from models.progress import EpochEnd
from tests.models.finetune.cells import quick, some_cells
from tests.models.finetune.test_loop import After, by_mean

pytestmark = pytest.mark.training


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("models.finetune.pace.time", clock)
    return clock


def an_epoch(pace: Pace, clock: Clock, epoch: int, cells: int, learning: float, judging: float) -> EpochEnd:
    with pace.learning(cells):
        clock.now += learning
    with pace.judging():
        clock.now += judging
    return pace.end({"epoch": epoch})


def test_the_time_left_is_that_of_the_epochs_ahead_at_the_pace_of_all_behind(clock: Clock) -> None:
    pace = Pace(epochs=4, cells_an_epoch=100)
    first = an_epoch(pace, clock, 1, 100, 40.0, 10.0)
    assert (first.cells, first.seconds, first.cells_a_second, first.left) == (100, 50.0, 2.5, 3 * 50.0)
    second = an_epoch(pace, clock, 2, 100, 20.0, 6.0)
    assert (second.cells_a_second, second.seconds, second.left) == (5.0, 26.0, 2 * (30.0 + 8.0))
    assert an_epoch(pace, clock, 4, 100, 20.0, 6.0).left == 0


def test_a_training_that_goes_on_counts_only_what_was_left_of_its_epoch(clock: Clock) -> None:
    pace = Pace(epochs=3, cells_an_epoch=100)
    end = an_epoch(pace, clock, 2, 25, 5.0, 1.0)
    assert (end.cells, end.cells_a_second, end.left) == (25, 5.0, 20.0 + 1.0)


def test_before_anything_is_learnt_nothing_is_said_of_the_time_left(clock: Clock) -> None:
    pace = Pace(epochs=3, cells_an_epoch=100)
    with pace.judging():
        clock.now += 2
    end = pace.end({"epoch": 0})
    assert (end.cells, end.seconds, end.left) == (0, 2.0, 0.0)


def test_every_epoch_tells_its_end_with_the_record_that_is_kept() -> None:
    ends: list[EpochEnd] = []
    records: list[object] = []
    validation = Validation(some_cells(3, labelled=False), by_mean)
    quick().fit(some_cells(12), Session(validation=validation, record=records.append, ended=ends.append))
    assert [end.record for end in ends] == records
    assert [end.cells for end in ends] == [0, 12, 12]
    assert all(end.epochs == 2 and end.seconds > 0 for end in ends)
    assert [end.left > 0 for end in ends] == [False, True, False]


def test_a_training_that_goes_on_tells_no_end_twice(tmp_path) -> None:
    ends: list[EpochEnd] = []
    with pytest.raises(FitInterrupted):  # 4 steps an epoch: stopped in the second
        quick().fit(some_cells(12), Session(checkpoints=tmp_path, ended=ends.append, stopping=After(6)))
    quick().fit(some_cells(12), Session(checkpoints=tmp_path, ended=ends.append))
    assert [(end.record["epoch"], end.cells) for end in ends] == [(1, 12), (2, 6)]
