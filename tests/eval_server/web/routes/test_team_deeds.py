"""Teams renamed, joined, separated and given tokens: by whom, how it is asked back, and back as it was."""

from __future__ import annotations

import csv
import html
import io
import re
from typing import Any

import pytest

from tests.eval_server.web.routes.test_pages import body, signed_in
from tests.eval_server.web.routes.test_setting_aside import Course, form_token
from tests.support.desk import Place, problem
from tests.support.server import a_zip


@pytest.fixture
def course(guarded: Place) -> Course:
    return Course(guarded)


def host(course: Course) -> Any:
    return course.place.client(course.tokens["host"])


DEEDS: dict[str, tuple[str, str, dict[str, str]]] = {
    "rename": ("post", "/api/teams/red/name", {"name": "rot"}),
    "join": ("post", "/api/teams/red/joining", {"target": "blue"}),
    "joins": ("get", "/api/joins", {}),
    "separate": ("delete", f"/api/joins/{'0' * 20}", {}),
    "tokens": ("post", "/api/tokens", {"names": "new"}),
    "rename page": ("post", "/teams/red/name", {"name": "rot"}),
    "join page": ("post", "/teams/red/joining", {"target": "blue", "sure": "yes"}),
    "separate page": ("post", f"/joins/{'0' * 20}/separation", {}),
    "tokens page": ("post", "/host/tokens", {"names": "new"}),
    "close": ("post", "/api/phases/small/closing", {}),
    "reopen": ("delete", "/api/phases/small/closing", {}),
    "archive": ("post", "/api/phases/small/archiving", {}),
    "unarchive": ("delete", "/api/phases/small/archiving", {}),
    "alike": ("get", "/api/phases/small/alike", {}),
    "close page": ("post", "/phases/small/deeds/close", {"sure": "yes"}),
    "archive page": ("post", "/phases/small/deeds/archive", {"sure": "yes"}),
}


@pytest.mark.parametrize(("who", "status"), [("", 401), ("red", 403), ("blue", 403)])
@pytest.mark.parametrize("deed", DEEDS)
def test_what_is_a_hosts_is_nobody_elses(course: Course, deed: str, who: str, status: int) -> None:
    method, address, data = DEEDS[deed]
    before = course.leaderboard()
    client = course.place.client(course.tokens.get(who))
    answer = client.request(method, address, data=data or None, follow_redirects=False)
    assert answer.status_code == status, answer.text
    assert course.leaderboard() == before
    assert course.place.desk.store.teams.names() == ["blue", "green", "red"]


@pytest.mark.parametrize("deed", [deed for deed in DEEDS if DEEDS[deed][0] != "get"])
def test_a_session_without_its_form_token_does_nothing(course: Course, deed: str) -> None:
    method, address, data = DEEDS[deed]
    browser = signed_in(course.place, course.tokens["host"])
    answer = browser.request(method, address, data=data or None)
    assert answer.status_code == 403
    assert "not from this session" in answer.text


def test_a_team_is_renamed_on_its_page_and_signed_in_still(course: Course) -> None:
    before = course.leaderboard()
    browser = signed_in(course.place, course.tokens["host"])
    form = form_token(body(browser.get("/teams/red")))
    text = body(browser.post("/teams/red/name", data={"name": " Rouge & Cie ", "csrf": form}))
    assert "<h1>Rouge &amp; Cie</h1>" in text
    assert "Rouge & Cie" in {one["team"] for one in course.place.board()["standings"]}
    team = course.place.client(course.tokens["red"])
    assert team.get("/api/session").json()["team"] == "Rouge & Cie"
    course.place.clock.turn(minutes=1)
    assert course.place.hand_in(a_zip(20, seed=9), token=course.tokens["red"])["team"] == "Rouge & Cie"
    assert problem(host(course).get("/api/teams/red"), 404)
    answer = host(course).post("/api/teams/rouge%20%26%20CIE/name", data={"name": "red", "reason": "a slip"})
    assert answer.json() == {"team": "red", "before": "Rouge & Cie"}
    withdrawn = [
        one for one in course.place.desk.store.submissions.listed(team="red") if one.entry == "entry"
    ]
    host(course).post(f"/api/submissions/{withdrawn[0].id}/bar", data={"kind": "hidden", "reason": "x"})
    assert course.leaderboard() == before


@pytest.mark.parametrize(
    ("name", "status", "said"),
    [
        ("BLUE", 409, "a team blue already"),
        ("", 422, "name"),
        ("a" * 81, 422, "1 to 80 printable characters, found 81: 'aaa"),
        ("a" * 201, 422, "`name`: expected at most 200 characters, found 201."),
        ("red", 409, "already"),
    ],
)
def test_a_name_that_cannot_be_is_told(course: Course, name: str, status: int, said: str) -> None:
    answer = host(course).post("/api/teams/red/name", data={"name": name})
    assert answer.status_code == status
    assert said in answer.text


def test_two_teams_are_joined_after_a_question_and_separated_as_they_were(course: Course) -> None:
    before = course.leaderboard()
    browser = signed_in(course.place, course.tokens["host"])
    form = form_token(body(browser.get("/teams/red")))
    data = {"target": "blue", "reason": "they work together", "csrf": form}
    asked = body(browser.post("/teams/red/joining", data=data))
    assert "Join red into blue?" in asked
    assert course.leaderboard() == before
    text = body(browser.post("/teams/red/joining", data={**data, "sure": "yes"}))
    assert "<h1>blue</h1>" in text
    assert "net of red" in text
    assert [one["team"] for one in course.place.board()["standings"]] == ["blue", "green"]
    assert course.place.client(course.tokens["red"]).get("/api/session").json()["team"] == "blue"
    listed = body(browser.get("/teams"))
    join = re.search(r"/joins/(\w+)/separation", listed)
    assert join is not None
    assert "they work together" in body(browser.get("/host"))
    text = body(browser.post(f"/joins/{join[1]}/separation", data={"csrf": form}))
    assert "Joined teams" not in text
    assert course.leaderboard() == before


def test_json_joins_lists_and_separates(course: Course) -> None:
    before, client = course.leaderboard(), host(course)
    made = client.post("/api/teams/red/joining", data={"target": "blue"})
    assert made.status_code == 201
    assert client.get("/api/joins").json()["joins"] == [made.json()]
    assert client.get("/api/teams/red").json()["team"] == "blue"
    apart = client.delete(f"/api/joins/{made.json()['id']}").json()
    assert (apart["team"], apart["target"]) == ("red", "blue")
    assert apart["separated_at"] is not None
    assert client.delete(f"/api/joins/{made.json()['id']}").status_code == 409
    assert course.leaderboard() == before


def test_a_joined_team_has_one_quota(guarded: Place) -> None:
    guarded.phase("few", in_all=2)
    tokens = {team: guarded.token(team=team) for team in ("red", "blue")}
    for at, token in enumerate(tokens.values()):
        guarded.hand_in(a_zip(at), token=token, phase="few")
    guarded.client(guarded.token("host")).post("/api/teams/red/joining", data={"target": "blue"})
    assert guarded.upload(a_zip(9), token=tokens["red"], phase="few").status_code == 429


def test_every_spelling_of_a_team_is_that_team_at_every_door(course: Course) -> None:
    red = course.place.client(course.tokens["red"])
    assert red.get("/api/teams/RED").json()["team"] == "red"
    listed = red.get("/api/phases/small/submissions", params={"team": "Red"}).json()["submissions"]
    assert len(listed) == 2
    made = red.post("/api/teams/R%20ed/tokens", data={"note": "laptop"}).json()
    assert made["team"] == "red"
    assert red.delete(f"/api/teams/ＲＥＤ/tokens/{made['id']}").status_code == 204
    data = {"entry": "again", "team": "RED"}
    answer = red.post("/api/phases/small/submissions", files={"file": ("s.zip", a_zip(9))}, data=data)
    assert answer.status_code == 202
    by_host = course.place.hand_in(a_zip(30), team="Blue", token=course.tokens["host"], named=True)
    assert by_host["team"] == "blue"
    assert red.get("/api/teams/blue").status_code == 403
    assert course.place.desk.store.teams.names() == ["blue", "green", "red"]


def test_a_page_makes_tokens_for_many_and_shows_them_once(course: Course) -> None:
    browser = signed_in(course.place, course.tokens["host"])
    form = form_token(body(browser.get("/teams")))
    names = "Gruppe 1\r\n\r\n=gruppe 2\r\nRED\r\n"
    answer = browser.post("/host/tokens", data={"names": names, "note": "course", "csrf": form})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"] == 'attachment; filename="tokens.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["team"] for row in rows] == ["Gruppe 1", "'=gruppe 2", "red"]
    assert {row["link"] for row in rows} == {"http://127.0.0.1:8000/sign-in"}
    teams = [course.place.client(row["token"]).get("/api/session").json()["team"] for row in rows]
    assert teams == ["Gruppe 1", "=gruppe 2", "red"]
    deeds = course.place.desk.store.audit.listed()
    assert sorted(one.subject for one in deeds) == ["=gruppe 2", "Gruppe 1", "red"]


@pytest.mark.parametrize("names", ["", "alpha\nAlpha", "a" * 81, "a\u200bb"])
def test_a_list_that_cannot_be_taken_makes_no_token(course: Course, names: str) -> None:
    before = len(course.place.desk.store.tokens.listed())
    answer = host(course).post("/api/tokens", data={"names": names})
    assert answer.status_code == 422
    assert len(course.place.desk.store.tokens.listed()) == before


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"days": "3651"}, "`days`: expected at most 3650, found '3651'."),
        ({"days": "0"}, "`days`: expected at least 1, found '0'."),
        ({"days": "a week"}, "`days`: expected a whole number, found 'a week'."),
        ({"note": "n" * 201}, "`note`: expected at most 200 characters, found 201."),
        ({"note": "a\tb"}, "Expected a note of at most 200 printable characters"),
    ],
)
def test_the_limits_of_a_token_are_told_in_words_at_every_door(
    course: Course, form: dict[str, str], said: str
) -> None:
    browser = signed_in(course.place, course.tokens["host"])
    page = {**form, "names": "new", "csrf": form_token(body(browser.get("/teams")))}
    doors = (
        host(course).post("/api/tokens", data={**form, "names": "new"}),
        host(course).post("/api/teams/red/tokens", data=form),
        browser.post("/host/tokens", data=page),
        browser.post("/teams/red/tokens", data=page),
    )
    for answer in doors:
        assert answer.status_code == 422
        assert said in html.unescape(answer.text)


def test_a_name_is_kept_with_one_space_by_page_and_in_json(course: Course) -> None:
    made = host(course).post("/api/tokens", data={"names": "groop  11"}).json()["tokens"]
    assert [one["team"] for one in made] == ["groop 11"]
    renamed = host(course).post("/api/teams/groop%2011/name", data={"name": " groop   12"})
    assert renamed.json() == {"team": "groop 12", "before": "groop 11"}


def test_json_makes_tokens_for_many(course: Course) -> None:
    made = host(course).post("/api/tokens", data={"names": "x\ny", "days": "7"})
    assert made.status_code == 201
    assert [one["team"] for one in made.json()["tokens"]] == ["x", "y"]
    assert made.headers["cache-control"] == "no-store"
