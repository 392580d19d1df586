"""What a team may still hand in: what waits counts, and the day begins anew at midnight UTC."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from eval_server.service.access import TooMany, admission, allowance
from eval_server.store.records import Rules, SpentQuota
from tests.support.desk import NOON

RULES = Rules(per_day=3, in_all=10, unscored_per_day=2)


def test_what_waits_counts_for_the_day_and_for_the_phase_until_it_is_decided() -> None:
    left = allowance(RULES, SpentQuota(scored_today=1, scored=6, waiting=2, unscored_today=1), NOON)
    assert (left.left_today, left.left, left.unscored_left_today, left.waiting) == (0, 2, 1, 2)


def test_nothing_is_left_where_more_was_handed_in_than_the_rules_now_allow() -> None:
    left = allowance(RULES, SpentQuota(scored_today=5, scored=12, waiting=0, unscored_today=3), NOON)
    assert (left.left_today, left.left, left.unscored_left_today) == (0, 0, 0)


def test_the_day_begins_anew_at_midnight_utc_wherever_the_clock_is_read() -> None:
    there = datetime(2026, 12, 2, 1, 30, tzinfo=timezone(timedelta(hours=5)))
    assert allowance(RULES, SpentQuota(0, 0, 0, 0), there).resets_at == datetime.fromisoformat(
        "2026-12-02T00:00:00+00:00"
    )


@pytest.mark.parametrize(
    ("spent", "said"),
    [
        (SpentQuota(0, 9, 1, 0), r"All 10 submissions of this phase are used \(1 of them still waiting\)"),
        (
            SpentQuota(2, 2, 1, 0),
            "All 3 submissions of today are used .1 of them still waiting.; the count",
        ),
        (SpentQuota(0, 0, 0, 2), "2 uploads were refused or failed today"),
    ],
)
def test_an_arrival_over_a_limit_is_told_which_and_when_it_starts_anew(spent: SpentQuota, said: str) -> None:
    admit = admission(RULES, NOON)
    assert admit is not None
    admit(SpentQuota(2, 2, 0, 1))
    with pytest.raises(TooMany, match=said):
        admit(spent)


def test_without_limits_nothing_has_to_be_counted() -> None:
    assert admission(Rules(per_day=None, in_all=None, unscored_per_day=None), NOON) is None
