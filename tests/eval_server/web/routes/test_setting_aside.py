"""Submissions withdrawn, hidden and disqualified: gone on every way out, and back again as they were."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.eval_server.web.routes.test_pages import HTML, body, signed_in
from tests.support.desk import Place, problem
from tests.support.server import a_zip

REASON = "trained on the test cells"
Send = Callable[[Place, str, str], Any]


def withdrawn(place: Place, one: str, token: str) -> Any:
    return place.client(token).post(f"/api/submissions/{one}/withdrawal")


def taken_back(place: Place, one: str, token: str) -> Any:
    return place.client(token).delete(f"/api/submissions/{one}/withdrawal")


def barred(kind: str) -> Send:
    data = {"kind": kind, "reason": REASON}
    return lambda place, one, token: place.client(token).post(f"/api/submissions/{one}/bar", data=data)


def lifted(place: Place, one: str, token: str) -> Any:
    return place.client(token).delete(f"/api/submissions/{one}/bar")


DEEDS: dict[str, tuple[Send, Send, str]] = {
    "withdrawn": (withdrawn, taken_back, "red"),
    "hidden": (barred("hidden"), lifted, "host"),
    "disqualified": (barred("disqualified"), lifted, "host"),
}
each_deed = pytest.mark.parametrize("kind", DEEDS)


class Course:
    """Three teams with an entry each, red with two; and whoever may look."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.tokens = {team: place.token(team=team) for team in ("red", "blue", "green")}
        self.tokens["host"] = place.token("host")
        wrong = {"red": 2, "blue": 5, "green": 12}
        self.ids = {
            team: place.hand_in(a_zip(count, seed=count), token=self.tokens[team], entry=f"net of {team}")[
                "id"
            ]
            for team, count in wrong.items()
        }
        self.second = place.hand_in(a_zip(7, seed=70), token=self.tokens["red"], entry="older net")["id"]

    def leaderboard(self, who: str = "") -> bytes:
        answer = self.place.client(self.tokens.get(who)).get("/api/phases/small/leaderboard")
        return bytes(answer.content)

    def do(self, kind: str, one: str | None = None) -> dict[str, Any]:
        do, _, who = DEEDS[kind]
        answer = do(self.place, one or self.ids["red"], self.tokens[who])
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def undo(self, kind: str) -> dict[str, Any]:
        _, undo, who = DEEDS[kind]
        document: dict[str, Any] = undo(self.place, self.ids["red"], self.tokens[who]).json()
        return document


@pytest.fixture
def course(guarded: Place) -> Course:
    return Course(guarded)


@each_deed
def test_what_is_set_aside_leaves_the_board_and_comes_back_byte_for_byte(course: Course, kind: str) -> None:
    before = course.leaderboard()
    reason = None if kind == "withdrawn" else REASON
    assert course.do(kind) == {"id": course.ids["red"], "set_aside": kind, "reason": reason}
    standings = course.place.board()["standings"]
    assert course.ids["red"] not in {one["submission"] for one in standings}
    assert [one["submission"] for one in standings][-1] == course.ids["green"]
    assert course.second in {one["submission"] for one in standings}
    assert course.undo(kind)["set_aside"] is None
    assert course.leaderboard() == before


@each_deed
def test_a_team_whose_only_entry_is_set_aside_has_no_line(course: Course, kind: str) -> None:
    do, _, who = DEEDS[kind]
    token = course.tokens["blue" if who == "red" else who]
    assert do(course.place, course.ids["blue"], token).status_code == 200
    board = course.place.board()
    assert [one["team"] for one in board["standings"]] == ["red", "green"]
    assert {one["rank_set"][1] for one in board["standings"]} <= {1, 2}


@each_deed
@pytest.mark.parametrize("who", ["", "blue"])
def test_to_others_nothing_of_it_is_told_by_any_link(course: Course, kind: str, who: str) -> None:
    one = course.ids["red"]
    token = course.tokens.get(who)
    told = course.place.client(token).get(f"/api/submissions/{one}").json()
    value = told["metrics"]["weighted_f1"]
    number, percent = str(value), f"{value:.2%}"[:-1]
    course.do(kind)
    client = course.place.client(token)
    said = problem(client.get(f"/api/submissions/{one}"), 410)["detail"]
    assert "stands on no board now" in said
    page = course.place.client(token, **HTML).get(f"/submissions/{one}")
    text = body(page, 410)
    assert "This is not shown" in text
    for word in ("withdrawn", "disqualified", REASON, number, "net of red"):
        assert word not in text
    assert percent not in text
    other = course.ids["green"]
    for address in (
        f"/api/phases/small/comparisons?a={one}&b={other}",
        f"/api/phases/small/significance?s={one}&s={other}",
        f"/phases/small/compare?s={one}&s={other}",
    ):
        assert client.get(address).status_code == 410
    for address in ("archive", "original"):
        assert client.get(f"/api/submissions/{one}/{address}").status_code == 410


@each_deed
def test_a_comparison_by_the_host_marks_what_stands_on_no_board(course: Course, kind: str) -> None:
    course.do(kind)
    host = course.place.client(course.tokens["host"], **HTML)
    red, blue, green = course.ids.values()
    marked = f"net of red ({kind})"
    for ids in ([red, blue], [blue, red, green]):
        page = body(host.get("/phases/small/compare", params={"s": ids}))
        assert f"Not on the board, and compared for the host alone: {marked}." in page
        assert marked in page.split("<table", 1)[1]
        assert set(re.findall("net of red(.{3})", page)) == {f" ({kind[0]}"}, "pictures cut names"
        several = host.get("/api/phases/small/significance", params={"s": ids}).json()
        assert several["set_aside"] == {marked: kind}
        assert several["submissions"][marked] == red
    pair = host.get("/api/phases/small/comparisons", params={"a": red, "b": blue}).json()
    assert [one["set_aside"] for one in pair["entries"]] == [kind, None]
    others = body(host.get("/phases/small/compare", params={"s": [blue, green]}))
    assert "Not on the board" not in others
    assert "only the host may compare it" in body(host.get(f"/submissions/{red}"))


@each_deed
def test_its_team_and_the_host_see_it_with_its_state_and_reason(course: Course, kind: str) -> None:
    one = course.ids["red"]
    course.do(kind)
    for who in ("red", "host"):
        client = course.place.client(course.tokens[who])
        told = client.get(f"/api/submissions/{one}").json()
        assert told["set_aside"] == kind
        assert told["set_aside_reason"] == (None if kind == "withdrawn" else REASON)
        assert told["metrics"]["weighted_f1"] > 0.9
        text = body(signed_in(course.place, course.tokens[who]).get(f"/submissions/{one}"))
        assert "It does not count" in text
        assert (REASON in text) == (kind != "withdrawn")
        assert "Another submission stands for its team" not in text
        assert client.get(f"/api/submissions/{one}/archive").status_code == 200
    listed = course.place.client(course.tokens["red"]).get("/api/phases/small/submissions").json()
    assert {each["id"]: each["set_aside"] for each in listed["submissions"]} == {
        one: kind,
        course.second: None,
    }
    assert kind in body(signed_in(course.place, course.tokens["red"]).get("/teams/red"))
    assert kind in body(signed_in(course.place, course.tokens["host"]).get("/host"))


@each_deed
def test_it_is_compared_with_nothing_but_by_the_host(course: Course, kind: str) -> None:
    course.do(kind)
    address = f"/api/phases/small/comparisons?a={course.ids['red']}&b={course.ids['green']}"
    assert kind in problem(course.place.client(course.tokens["red"]).get(address), 409)["detail"]
    assert course.place.client(course.tokens["host"]).get(address).status_code == 200


@each_deed
def test_the_deed_and_its_reverse_are_each_in_the_audit_log_once(course: Course, kind: str) -> None:
    for _ in range(2):
        course.do(kind)
    for _ in range(2):
        course.undo(kind)
    deeds = course.place.client(course.tokens["host"]).get("/api/audit").json()["audit"]
    found = [one for one in deeds if one["subject"] == course.ids["red"]]
    assert len(found) == 2
    assert {one["actor"] for one in found} == {DEEDS[kind][2]}
    done = min(found, key=lambda one: one["action"] != f"submission {kind}")
    assert done["detail"]["before"] != done["detail"]["after"]
    assert done["detail"].get("reason") == (None if kind == "withdrawn" else REASON)


@each_deed
def test_the_same_file_again_is_the_one_that_was_set_aside(course: Course, kind: str) -> None:
    """Neither a second submission nor another quota: its team has to take it back."""
    course.do(kind)
    answer = course.place.upload(a_zip(2, seed=2), token=course.tokens["red"], entry="net of red")
    assert (answer.status_code, answer.json()["id"]) == (200, course.ids["red"])


ROLES = {
    "withdrawal": {"": 401, "blue": 403, "red": 200, "host": 200},
    "bar": {"": 401, "blue": 403, "red": 403, "host": 200},
}


@pytest.mark.parametrize("who", ["", "blue", "red", "host"])
@pytest.mark.parametrize("deed", ROLES)
def test_each_deed_is_open_to_those_whose_it_is(course: Course, deed: str, who: str) -> None:
    client, path = course.place.client(course.tokens.get(who)), f"/submissions/{course.ids['red']}"
    data = {"kind": "hidden", "reason": REASON, "sure": "yes"}
    done, undone = client.post(f"/api{path}/{deed}", data=data), client.delete(f"/api{path}/{deed}")
    expected = ROLES[deed][who]
    # once it is set aside, others are told that it is not shown
    assert (done.status_code, undone.status_code) == (expected, expected)
    pages = {"withdrawal": "return", "bar": "restoration"}
    for page in (deed, pages[deed]):
        answer = client.post(f"{path}/{page}", data=data, follow_redirects=False)
        assert answer.status_code == (303 if expected == 200 else expected), page


def test_a_team_withdraws_only_while_the_phase_is_open_and_a_host_at_any_time(course: Course) -> None:
    course.do("withdrawn")
    rules = course.place.desk.store.phases.all()[0].rules
    course.place.desk.store.phases.change("small", type(rules)(closes_at=course.place.clock()))
    red, host = (course.place.client(course.tokens[who]) for who in ("red", "host"))
    assert red.post(f"/api/submissions/{course.second}/withdrawal").status_code == 403
    assert red.delete(f"/api/submissions/{course.ids['red']}/withdrawal").status_code == 403
    text = body(signed_in(course.place, course.tokens["red"]).get(f"/submissions/{course.ids['red']}"))
    assert "Take it back" not in text
    assert host.delete(f"/api/submissions/{course.ids['red']}/withdrawal").json()["set_aside"] is None


@pytest.mark.parametrize(
    "data", [{"kind": "hidden"}, {"kind": "hidden", "reason": " "}, {"kind": "gone", "reason": "x"}]
)
def test_a_host_gives_a_reason_and_one_of_two_kinds(course: Course, data: dict[str, str]) -> None:
    answer = course.place.client(course.tokens["host"]).post(
        f"/api/submissions/{course.ids['red']}/bar", data=data
    )
    problem(answer, 422)
    assert course.ids["red"] in {one["submission"] for one in course.place.board()["standings"]}


def test_a_refused_submission_can_neither_be_withdrawn_nor_barred(course: Course) -> None:
    found = course.place.hand_in(b"no zip", token=course.tokens["red"])
    for who, deed in (("red", "withdrawal"), ("host", "bar")):
        client = course.place.client(course.tokens[who])
        answer = client.post(f"/api/submissions/{found['id']}/{deed}", data={"kind": "hidden", "reason": "x"})
        assert "refused" in problem(answer, 409)["detail"]


def test_pages_ask_back_once_and_do_nothing_before(course: Course) -> None:
    browser, address = signed_in(course.place, course.tokens["red"]), f"/submissions/{course.ids['red']}"
    form = form_token(body(browser.get(address)))
    asked = body(browser.post(f"{address}/withdrawal", data={"csrf": form}))
    assert "Withdraw net of red of red?" in asked
    assert course.ids["red"] in {one["submission"] for one in course.place.board()["standings"]}
    done = browser.post(f"{address}/withdrawal", data={"csrf": form_token(asked), "sure": "yes"})
    assert "Withdrawn by its team" in body(done)
    assert course.ids["red"] not in {one["submission"] for one in course.place.board()["standings"]}
    assert "It does not count" not in body(browser.post(f"{address}/return", data={"csrf": form}))


def test_what_is_done_to_a_submission_already_is_not_offered_again(course: Course) -> None:
    host, address = signed_in(course.place, course.tokens["host"]), f"/submissions/{course.ids['red']}"
    offered = {}
    for kind in ("", "hidden", "disqualified"):
        if kind:
            course.do(kind)
        text = body(host.get(address))
        offered[kind] = [one for one in ("Hide it", "Disqualify it", "Withdraw it") if one in text]
    assert offered == {
        "": ["Hide it", "Disqualify it", "Withdraw it"],
        "hidden": ["Disqualify it", "Withdraw it"],
        "disqualified": ["Hide it", "Withdraw it"],
    }


def test_a_page_without_the_sessions_form_token_does_nothing(course: Course) -> None:
    browser = signed_in(course.place, course.tokens["red"])
    for deed in ("withdrawal", "return", "bar", "restoration"):
        answer = browser.post(
            f"/submissions/{course.ids['red']}/{deed}", data={"sure": "yes", "kind": "hidden"}
        )
        assert "not from this session" in body(answer, 403)
    for deed in ("withdrawal", "bar"):
        assert browser.delete(f"/api/submissions/{course.ids['red']}/{deed}").status_code == 403


def form_token(text: str) -> str:
    found = re.search(r'name="csrf" value="(\w+)"', text)
    assert found is not None
    return found[1]


def test_a_withdrawn_one_was_a_try_and_a_barred_one_was_none(course: Course) -> None:
    """Else a team could make its best of many look like the only one."""
    host = course.place.client(course.tokens["host"])
    host.post(f"/api/submissions/{course.second}/withdrawal")
    assert host.get(f"/api/submissions/{course.ids['red']}").json()["best_of"]["tries"] == 2
    assert {one["team"]: one["submissions"] for one in course.place.board()["standings"]}["red"] == 2
    host.post(f"/api/submissions/{course.second}/bar", data={"kind": "hidden", "reason": "x"})
    assert host.get(f"/api/submissions/{course.ids['red']}").json()["best_of"] is None


def test_with_the_ladder_on_a_withdrawal_tells_nothing_that_was_kept_back(guarded: Place) -> None:
    guarded.phase("ladder", ladder=True)
    token = guarded.token(team="red")
    best = guarded.hand_in(a_zip(4, seed=1), token=token, phase="ladder", entry="first")["id"]
    guarded.clock.turn(minutes=1)
    later = guarded.hand_in(a_zip(4, seed=2), token=token, phase="ladder", entry="no better")["id"]
    assert [one["submission"] for one in guarded.board(phase="ladder")["standings"]] == [best]
    before = guarded.client(token).get(f"/api/submissions/{later}").json()
    withdrawn(guarded, best, token)
    assert guarded.board(phase="ladder")["standings"] == []
    after = guarded.client(token).get(f"/api/submissions/{later}").json()
    assert (after["shown"], after["metrics"]) == (best, before["metrics"])
    taken_back(guarded, best, token)
    assert [one["submission"] for one in guarded.board(phase="ladder")["standings"]] == [best]


@pytest.mark.parametrize("rule", ["last", "chosen", "every"])
def test_by_every_rule_another_submission_stands_where_one_is_withdrawn(guarded: Place, rule: str) -> None:
    guarded.phase("other", represents=rule)
    token = guarded.token(team="red")
    first = guarded.hand_in(a_zip(2), token=token, phase="other", entry="net")["id"]
    guarded.clock.turn(minutes=1)
    second = guarded.hand_in(a_zip(3), token=token, phase="other", entry="net")["id"]
    stands = first if rule != "last" else second
    guarded.client(token).post(f"/api/submissions/{stands}/choice")
    board = guarded.board(phase="other")
    assert [one["submission"] for one in board["standings"]] == [stands]
    withdrawn(guarded, stands, token)
    left = {first, second} - {stands}
    assert {one["submission"] for one in guarded.board(phase="other")["standings"]} == left
    if rule == "chosen":
        problem(guarded.client(token).post(f"/api/submissions/{stands}/choice"), 409)
    taken_back(guarded, stands, token)
    assert guarded.board(phase="other") == board


@pytest.mark.parametrize("rules", [{"visibility": "hidden"}, {"visibility": "anonymous"}])
def test_a_hidden_or_anonymous_board_tells_no_more_of_it(guarded: Place, rules: dict[str, Any]) -> None:
    guarded.phase("other", **rules)
    token, other = guarded.token(team="red"), guarded.token(team="blue")
    one = guarded.hand_in(a_zip(2), token=token, phase="other", entry="net of red")["id"]
    withdrawn(guarded, one, token)
    answer = guarded.client(other).get(f"/api/submissions/{one}")
    assert answer.status_code == (404 if rules["visibility"] == "hidden" else 410)
    assert "red" not in answer.text
