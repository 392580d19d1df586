"""Submissions are received, claimed and settled once, on both databases."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from eval_server.service.access import TooMany, admission
from eval_server.store.phases import JudgedAnew
from eval_server.store.queue import LEASE
from eval_server.store.records import Arrival, NewVerdict, Receipt, Rules, Settlement, SpentQuota
from eval_server.store.store import Store
from tests.support.server import small_truth

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


def welcome(spent: SpentQuota) -> None:
    """Admit everybody."""


def an_arrival(number: int = 0, **changes: Any) -> Arrival:
    digest = f"{number:064x}"
    plain = Arrival("small", "team", "entry", digest, digest, None, None, (), 100, NOON)
    return replace(plain, **changes)


@pytest.fixture
def opened(store: Store) -> Store:
    store.phases.add("small", small_truth(), Rules(), NOON)
    return store


def received(store: Store, number: int = 0, **changes: Any) -> Receipt:
    return store.arrivals.receive(an_arrival(number, **changes), welcome)


def scored(store: Store, submission: str, verdict_id: str) -> Settlement:
    truth = store.phases.all()[0].truth
    new = NewVerdict(verdict_id, {"metrics": {}}, b"v")
    return Settlement(submission, "scored", truth=truth, verdicts=(new,))


def test_what_was_received_is_there_after_the_store_was_closed_and_opened(
    opened: Store, database: str | None
) -> None:
    receipt = received(opened)
    again = Store(type(opened.database)(opened.database.url), opened.archive)
    found = again.submissions.find(receipt.id)
    again.close()
    assert found is not None
    assert (found.status, found.team, found.submitted_at) == ("received", "team", NOON)


def test_the_same_archive_by_the_same_team_answers_with_the_earlier_submission(opened: Store) -> None:
    first, second, other = received(opened), received(opened), received(opened, team="another")
    assert second == Receipt(first.id, "received", True)
    assert other.id != first.id


def test_a_failed_submission_handed_in_again_is_judged_again(opened: Store) -> None:
    receipt = received(opened)
    opened.queue.claim("w", NOON, 1)
    opened.queue.settle([Settlement(receipt.id, "failed", trouble="ours")], "w", NOON)
    assert received(opened) == Receipt(receipt.id, "received", True)
    found = opened.submissions.find(receipt.id)
    assert found is not None
    assert found.trouble is None


def test_claims_come_oldest_first_and_no_submission_is_claimed_twice(opened: Store) -> None:
    ids = [received(opened, n, at=NOON + timedelta(seconds=n)).id for n in range(5)]
    assert [one.id for one in opened.queue.claim("w", NOON, 3)] == ids[:3]
    assert [one.id for one in opened.queue.claim("v", NOON, 9)] == ids[3:]
    assert opened.queue.claim("w", NOON, 9) == []


def test_workers_that_claim_at_the_same_moment_share_the_work(opened: Store) -> None:
    ids = {received(opened, n).id for n in range(40)}
    taken: list[str] = []
    start = threading.Barrier(4)

    def work(name: str) -> None:
        start.wait()
        while found := opened.queue.claim(name, NOON, 3):
            taken.extend(one.id for one in found)

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(ids)


def test_a_dead_workers_claim_is_claimed_again_when_its_lease_is_over(opened: Store) -> None:
    receipt = received(opened)
    opened.queue.claim("dead", NOON, 1)
    assert opened.queue.claim("w", NOON + LEASE - timedelta(seconds=1), 1) == []
    (again,) = opened.queue.claim("w", NOON + LEASE + timedelta(seconds=1), 1)
    assert (again.id, again.attempts) == (receipt.id, 2)


def test_every_claim_is_released_when_the_server_starts(opened: Store) -> None:
    received(opened)
    opened.queue.claim("dead", NOON, 1)
    assert opened.queue.release() == 1
    assert len(opened.queue.claim("w", NOON, 1)) == 1


def test_a_worker_whose_claim_was_taken_over_leaves_no_verdict(opened: Store) -> None:
    receipt = received(opened)
    opened.queue.claim("slow", NOON, 1)
    opened.queue.release()
    opened.queue.claim("quick", NOON, 1)
    assert opened.queue.settle([scored(opened, receipt.id, "one")], "slow", NOON) == 0
    assert opened.queue.settle([scored(opened, receipt.id, "two")], "quick", NOON) == 1
    assert [one.verdict for one in judged(opened)] == ["two"]


def test_a_verdict_and_the_status_are_written_together_or_not_at_all(opened: Store) -> None:
    one, other = received(opened, 1), received(opened, 2)
    opened.queue.claim("w", NOON, 2)
    new = NewVerdict("x", {}, b"")
    unknown = Settlement(other.id, "scored", truth="no truth", verdicts=(new,))
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        opened.queue.settle([scored(opened, one.id, "v"), unknown], "w", NOON)
    assert opened.submissions.by_status() == {"checking": 2}
    assert judged(opened) == []


def test_the_history_numbers_every_step(opened: Store) -> None:
    receipt = received(opened)
    opened.queue.claim("w", NOON, 1)
    opened.queue.settle([scored(opened, receipt.id, "v")], "w", NOON)
    assert [step.status for step in opened.submissions.steps(receipt.id)] == [
        "received",
        "checking",
        "scored",
    ]


def test_a_verdict_changes_the_phases_revision_and_a_refusal_does_not(opened: Store) -> None:
    before = opened.phases.all()[0].revision
    one, other = received(opened, 1), received(opened, 2)
    opened.queue.claim("w", NOON, 2)
    opened.queue.settle([Settlement(one.id, "refused", problems=({"what": "x"},))], "w", NOON)
    assert opened.phases.all()[0].revision == before
    opened.queue.settle([scored(opened, other.id, "v")], "w", NOON)
    assert opened.phases.all()[0].revision != before


def test_two_uploads_at_the_same_moment_cannot_share_the_last_place(opened: Store) -> None:
    admit = admission(Rules(per_day=1), NOON)
    told: list[str] = []
    start = threading.Barrier(6)

    def hand_in(number: int) -> None:
        start.wait()
        try:
            opened.arrivals.receive(an_arrival(number), admit)
            told.append("taken")
        except TooMany:
            told.append("refused")

    threads = [threading.Thread(target=hand_in, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["refused"] * 5 + ["taken"]


def test_a_replaced_truth_queues_all_anew_and_keeps_the_old_verdicts(opened: Store) -> None:
    receipt = received(opened)
    opened.queue.claim("w", NOON, 1)
    old = opened.phases.all()[0].truth
    opened.queue.settle([scored(opened, receipt.id, "old")], "w", NOON)
    truth = small_truth()
    turned = type(truth)(truth.phase, 1 - truth.labels, truth.subjects)
    assert opened.phases.replace_truth("small", turned, NOON) == JudgedAnew(1, corrected=True)
    assert judged(opened) == []
    opened.queue.claim("w", NOON, 1)
    opened.queue.settle([scored(opened, receipt.id, "new")], "w", NOON)
    assert [one.verdict for one in judged(opened)] == ["new"]
    kept = opened.verdicts.standing(receipt.id, old)
    assert kept is not None
    assert kept[0] == "old"


def test_choosing_one_submission_lets_go_of_the_other(opened: Store) -> None:
    found = [opened.submissions.find(received(opened, n).id) for n in range(2)]
    for one in found:
        assert one is not None
        opened.submissions.choose(one)
    chosen = [one.id for one in opened.submissions.listed(phase="small") if one.chosen]
    assert found[1] is not None
    assert chosen == [found[1].id]


def judged(store: Store) -> Any:
    record = store.phases.all()[0]
    return store.verdicts.judged("small", record.truth)
