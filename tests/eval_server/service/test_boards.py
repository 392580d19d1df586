"""The boards at hand: made by themselves, never old without a mark, and never without a team meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from eval_server.judging.division import TruthPart
from eval_server.judging.placing import Places
from eval_server.service import boards as boards_of
from eval_server.service.boards import BoardMissing, Boards
from eval_server.service.jobs import Judge
from eval_server.service.making import CURRENT, JUDGED_ANEW, MADE_ANEW, Board, BoardMaker
from eval_server.service.verdicts import Verdicts
from eval_server.store.records import FAILED, PhaseRecord, Rules, Settlement
from eval_server.store.store import Store
from tests.eval_server.service.test_jobs import found, received
from tests.support.desk import NOON
from tests.support.parts import an_entry, divided_truth
from tests.support.server import a_zip, small_truth, turned_truth


class SlowMaker:
    """A maker that can be held up, and counts."""

    def __init__(self, store: Store) -> None:
        self._maker = BoardMaker(store, Verdicts(store))
        self.free = threading.Event()
        self.free.set()
        self.count = 0

    def __call__(self, phase: str, part: TruthPart) -> Board:
        self.free.wait()
        self.count += 1
        return self._maker.make(phase, part)


@pytest.fixture
def making(store: Store) -> SlowMaker:
    store.phases.add("small", small_truth(), Rules(), NOON)
    return SlowMaker(store)


@pytest.fixture
def boards(store: Store, making: SlowMaker) -> Iterator[Boards]:
    made = Boards(making, store.phases.revisions)
    yield made
    making.free.set()
    made.close()


@pytest.fixture
def judge(store: Store) -> Judge:
    return Judge(store, Verdicts(store), lambda: NOON)


def record_of(store: Store) -> PhaseRecord:
    (record,) = store.phases.all()
    return record


def until_there(boards: Boards, record: PhaseRecord) -> Board:
    while (board := boards.current(record)).revision != record.revision:
        time.sleep(0.005)
    return board


def test_a_change_makes_the_board_without_a_reader(
    store: Store, making: SlowMaker, boards: Boards, judge: Judge
) -> None:
    boards.start()
    one = received(store, a_zip(1))
    judge.work()
    while not boards.knows(record_of(store), one):
        time.sleep(0.005)
    assert making.count >= 1
    assert [row.judged.id for row in boards.current(record_of(store)).rows] == [one]


def test_the_board_of_a_part_is_looked_after_once_it_was_asked_for(
    store: Store, making: SlowMaker, boards: Boards, judge: Judge
) -> None:
    """Of a phase that is divided the public one is there for everybody, the private one for who asks."""
    store.phases.add("parts", divided_truth("parts"), Rules(), NOON)
    public = next(one for one in store.phases.all() if one.name == "parts")
    private = replace(public, part=TruthPart.PRIVATE)
    boards.start()
    one = received(store, an_entry(divided_truth("parts"), A=1), phase="parts")
    judge.work()
    while not boards.knows(public, one):
        time.sleep(0.005)
    assert boards.at_hand(private) is None
    assert [row.finalists for row in boards.current(private).rows] == [(one,)]
    other = received(store, an_entry(divided_truth("parts"), A=2), team="other", phase="parts")
    judge.work()
    while not boards.knows(private, other):
        time.sleep(0.005)


def test_a_board_that_was_the_present_one_long_ago_is_marked_until_the_next_is_there(
    store: Store, making: SlowMaker, boards: Boards, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boards_of, "OLDEST", 1e9)
    before = until_there(boards, record_of(store))
    making.free.clear()
    received(store, a_zip(1))
    judge.work()
    assert boards.current(record_of(store)) is before
    monkeypatch.setattr(boards_of, "OLDEST", -1.0)
    late = boards.current(record_of(store))
    assert (late.state, late.rows, late.revision) == (MADE_ANEW, before.rows, before.revision)
    assert before.state == CURRENT
    making.free.set()
    assert until_there(boards, record_of(store)).state == CURRENT


def test_who_asks_for_an_old_board_waits_for_the_next_and_no_longer_than_there_is_hope(
    store: Store, making: SlowMaker, boards: Boards, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.monotonic()
    making.free.clear()
    boards.look()
    assert boards.to_wait_for("small", now)
    making.free.set()
    until_there(boards, record_of(store))
    assert not boards.to_wait_for("small", now)
    assert not boards.to_wait_for("nowhere", now)
    monkeypatch.setattr(boards_of, "WAITS_FROM", -1e9)
    monkeypatch.setattr(boards_of, "WAITS", 2e9)
    assert boards.to_wait_for("small", now)
    monkeypatch.setattr(boards_of, "WAITS", 0.0)
    assert not boards.to_wait_for("small", now)


def test_a_revision_that_stays_keeps_the_board_young(store: Store, making: SlowMaker, boards: Boards) -> None:
    until_there(boards, record_of(store))
    slot = boards._slots["small"][TruthPart.WHOLE]
    slot.present_until -= 100
    assert slot.age(time.monotonic()) > 100
    boards.look()
    assert slot.age(time.monotonic()) < 50


def test_while_verdicts_keep_coming_making_leaves_the_judge_at_least_half_of_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr(boards_of.time, "monotonic", lambda: now[0])
    slot = boards_of._Slot("small", TruthPart.WHOLE)
    board = Board("r", PhaseRecord("small", Rules(), "t", "r", NOON), (), Places(), (), {})
    for took, pause in ((0.01, 0.04), (0.1, 0.4), (0.2, 0.3), (0.4, 0.4), (3.0, 3.0)):
        now[0] += 100
        slot.keep(board, now[0] - took)
        assert slot.next_at - now[0] == pytest.approx(pause)


def test_without_any_board_a_reader_is_told_so_and_the_next_try_comes_later(store: Store) -> None:
    store.phases.add("small", small_truth(), Rules(), NOON)

    def fails(phase: str, part: TruthPart) -> Board:
        raise RuntimeError(phase)

    made = Boards(fails, store.phases.revisions)
    for said in ("not there yet", "cannot be made"):
        with pytest.raises(BoardMissing, match=said):
            made.current(record_of(store))
    made.close()


def test_while_a_truth_is_replaced_the_former_board_stays_and_says_so(store: Store, judge: Judge) -> None:
    maker = BoardMaker(store, Verdicts(store))
    store.phases.add("small", small_truth(), Rules(represents="every"), NOON)
    ids = [received(store, a_zip(number, seed=number)) for number in range(20)]
    while judge.work():
        pass
    former = maker.make("small")
    store.phases.replace_truth("small", turned_truth(), NOON + timedelta(hours=1))
    halfway = maker.make("small")
    assert judge.work() == 16
    after_a_batch = maker.make("small")
    for board in (halfway, after_a_batch):
        assert board.state == JUDGED_ANEW
        assert board.rows == former.rows
        assert not board.places_finally(ids[0])
    assert judge.work() == 4
    final = maker.make("small")
    assert final.state == CURRENT
    assert {row.judged.team for row in final.rows} == {row.judged.team for row in former.rows}
    assert final.rows[0].metrics["accuracy"] < 1


def test_a_truth_replaced_again_half_way_leaves_the_board_that_was_whole(store: Store, judge: Judge) -> None:
    maker = BoardMaker(store, Verdicts(store))
    store.phases.add("small", small_truth(), Rules(represents="every"), NOON)
    for number in range(20):
        received(store, a_zip(number, seed=number))
    while judge.work():
        pass
    former = maker.make("small")
    store.phases.replace_truth("small", turned_truth(), NOON + timedelta(hours=1))
    judge.work()
    store.phases.replace_truth("small", small_truth(), NOON + timedelta(hours=2))
    assert maker.make("small").rows == former.rows


def test_what_fails_by_the_new_truth_does_not_hold_up_its_board(store: Store, judge: Judge) -> None:
    maker = BoardMaker(store, Verdicts(store))
    store.phases.add("small", small_truth(), Rules(), NOON)
    lost = received(store, a_zip(1))
    judge.work()
    store.phases.replace_truth("small", turned_truth(), NOON + timedelta(hours=1))
    revision = record_of(store).revision
    store.queue.claim("a judge", NOON, 1)
    store.queue.settle([Settlement(lost, FAILED, trouble="our fault")], "a judge", NOON)
    assert found(store, lost).status == "failed"
    assert record_of(store).revision != revision
    assert maker.make("small").state == CURRENT


def test_a_submission_that_is_judged_again_stays_on_the_board(store: Store, judge: Judge) -> None:
    maker = BoardMaker(store, Verdicts(store))
    store.phases.add("small", small_truth(), Rules(), NOON)
    one = received(store, a_zip(1))
    judge.work()
    store.queue.judge_again(one, NOON, "asked for")
    assert [row.judged.id for row in maker.make("small").rows] == [one]


def test_nothing_is_former_where_nothing_was_judged(store: Store) -> None:
    store.phases.add("small", small_truth(), Rules(), NOON)
    received(store, a_zip(1))
    store.phases.replace_truth("small", turned_truth(), NOON + timedelta(hours=1))
    assert BoardMaker(store, Verdicts(store)).make("small").state == CURRENT
