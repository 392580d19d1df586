"""Submissions withdrawn and barred, and back as they were, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from eval_server.service.access import admission
from eval_server.store.records import Act, Rules, Submission
from eval_server.store.store import Store
from tests.eval_server.store.test_submissions import received, scored
from tests.support.server import small_truth

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
ACT = Act("host", NOON + timedelta(hours=1), "copied")


@pytest.fixture
def opened(store: Store) -> Store:
    store.phases.add("small", small_truth(), Rules(), NOON)
    return store


def judged(store: Store) -> str:
    receipt = received(store)
    store.queue.claim("w", NOON, 1)
    store.queue.settle([scored(store, receipt.id, "v" + receipt.id[:19])], "w", NOON)
    return receipt.id


def found(store: Store, submission: str) -> Submission:
    one = store.submissions.find(submission)
    assert one is not None
    return one


Deed = Callable[[Store, str], bool]
DEEDS: dict[str, tuple[Deed, Deed, str]] = {
    "withdrawn": (
        lambda store, one: store.setting_aside.withdraw(one, ACT),
        lambda store, one: store.setting_aside.take_back(one, ACT),
        "submission withdrawn",
    ),
    "hidden": (
        lambda store, one: store.setting_aside.bar(one, "hidden", ACT),
        lambda store, one: store.setting_aside.lift(one, ACT),
        "submission hidden",
    ),
    "disqualified": (
        lambda store, one: store.setting_aside.bar(one, "disqualified", ACT),
        lambda store, one: store.setting_aside.lift(one, ACT),
        "submission disqualified",
    ),
}


@pytest.mark.parametrize("kind", DEEDS)
def test_a_deed_and_its_reverse_leave_the_submission_as_it_was(opened: Store, kind: str) -> None:
    do, undo, action = DEEDS[kind]
    one = judged(opened)
    before, revision = found(opened, one), opened.phases.revisions()
    assert do(opened, one)
    assert (found(opened, one).set_aside, found(opened, one).counts) == (kind, False)
    assert opened.phases.revisions() != revision
    (deed,) = opened.audit.listed()
    assert (deed.actor, deed.action, deed.subject, deed.detail["reason"]) == ("host", action, one, "copied")
    assert deed.detail["before"] != deed.detail["after"]
    assert undo(opened, one)
    assert found(opened, one) == before
    assert len(opened.audit.listed()) == 2


@pytest.mark.parametrize("kind", DEEDS)
def test_a_deed_done_twice_is_one(opened: Store, kind: str) -> None:
    do, undo, _ = DEEDS[kind]
    one = judged(opened)
    assert [do(opened, one), do(opened, one)] == [True, False]
    revision = opened.phases.revisions()
    assert [undo(opened, one), undo(opened, one)] == [True, False]
    assert len(opened.audit.listed()) == 2
    assert opened.phases.revisions() != revision


def test_a_host_who_restores_does_not_take_back_what_the_team_withdrew(opened: Store) -> None:
    one = judged(opened)
    opened.setting_aside.withdraw(one, ACT)
    opened.setting_aside.bar(one, "disqualified", ACT)
    assert found(opened, one).set_aside == "disqualified"
    opened.setting_aside.lift(one, ACT)
    assert found(opened, one).set_aside == "withdrawn"


def test_a_board_is_told_which_submissions_do_not_count(opened: Store) -> None:
    one, truth = judged(opened), opened.phases.all()[0].truth
    opened.setting_aside.withdraw(one, ACT)
    (known,) = opened.verdicts.judged("small", truth)
    assert (known.counts, known.withdrawn, known.barred) == (False, True, False)
    opened.setting_aside.bar(one, "hidden", ACT)
    opened.setting_aside.take_back(one, ACT)
    (known,) = opened.verdicts.judged("small", truth)
    assert (known.counts, known.withdrawn, known.barred) == (False, False, True)


@pytest.mark.parametrize("kind", DEEDS)
def test_what_is_set_aside_has_spent_its_quota_all_the_same(opened: Store, kind: str) -> None:
    one = judged(opened)
    before = opened.arrivals.spent("small", "team", NOON)
    DEEDS[kind][0](opened, one)
    assert opened.arrivals.spent("small", "team", NOON) == before
    assert admission(Rules(in_all=1), NOON) is not None


@pytest.mark.parametrize("kind", DEEDS)
def test_what_is_set_aside_is_judged_by_a_new_truth_too(opened: Store, kind: str) -> None:
    """So that it can stand again at once, by the truth that counts then."""
    one = judged(opened)
    DEEDS[kind][0](opened, one)
    assert opened.phases.replace_truth("small", small_truth(), NOON).submissions == 1
    assert [each.id for each in opened.queue.claim("w", NOON, 9)] == [one]
