"""Which team a name means, and that there is one of each, on both databases."""

from __future__ import annotations

import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from eval_server.store.database import Database, upgrade
from eval_server.store.records import Act, Rules
from eval_server.store.store import DATABASE_FILE, Store
from eval_server.store.team_names import team_key, unfit_name
from tests.eval_server.store.test_submissions import an_arrival, welcome
from tests.support.server import small_truth

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=1)
SPELLINGS = ("Blue Cells", "blue cells", "BLUE\u00a0CELLS", "Blue  Cells", "BlueCells", "Ｂｌｕｅ Ｃｅｌｌｓ")


@pytest.mark.parametrize("name", SPELLINGS)
def test_names_that_differ_in_case_width_or_spaces_have_one_key(name: str) -> None:
    assert team_key(name) == "bluecells"


@pytest.mark.parametrize(("one", "other"), [("STRASSE", "straße"), ("ﬁve", "FIVE"), ("Å", "Å"), ("Σ", "ς")])
def test_what_other_scripts_take_for_one_letter_is_one(one: str, other: str) -> None:
    assert team_key(one) == team_key(other)


def test_names_that_differ_otherwise_are_different_teams() -> None:
    assert len({team_key(name) for name in ("team 1", "team 2", "team-1", "tëam 1", "白血病")}) == 5


@pytest.mark.parametrize("name", ["", " a", "a ", "a\nb", "a" * 81, "\u3000"])
def test_a_name_that_is_no_line_of_text_is_unfit(name: str) -> None:
    assert "1 to 80 printable characters" in (unfit_name(name) or "")


@pytest.mark.parametrize(
    ("name", "found"),
    [("", "found nothing"), ("x" * 95, f"found 95: '{'x' * 30}…'"), ("a\tb", r"found 'a\tb'")],
)
def test_an_unfit_name_is_told_with_its_length_where_that_is_what_is_wrong(name: str, found: str) -> None:
    assert str(unfit_name(name)).endswith(found)


@pytest.mark.parametrize("name", ["groop  11", " groop 11 ", "groop\u00a0 11", "groop\u3000\u200311"])
def test_a_name_is_kept_with_one_space_where_it_is_first_given(store: Store, name: str) -> None:
    store.phases.add("small", small_truth(), Rules(), NOON)
    assert store.tokens.add("d1", "team", name, "", NOON, LATER).team == "groop 11"
    store.arrivals.receive(an_arrival(1, team="red", entry=name), welcome)
    store.arrivals.receive(an_arrival(2, team=f"{name} b"), welcome)
    assert [one.entry for one in store.submissions.listed(team="red")] == ["groop 11"]
    assert store.joining.rename("red", f"{name} c", Act("host", NOON)).after == "groop 11 c"
    assert store.teams.names() == ["groop 11", "groop 11 b", "groop 11 c"]


def test_names_that_were_kept_with_more_spaces_stay_and_are_found(store: Store) -> None:
    store.phases.add("small", small_truth(), Rules(), NOON)
    store.arrivals.receive(an_arrival(1, team="old", entry="net"), welcome)
    with store.database.writing() as connection:
        connection.execute(text("UPDATE submissions SET entry = 'net  1'"))
        older = "INSERT INTO teams (name, created_at) SELECT 'o  ld', created_at FROM teams"
        connection.execute(text(older))
    store.arrivals.receive(an_arrival(2, team="old", entry="net  1"), welcome)
    store.arrivals.receive(an_arrival(3, team="o  ld", entry="net  1"), welcome)
    told = sorted((one.team, one.entry) for one in store.submissions.listed())
    assert told == [("o  ld", "net 1"), ("old", "net  1"), ("old", "net  1")]


@pytest.mark.parametrize("name", SPELLINGS)
def test_every_spelling_hands_in_for_the_team_as_it_was_first_written(store: Store, name: str) -> None:
    store.phases.add("small", small_truth(), Rules(), NOON)
    store.tokens.add("d1", "team", "Blue Cells", "", NOON, LATER)
    receipt = store.arrivals.receive(an_arrival(team=name), welcome)
    token = store.tokens.add("d2", "team", name, "", NOON, LATER)
    found = store.submissions.find(receipt.id)
    assert found is not None
    assert (found.team, token.team, store.teams.names()) == ("Blue Cells", "Blue Cells", ["Blue Cells"])
    assert store.teams.find(name) == "Blue Cells"
    assert store.teams.find("blue cell") is None


def test_spellings_that_arrive_at_one_moment_make_one_team(store: Store) -> None:
    store.phases.add("small", small_truth(), Rules(), NOON)
    start = threading.Barrier(len(SPELLINGS))

    def arrive(number: int, name: str) -> None:
        start.wait()
        store.arrivals.receive(an_arrival(number, team=name), welcome)

    threads = [threading.Thread(target=arrive, args=one) for one in enumerate(SPELLINGS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (name,) = store.teams.names()
    assert {one.team for one in store.submissions.listed()} == {name}
    assert len(store.submissions.listed()) == len(SPELLINGS)


def test_a_database_that_has_two_spellings_keeps_both_teams(tmp_path: Path, database: str | None) -> None:
    """Each is found by its exact name, the eldest by every other; when one is gone, the other is its heir."""
    old = Database(database or f"sqlite:///{tmp_path / DATABASE_FILE}")
    with old.writing() as connection:
        upgrade(connection, "0003")
        for at, name in enumerate(("Alpha", "alpha", "beta")):
            moment = f"2026-12-0{at + 1}T00:00:00.000000Z"
            said = text("INSERT INTO teams (name, created_at) VALUES (:name, :at)")
            connection.execute(said, {"name": name, "at": moment})
    old.close()
    with closing(Store.open(tmp_path, database)) as store:
        assert sorted(store.teams.names()) == ["Alpha", "alpha", "beta"]
        assert [store.teams.find(name) for name in ("Alpha", "alpha", "ALPHA")] == ["Alpha", "alpha", "Alpha"]
        (pair,) = store.teams.alike()
        assert sorted(pair) == ["Alpha", "alpha"]
        store.joining.rename("Alpha", "gamma", Act("host", NOON))
        assert store.teams.find("ALPHA") == "alpha"
        assert store.teams.alike() == []


def test_tokens_for_many_teams_are_made_all_or_none_and_each_is_in_the_audit_log(store: Store) -> None:
    act = Act("host", NOON, "course")
    made = store.tokens.add_for_teams([("a", "d1"), ("b", "d2"), ("A", "d3")], "note", LATER, act)
    assert [one.team for one in made] == ["a", "b", "a"]
    deeds = store.audit.listed()
    assert sorted((one.subject, one.detail["reason"]) for one in deeds) == [("a", "course")] * 2 + [
        ("b", "course")
    ]
    with pytest.raises(Exception, match=r"(?i)unique"):
        store.tokens.add_for_teams([("c", "d4"), ("d", "d1")], "", LATER, act)
    assert store.teams.names() == ["a", "b"]
    assert len(store.tokens.listed()) == 3


def test_teams_are_listed_as_people_count(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    for name in ("group 10", "group 2", "Group 1", "alpha", "group 11"):
        store.tokens.add(f"digest of {name}", "team", name, "", NOON, NOON)
    assert store.teams.names() == ["alpha", "Group 1", "group 2", "group 10", "group 11"]
    store.close()
