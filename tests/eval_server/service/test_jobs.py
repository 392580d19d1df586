"""The judge at work: every submission comes to exactly one end."""

from __future__ import annotations

import io
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from eval_server.judging.division import TruthPart
from eval_server.service import jobs
from eval_server.service.jobs import Judge
from eval_server.service.making import Board
from eval_server.service.verdicts import Recent, Verdicts
from eval_server.store.queue import MAX_ATTEMPTS
from eval_server.store.records import Arrival, Rules, Submission
from eval_server.store.store import Store
from tests.support.command import modules_after
from tests.support.desk import NOON
from tests.support.server import a_zip, small_truth

Bench = tuple[Store, Judge]


@pytest.fixture
def bench(store: Store) -> Bench:
    """A store with the small phase, and a judge whose thread is not running."""
    store.phases.add("small", small_truth(), Rules(), NOON)
    return store, Judge(store, Verdicts(store), lambda: NOON)


def received(store: Store, data: bytes, team: str = "team", phase: str = "small") -> str:
    digest = store.archive.keep(io.BytesIO(data))
    arrival = Arrival(phase, team, "entry", digest, digest, None, None, (), len(data), NOON)
    return store.arrivals.receive(arrival, lambda spent: None).id


def found(store: Store, submission: str) -> Submission:
    one = store.submissions.find(submission)
    assert one is not None
    return one


def test_a_good_one_is_scored_and_a_bad_one_refused_in_one_batch(bench: Bench) -> None:
    store, judge = bench
    good, bad = received(store, a_zip()), received(store, b"no zip")
    assert judge.work() == 2
    assert [found(store, one).status for one in (good, bad)] == ["scored", "refused"]
    assert found(store, bad).problems
    assert judge.work() == 0


def test_what_fails_through_our_fault_says_so_and_does_not_stop_the_others(
    bench: Bench,
) -> None:
    store, judge = bench
    lost, good = received(store, a_zip(1)), received(store, a_zip(2))
    store.archive.path(found(store, lost).archive).unlink()
    judge.work()
    assert found(store, lost).status == "failed"
    assert "is missing. Bring it back from a backup" in (found(store, lost).trouble or "")
    assert found(store, good).status == "scored"


@pytest.mark.parametrize("damage", ["missing", "changed", "another zip"])
def test_a_lost_file_costs_no_acknowledged_verdict_when_everything_is_judged_anew(
    bench: Bench, damage: str
) -> None:
    store, judge = bench
    lost = received(store, a_zip(3))
    judge.work()
    path = store.archive.path(found(store, lost).archive)
    content = {"missing": None, "changed": path.read_bytes()[:-1], "another zip": a_zip(9)}[damage]
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    store.phases.replace_truth("small", small_truth(), NOON)
    judge.work()
    again = found(store, lost)
    verdict = store.verdicts.standing(lost, store.phases.all()[0].truth)
    assert again.status == "scored"
    assert verdict is not None
    assert verdict[1]["metrics"]["accuracy"] == 0.94
    assert "judged by what its last verdict keeps" in (again.trouble or "")
    assert store.lost("small") == [lost]


def test_a_lost_table_of_scores_is_read_from_the_last_verdict_too(bench: Bench) -> None:
    store, judge = bench
    scores = "cell,score\n" + "".join(
        f"{cell},{0.9 if label else 0.1}\n"
        for cell, label in zip(small_truth().phase.cells, small_truth().labels, strict=True)
    )
    parts = store.archive.keep(io.BytesIO(a_zip())), store.archive.keep(io.BytesIO(scores.encode()))
    one = store.arrivals.receive(
        Arrival("small", "team", "entry", "d" * 64, *parts, None, (), 1, NOON), lambda spent: None
    ).id
    judge.work()
    before = store.verdicts.standing(one, store.phases.all()[0].truth)
    store.archive.path(parts[1]).unlink()
    store.phases.replace_truth("small", small_truth(), NOON)
    judge.work()
    after = store.verdicts.standing(one, store.phases.all()[0].truth)
    assert before is not None
    assert after is not None
    assert before[1]["metrics"]["auc"] == after[1]["metrics"]["auc"] == 1.0


def test_the_same_zip_handed_in_again_mends_a_damaged_file(store: Store) -> None:
    digest = store.archive.keep(io.BytesIO(a_zip()))
    store.archive.path(digest).write_bytes(b"half")
    assert store.archive.keep(io.BytesIO(a_zip())) == digest
    assert store.archive.read(digest) == a_zip()


def test_what_failed_can_be_judged_again(bench: Bench) -> None:
    store, judge = bench
    lost = received(store, a_zip(1))
    store.archive.path(found(store, lost).archive).unlink()
    judge.work()
    store.archive.keep(io.BytesIO(a_zip(1)))
    assert store.queue.judge_again(lost, NOON, "asked for")
    judge.work()
    assert found(store, lost).status == "scored"


def test_what_a_crash_left_claimed_is_judged_after_the_restart(bench: Bench) -> None:
    store, _ = bench
    left = received(store, a_zip())
    store.queue.claim("the dead", NOON, 5)
    store.queue.release()
    Judge(store, Verdicts(store), lambda: NOON).work()
    assert found(store, left).status == "scored"


def test_what_a_dead_judge_had_claimed_is_given_back_and_no_other_claim(bench: Bench) -> None:
    store, _ = bench
    dead, alive = received(store, a_zip(1)), received(store, a_zip(2))
    (first,) = store.queue.claim("the dead", NOON, 1)
    store.queue.claim("the living", NOON, 1)
    assert store.queue.release("the dead") == 1
    statuses = {one: found(store, one).status for one in (dead, alive)}
    assert statuses.pop(first.id) == "received"
    assert set(statuses.values()) == {"checking"}


def test_what_ends_the_server_every_time_is_given_up(bench: Bench) -> None:
    store, judge = bench
    poison = received(store, a_zip())
    for _ in range(MAX_ATTEMPTS):
        store.queue.claim("the dead", NOON, 1)
        store.queue.release()
    judge.work()
    assert found(store, poison).status == "failed"


def test_the_same_submission_judged_again_by_the_same_truth_has_one_verdict(
    bench: Bench,
) -> None:
    store, judge = bench
    one = received(store, a_zip())
    judge.work()
    store.queue.judge_again(one, NOON, "asked for")
    judge.work()
    record = store.phases.all()[0]
    assert [judged.id for judged in store.verdicts.judged("small", record.truth)] == [one]


def test_the_verdict_that_another_one_follows_is_kept(bench: Bench) -> None:
    store, judge = bench
    one = received(store, a_zip())
    judge.work()
    (truth,) = (record.truth for record in store.phases.all())
    first = store.verdicts.standing(one, truth)
    store.queue.judge_again(one, NOON, "asked for")
    judge.work()
    second = store.verdicts.standing(one, truth)
    assert first is not None
    assert second is not None
    assert first[0] != second[0]
    assert set(store.verdicts.stored([first[0], second[0]])) == {first[0], second[0]}


def test_verdicts_are_the_same_from_memory_and_from_the_store(bench: Bench) -> None:
    store, judge = bench
    received(store, a_zip(4))
    judge.work()
    (judged,) = store.verdicts.judged("small", store.phases.all()[0].truth)
    fresh = Verdicts(store).all([judged.verdict])[judged.verdict]
    assert fresh.to_json() == judge._verdicts.all([judged.verdict])[judged.verdict].to_json()


def test_only_the_values_used_last_are_kept_at_hand() -> None:
    recent = Recent[int](2)
    for key, value in (("a", 1), ("b", 2)):
        recent.put(key, value)
    recent.get("a")
    recent.put("c", 3)
    assert (recent.get("a"), recent.get("b"), recent.get("c")) == (1, None, 3)


def test_a_running_judge_takes_up_what_arrives_and_stops_when_asked(bench: Bench) -> None:
    store, judge = bench
    judge.start()
    one = received(store, a_zip())
    judge.wake()
    while found(store, one).status not in ("scored", "failed"):
        pass
    judge.stop()
    assert found(store, one).status == "scored"


def test_judging_gives_way_to_a_board_that_is_being_made(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, judge = bench
    begun, ended = threading.Event(), threading.Event()
    made = judge._maker.make

    def make_slowly(phase: str, part: TruthPart | None) -> Board:
        begun.set()
        assert ended.wait(60)
        return made(phase, part)

    monkeypatch.setattr(judge._maker, "make", make_slowly)
    monkeypatch.setattr(jobs, "GIVES_WAY", 60.0)
    submission = received(store, a_zip())
    with ThreadPoolExecutor(2) as pool:
        board = pool.submit(judge.make_board, "small")
        assert begun.wait(60)
        batch = pool.submit(judge.work)
        with pytest.raises(TimeoutError):
            batch.result(0.2)
        assert found(store, submission).status == "received"
        ended.set()
        assert board.result(60).rows == ()
        assert batch.result(60) == 1
    assert found(store, submission).status == "scored"


def test_the_server_loads_no_torch_and_no_gui() -> None:
    loaded = modules_after("import eval_server.web.app")
    assert not loaded & {"torch", "torchvision", "timm", "matplotlib.pyplot", "tkinter", "harness", "models"}


def test_the_command_line_starts_without_the_server() -> None:
    loaded = modules_after(
        "import harness.cli.serve, harness.cli.phase, harness.cli.token, harness.cli.backup"
    )
    assert not loaded & {"fastapi", "uvicorn", "sqlalchemy", "numpy"}
