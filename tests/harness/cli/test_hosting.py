"""`harness submission`, `team` and `phase close…`: a host's deeds from the command line, and each undone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.desk import Place, a_place
from tests.support.inside import harness_inside
from tests.support.server import a_zip, administer


@pytest.fixture
def hosted(tmp_path: Path) -> Any:
    with a_place(tmp_path) as place:
        place.phase()
        for at, team in enumerate(("red", "blue", "green")):
            place.hand_in(a_zip(2 + 4 * at, seed=at), team=team, entry=f"net of {team}")
        yield place


def host(place: Place, *arguments: str) -> dict[str, Any]:
    done = harness_inside(*arguments, "--data-dir", place.desk.settings.data_dir, "--json")
    assert done.code == 0, done.err
    document: dict[str, Any] = done.document()
    return document


def refused(place: Place, *arguments: str) -> str:
    done = harness_inside(*arguments, "--data-dir", place.desk.settings.data_dir)
    assert done.code == 2, done.out + done.err
    return done.err


def board(place: Place) -> bytes:
    return bytes(place.client().get("/api/phases/small/leaderboard").content)


def first(place: Place) -> str:
    found: str = place.board()["standings"][0]["submission"]
    return found


DEEDS = {
    "withdraw": ("withdrawn", []),
    "hide": ("hidden", ["--reason", "copied"]),
    "disqualify": ("disqualified", ["--reason", "copied"]),
}


@pytest.mark.parametrize("deed", DEEDS)
def test_a_submission_is_taken_off_its_board_and_restored(hosted: Place, deed: str) -> None:
    one, before = first(hosted), board(hosted)
    state, reason = DEEDS[deed]
    told = host(hosted, "submission", deed, one, *reason)
    assert (told["set_aside"], told["reason"], told["changed"]) == (
        state,
        reason[-1] if reason else None,
        True,
    )
    assert first(hosted) != one
    assert host(hosted, "submission", deed, one, *reason)["changed"] is False
    (listed,) = (
        each for each in host(hosted, "submission", "list")["submissions"] if each["submission"] == one
    )
    assert listed["set_aside"] == state
    assert host(hosted, "submission", "restore", one)["set_aside"] is None
    assert board(hosted) == before
    actions = [(each.actor, each.subject) for each in hosted.desk.store.audit.listed()]
    assert actions == [("command line", one)] * 2


def test_restoring_undoes_the_host_first_and_then_the_team(hosted: Place) -> None:
    one = first(hosted)
    host(hosted, "submission", "withdraw", one)
    host(hosted, "submission", "hide", one, "--reason", "copied")
    states = [host(hosted, "submission", "restore", one)["set_aside"] for _ in range(3)]
    assert states == ["withdrawn", None, None]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["submission", "hide", "0" * 20, "--reason", "x"], "there is no submission"),
        (["submission", "hide", "FIRST"], "Missing option '--reason'"),
        (
            ["submission", "hide", "FIRST", "--reason", " "],
            "a reason, which the team sees; found none",
        ),
        (
            ["submission", "hide", "FIRST", "--reason", ""],
            "a reason, which the team sees; found none",
        ),
        (["submission", "disqualify", "FIRST", "--reason", ""], "Expected a reason, which the team sees"),
        (
            ["submission", "withdraw", "FIRST", "--reason", "x" * 501],
            "at most 500 printable characters, found 5",
        ),
        (["submission", "list", "--phase", "nope"], "There are: small."),
        (["submission", "list", "--team", "nope"], "There are: blue, green, red."),
        (["phase", "set", "small"], "nothing was named that is to be changed"),
        (["phase", "set", "small"], "--title, --opens, --closes, --per-day,"),
        (["token", "add", "--team", "new", "--days", "3651"], "3651 is not in the range 1<=x<=3650"),
        (
            ["token", "add", "--team", "new", "--note", "n" * 201],
            "at most 200 printable characters, found 2",
        ),
        (["team", "rename", "nobody", "x"], "there is no team 'nobody'"),
        (["team", "join", "red", "nobody"], "There are: blue, green, red."),
        (["team", "rename", "red", "BLUE"], "a team blue already"),
        (["team", "rename", "red", "a" * 81], "1 to 80 printable characters"),
        (["team", "join", "red", "Red"], "red is one team"),
        (["team", "separate", "red"], "there is no join 'red' that could be undone\nThere are: none yet."),
        (["phase", "archive", "small"], "is not closed (no end is set): close it first"),
        (["phase", "close", "other"], "there is no phase 'other'"),
    ],
)
def test_what_cannot_be_done_is_told_and_nothing_changes(
    hosted: Place, arguments: list[str], said: str
) -> None:
    before = board(hosted)
    given = [first(hosted) if one == "FIRST" else one for one in arguments]
    assert said in refused(hosted, *given)
    assert (board(hosted), hosted.desk.store.audit.listed()) == (before, [])


def test_a_team_is_renamed_and_renamed_back(hosted: Place) -> None:
    before = board(hosted)
    assert host(hosted, "team", "rename", "RED", "Rouge") == {"team": "Rouge", "before": "red"}
    assert "Rouge" in {one["team"] for one in hosted.board()["standings"]}
    host(hosted, "team", "rename", "rouge", "red")
    assert board(hosted) == before


@pytest.mark.parametrize("by", ["name", "id"])
def test_teams_are_joined_and_separated(hosted: Place, by: str) -> None:
    before = board(hosted)
    made = host(hosted, "team", "join", "red", "blue", "--reason", "they work together")
    assert [one["team"] for one in hosted.board()["standings"]] == ["blue", "green"]
    listed = host(hosted, "team", "list")
    assert {one["team"]: one["submissions"] for one in listed["teams"]} == {"blue": 2, "green": 1}
    assert [one["join"] for one in listed["joins"]] == [made["join"]]
    host(hosted, "team", "separate", "Red" if by == "name" else made["join"])
    assert board(hosted) == before


def test_what_a_join_unchooses_is_said_before_and_after(hosted: Place) -> None:
    store = hosted.desk.store
    for one in store.submissions.listed(phase="small"):
        if one.team in ("red", "blue"):
            host(hosted, "submission", "choose", one.id)
    (mine,) = [one for one in store.submissions.listed(phase="small") if one.team == "red"]
    page = hosted.client(hosted.token("host")).post("/teams/red/joining", data={"target": "blue"}).text
    assert "blue has chosen there, so no longer chosen: net of red in small." in page
    made = host(hosted, "team", "join", "red", "blue")
    assert made["unchosen"] == [{"submission": mine.id, "phase": "small", "entry": "net of red"}]
    assert host(hosted, "team", "join", "green", "blue")["unchosen"] == []


def test_a_phase_is_closed_archived_and_opened_again(hosted: Place) -> None:
    before, rules = board(hosted), hosted.desk.store.phases.all()[0]
    told = host(hosted, "phase", "close", "small", "--reason", "the course is over")
    assert told["changed"]
    assert host(hosted, "phase", "archive", "small")["archived_at"] is not None
    assert "take it out first" in refused(hosted, "phase", "reopen", "small")
    assert host(hosted, "phase", "unarchive", "small")["archived_at"] is None
    assert host(hosted, "phase", "reopen", "small")["closes_at"] is None
    assert host(hosted, "phase", "reopen", "small")["changed"] is False
    found = hosted.desk.store.phases.all()[0]
    assert (found.rules, found.archived_at) == (rules.rules, rules.archived_at)
    assert board(hosted) == before
    deeds = [each.action for each in hosted.desk.store.audit.listed()]
    assert sorted(deeds) == sorted(
        ["phase closed", "phase archived", "phase taken out of the archive", "phase reopened"]
    )


def test_a_closing_by_hand_leaves_the_end_that_was_set(hosted: Place) -> None:
    host(hosted, "phase", "set", "small", "--closes", "2999-12-31")
    ends = host(hosted, "phase", "list")["phases"][0]["rules"]["closes_at"]
    assert host(hosted, "phase", "close", "small")["closes_at"] < "2999"
    assert hosted.upload(team="red").status_code == 403
    assert host(hosted, "phase", "reopen", "small")["closes_at"].startswith("2999-12-31")
    assert host(hosted, "phase", "list")["phases"][0]["rules"]["closes_at"] == ends


def test_a_phase_that_ended_by_itself_has_no_end_once_it_is_reopened(tmp_path: Path) -> None:
    with a_place(tmp_path) as place:
        place.phase()
        host(place, "phase", "set", "small", "--closes", "2020-01-01")
        assert host(place, "phase", "close", "small")["changed"] is False
        assert host(place, "phase", "reopen", "small")["closes_at"] is None
        (deed,) = [one for one in place.desk.store.audit.listed() if one.action == "phase reopened"]
        assert deed.detail["before"]["closes_at"].startswith("2020-01-01")


def test_two_names_of_an_earlier_release_that_are_one_team_now_are_told(tmp_path: Path) -> None:
    with a_place(tmp_path) as place:
        place.token(team="Alpha")
        place.token(team="beta")
        with place.desk.store.database.writing() as connection:
            connection.exec_driver_sql(
                "INSERT INTO teams (name, created_at) SELECT 'ALPHA', created_at FROM teams LIMIT 1"
            )
        assert [sorted(pair) for pair in host(place, "team", "list")["alike"]] == [["ALPHA", "Alpha"]]
        said = harness_inside("team", "list", "--data-dir", tmp_path).err
        assert "go on as they are" in " ".join(said.split())


def test_words_say_what_became_of_it(hosted: Place) -> None:
    folder = hosted.desk.settings.data_dir
    one = first(hosted)
    assert "is withdrawn" in harness_inside("submission", "withdraw", one, "--data-dir", folder).out
    assert "Nothing to do" in harness_inside("submission", "withdraw", one, "--data-dir", folder).out
    assert "withdrawn" in harness_inside("submission", "list", "--data-dir", folder).out
    assert "red is rot now" in harness_inside("team", "rename", "red", "rot", "--data-dir", folder).out
    assert "rot" in harness_inside("team", "list", "--data-dir", folder).out
    assert administer(folder, None, "team", "list")["joins"] == []


def test_a_phase_is_shown_with_what_does_not_count_and_what_is_alike(hosted: Place) -> None:
    hosted.clock.turn(minutes=1)
    copied = hosted.hand_in(a_zip(2, seed=0), team="yellow", entry="net of yellow")["id"]
    one = first(hosted)
    host(hosted, "submission", "hide", hosted.board()["standings"][-1]["submission"], "--reason", "late")
    shown = host(hosted, "phase", "show", "small")
    assert (shown["teams"], shown["submissions"]) == (4, {"scored": 4})
    assert [each["reason"] for each in shown["set_aside"]] == ["late"]
    assert shown["alike"] == [
        {"teams": ["red", "yellow"], "submissions": [one, copied], "share": 1.0, "apart": []}
    ]
    said = harness_inside("phase", "show", "small", "--data-dir", hosted.desk.settings.data_dir).out
    assert "net of yellow of yellow" in said
    assert "call all 50 cells the same" in said
    assert "hidden: net of green of green" in said
