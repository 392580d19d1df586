"""Phases closed, reopened and archived by a host, and submissions of different teams that are alike."""

from __future__ import annotations

from typing import Any

import pytest

from eval_server.judging.truth import read_truth
from eval_server.store.records import Rules
from submissions.packing import packed
from submissions.predictions import Predictions
from tests.eval_server.web.routes.test_pages import HTML, body, signed_in
from tests.eval_server.web.routes.test_setting_aside import Course, form_token
from tests.support.desk import Place, problem
from tests.support.server import a_zip, small_truth


@pytest.fixture
def course(guarded: Place) -> Course:
    return Course(guarded)


def host(course: Course) -> Any:
    return course.place.client(course.tokens["host"])


def state(course: Course) -> dict[str, Any]:
    found: dict[str, Any] = course.place.client().get("/api/phases/small").json()
    return {key: value for key, value in found.items() if key != "now"}


def test_a_closed_phase_takes_nothing_until_it_is_open_again_as_it_was(course: Course) -> None:
    before, board = state(course), course.leaderboard()
    closed = host(course).post("/api/phases/small/closing", data={"reason": "the course is over"}).json()
    assert closed["status"] == "closed"
    assert closed["closes_at"].startswith("2026-12-01T12:00")
    refused = problem(course.place.upload(a_zip(9), token=course.tokens["red"]), 403)
    assert "closed at 2026-12-01T12:00:00Z" in refused["detail"]
    assert course.leaderboard() == board
    assert host(course).post("/api/phases/small/closing").json()["closes_at"] == closed["closes_at"]
    assert host(course).delete("/api/phases/small/closing").json()["status"] == "open"
    assert (state(course), course.leaderboard()) == (before, board)
    deeds = course.place.desk.store.audit.listed()
    assert sorted(one.action for one in deeds) == ["phase closed", "phase reopened"]
    assert {one.detail.get("reason") for one in deeds} == {"the course is over", None}


def test_a_hidden_board_opens_when_its_phase_is_closed_and_hides_again(guarded: Place) -> None:
    guarded.phase("exam", visibility="hidden")
    guarded.hand_in(a_zip(3), token=guarded.token(team="red"), phase="exam")
    client = guarded.client(guarded.token("host"))
    assert guarded.board(phase="exam")["visible"] is False
    client.post("/api/phases/exam/closing")
    assert len(guarded.board(phase="exam")["standings"]) == 1
    client.delete("/api/phases/exam/closing")
    assert guarded.board(phase="exam")["visible"] is False


def test_a_phase_that_is_not_open_yet_can_be_closed_too(guarded: Place) -> None:
    from datetime import timedelta

    guarded.phase("later", opens_at=guarded.clock() + timedelta(days=3))
    client = guarded.client(guarded.token("host"))
    assert client.post("/api/phases/later/closing").json()["status"] == "closed"
    assert client.delete("/api/phases/later/closing").json()["status"] == "upcoming"


def test_an_archived_phase_leaves_the_start_page_and_is_reached_from_there(course: Course) -> None:
    before, board = state(course), course.leaderboard()
    assert "close it first" in problem(host(course).post("/api/phases/small/archiving"), 409)["detail"]
    host(course).post("/api/phases/small/closing")
    assert host(course).post("/api/phases/small/archiving").json()["archived"] is True
    visitor = course.place.client(**HTML)
    start = body(visitor.get("/"))
    assert 'href="/phases/small"' not in start
    assert 'href="/archived"' in start
    assert 'href="/phases/small"' in body(visitor.get("/archived"))
    assert "net of red" in body(visitor.get("/phases/small"))
    assert course.leaderboard() == board
    assert [one["archived"] for one in visitor.get("/api/phases").json()["phases"]] == [True]
    assert "take it out first" in problem(host(course).delete("/api/phases/small/closing"), 409)["detail"]
    assert host(course).delete("/api/phases/small/archiving").json()["archived"] is False
    host(course).delete("/api/phases/small/closing")
    assert (state(course), course.leaderboard()) == (before, board)
    assert "/archived" not in body(visitor.get("/"))


def test_the_hosts_page_asks_back_before_it_closes_and_archives(course: Course) -> None:
    browser = signed_in(course.place, course.tokens["host"])
    form = form_token(body(browser.get("/host")))
    for deed, question, after in (
        ("close", "Close small now?", "closed"),
        ("archive", "Put small into the archive?", "archived"),
        ("unarchive", "", "closed"),
        ("reopen", "Open small again?", "open"),
    ):
        address, before = f"/phases/small/deeds/{deed}", state(course)
        if question:
            assert question in body(browser.post(address, data={"csrf": form}))
            assert state(course) == before
        text = body(browser.post(address, data={"csrf": form, "sure": "yes"}))
        assert f'data-head="State">{after}' in text or f", {after}</td>" in text
    assert browser.post("/phases/small/deeds/other", data={"csrf": form}).status_code == 404


def changed(cells: int) -> bytes:
    """The submission of `a_zip(30, seed=0)` on the large truth with so many cells called otherwise."""
    truth = small_truth()
    labels = truth.labels.copy()
    labels[:7] ^= 1
    labels[10 : 10 + cells] ^= 1
    return packed(Predictions(truth.phase, labels))


def test_the_same_predictions_of_two_teams_are_shown_to_the_host_alone(course: Course) -> None:
    client, address = host(course), "/api/phases/small/alike"
    assert client.get(address).json() == {"phase": "small", "above": 0.995, "pairs": []}
    first = course.place.hand_in(changed(0), token=course.tokens["blue"], entry="mine")["id"]
    course.place.clock.turn(minutes=1)
    later = course.place.hand_in(changed(0), token=course.tokens["green"], entry="mine too")["id"]
    course.place.hand_in(changed(1), token=course.tokens["red"], entry="one of 50 apart")
    course.place.board()
    (pair,) = client.get(address).json()["pairs"]
    assert (pair["earlier"]["submission"], pair["later"]["submission"]) == (first, later)
    assert (pair["share"], pair["apart"]) == (1.0, [])
    text = body(signed_in(course.place, course.tokens["host"]).get("/host"))
    assert f"/phases/small/compare?s={first}&amp;s={later}" in text
    client.post(f"/api/submissions/{later}/bar", data={"kind": "disqualified", "reason": "copied"})
    assert client.get(address).json()["pairs"] == []
    client.delete(f"/api/submissions/{later}/bar")
    client.post("/api/teams/green/joining", data={"target": "blue"})
    assert client.get(address).json()["pairs"] == []


def test_the_cells_of_a_divided_phase_that_two_teams_call_apart_stand_in_the_order_of_the_phase(
    guarded: Place,
) -> None:
    parts = ("public", "private")
    rows = [f"{at}.bmp,{at // 2 % 2},{'HA'[at // 2 % 2]}{at % 40},{parts[at % 2]}" for at in range(1, 1001)]
    found = read_truth("\n".join(["cell,label,subject,part", *rows]).encode(), parts=True)
    guarded.desk.store.phases.add("wide", found, Rules(), guarded.clock())
    turned = found.labels.copy()
    turned[9:13] ^= 1
    for team, labels in (("red", found.labels), ("blue", turned)):
        data = packed(Predictions(found.phase, labels))
        guarded.hand_in(data, token=guarded.token(team=team), phase="wide")
    answer = guarded.client(guarded.token("host")).get("/api/phases/wide/alike")
    (pair,) = answer.json()["pairs"]
    assert pair["apart"] == ["10.bmp", "11.bmp", "12.bmp", "13.bmp"]
