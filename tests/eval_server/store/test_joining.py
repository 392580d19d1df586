"""Teams renamed, joined and separated, on both databases: nothing is lost, and each can be undone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from eval_server.store.joining import TeamClash
from eval_server.store.records import Act, Rules
from eval_server.store.schema import metadata
from eval_server.store.store import Store
from tests.eval_server.store.test_submissions import received
from tests.support.server import small_truth

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
ACT = Act("host", NOON + timedelta(hours=1), "asked for it")
LOGS = ("audit", "joins", "phases")
"""Tables that a deed and its reverse leave longer, or with another revision."""


@pytest.fixture
def opened(store: Store) -> Store:
    store.phases.add("small", small_truth(), Rules(), NOON)
    for at, team in enumerate(("red", "red", "blue", "blue")):
        received(store, at, team=team, entry=f"entry {at}")
    for team in ("red", "blue"):
        store.tokens.add(f"digest of {team}", "team", team, "", NOON, NOON + timedelta(days=1))
    return store


def rows(store: Store) -> dict[str, list[dict[str, Any]]]:
    """All that is kept but the logs, in an order of its own."""
    with store.database.reading() as connection:
        return {
            table.name: sorted((dict(row) for row in connection.execute(select(table)).mappings()), key=str)
            for table in metadata.sorted_tables
            if table.name not in LOGS
        }


def test_a_renamed_team_keeps_what_was_its_and_the_old_name_means_nobody(opened: Store) -> None:
    opened.joining.rename("red", "Rouge", ACT)
    assert {one.entry for one in opened.submissions.listed(team="Rouge")} == {"entry 0", "entry 1"}
    assert [one.team for one in opened.tokens.listed("Rouge")] == ["Rouge"]
    assert (opened.teams.names(), opened.teams.find("red")) == (["blue", "Rouge"], None)
    (deed,) = opened.audit.listed()
    told = {"before": "red", "after": "Rouge", "reason": "asked for it"}
    assert (deed.actor, deed.action, deed.subject, deed.detail) == ("host", "team renamed", "Rouge", told)


def test_a_renaming_and_its_reverse_leave_everything_as_it_was(opened: Store) -> None:
    before, revision = rows(opened), opened.phases.revisions()
    opened.joining.rename("red", "RED", ACT)
    assert opened.teams.names() == ["blue", "RED"]
    assert opened.phases.revisions() != revision
    opened.joining.rename("RED", "red", ACT)
    assert rows(opened) == before


@pytest.mark.parametrize("name", ["blue", "BLUE", "Ｂlue"])
def test_a_team_cannot_take_another_teams_name_in_any_spelling(opened: Store, name: str) -> None:
    before = rows(opened)
    with pytest.raises(TeamClash, match="a team blue already"):
        opened.joining.rename("red", name, ACT)
    assert (rows(opened), opened.audit.listed()) == (before, [])


def test_a_team_cannot_take_the_name_of_one_that_was_joined_and_is_told_to_separate_them(
    opened: Store,
) -> None:
    opened.joining.join("red", "blue", ACT)
    with pytest.raises(TeamClash, match="red is the name of a team that was joined into blue: separate"):
        opened.joining.rename("blue", "RED", ACT)


def test_a_joined_team_is_the_other_and_both_names_mean_it(opened: Store) -> None:
    opened.joining.join("red", "blue", ACT)
    assert len(opened.submissions.listed(team="blue")) == 4
    assert {one.team for one in opened.tokens.listed()} == {"blue"}
    assert opened.teams.names() == ["blue"]
    assert [opened.teams.find(name) for name in ("red", "RED", "Blue")] == ["blue"] * 3
    assert received(opened, 9, team="Red").id in {one.id for one in opened.submissions.listed(team="blue")}
    (deed,) = opened.audit.listed()
    assert (deed.action, deed.detail["before"], deed.detail["after"]) == ("team joined", "red", "blue")
    assert (deed.detail["submissions"], deed.detail["tokens"], deed.detail["reason"]) == (
        2,
        1,
        "asked for it",
    )


def test_a_join_and_its_reverse_leave_everything_as_it_was(opened: Store) -> None:
    for one in opened.submissions.listed()[:3]:
        opened.submissions.choose(one)
    before, revision = rows(opened), opened.phases.revisions()
    join = opened.joining.join("red", "blue", ACT)
    assert sum(one.chosen for one in opened.submissions.listed(team="blue")) == 1
    assert opened.phases.revisions() != revision
    assert [one.team for one in opened.joining.listed()] == ["red"]
    opened.joining.separate(join, ACT)
    assert rows(opened) == before
    assert opened.joining.listed() == []
    with pytest.raises(TeamClash, match="no join"):
        opened.joining.separate(join, ACT)


def test_what_both_had_handed_in_is_kept_twice_and_goes_back_as_it_was(opened: Store) -> None:
    received(opened, 2, team="red")
    before = rows(opened)
    join = opened.joining.join("red", "blue", ACT)
    assert len(opened.submissions.listed(team="blue")) == 5
    opened.joining.separate(join, ACT)
    assert rows(opened) == before


def test_what_came_after_a_join_stays_where_it_came(opened: Store) -> None:
    join = opened.joining.join("red", "blue", ACT)
    late = received(opened, 9, team="red").id
    opened.joining.separate(join, ACT)
    assert len(opened.submissions.listed(team="red")) == 2
    assert late in {one.id for one in opened.submissions.listed(team="blue")}


def test_joins_one_after_another_are_undone_from_the_last(opened: Store) -> None:
    received(opened, 7, team="green")
    before = rows(opened)
    first = opened.joining.join("red", "blue", ACT)
    second = opened.joining.join("blue", "green", ACT)
    assert opened.teams.find("red") == "green"
    with pytest.raises(TeamClash, match="blue was joined into green"):
        opened.joining.separate(first, ACT)
    opened.joining.separate(second, ACT)
    opened.joining.separate(first, ACT)
    assert rows(opened) == before


def test_a_joined_teams_target_may_be_renamed_and_they_part_all_the_same(opened: Store) -> None:
    join = opened.joining.join("red", "blue", ACT)
    opened.joining.rename("blue", "bleu", ACT)
    assert opened.teams.find("red") == "bleu"
    opened.joining.separate(join, ACT)
    assert opened.teams.names() == ["bleu", "red"]


@pytest.mark.parametrize(("team", "target"), [("red", "RED"), ("red", "nobody"), ("nobody", "red")])
def test_a_team_is_joined_into_another_that_is_there(opened: Store, team: str, target: str) -> None:
    before = rows(opened)
    with pytest.raises(TeamClash):
        opened.joining.join(team, target, ACT)
    assert rows(opened) == before
