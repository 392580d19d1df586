"""A team chooses what counts in the end: so many as it may, while the phase is open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.eval_server.web.routes.test_parts import CLOSES, HTML, divided, standings
from tests.support.desk import problem
from tests.support.parts import an_entry

TRIES = ({"A": 1, "D": 6, "X": 4}, {"A": 4, "D": 3}, {"A": 5, "B": 2, "E": 1})
"""From best to worst on the public part, and the other way round on the private one."""


def tries(place: Any, truth: Any) -> list[str]:
    found = []
    for at, wrong in enumerate(TRIES):
        found.append(
            place.hand_in(an_entry(truth, **wrong), "red", place.tokens["red"], entry=f"try {at}")["id"]
        )
        place.clock.turn(minutes=1)
    return found


def stands(place: Any, part: str = "") -> str:
    (line,) = standings(place, part)
    return str(line["submission"])


def test_without_a_choice_the_best_on_the_public_part_counts_in_the_end(
    tmp_path: Path, database: str | None
) -> None:
    with divided(tmp_path, database) as (place, truth):
        one, *_ = tries(place, truth)
        place.clock.at = CLOSES
        assert stands(place, "public") == stands(place) == one
        told = place.client(place.tokens["red"]).get(f"/api/submissions/{one}").json()
        assert told["best_of"] is None, "on these subjects nothing was chosen"


def test_of_those_that_a_team_chose_the_best_on_the_private_part_counts(
    tmp_path: Path, database: str | None
) -> None:
    with divided(tmp_path, database) as (place, truth):
        first, second, third = tries(place, truth)
        client = place.client(place.tokens["red"])
        for one in (first, second):
            assert client.post(f"/api/submissions/{one}/choice").json() == {"id": one, "chosen": True}
        spent = problem(client.post(f"/api/submissions/{third}/choice"), 409)["detail"]
        assert "red chose 2 of 2 submissions already" in spent
        assert first in spent
        assert "Take one" in spent
        assert client.delete(f"/api/submissions/{first}/choice").json() == {"id": first, "chosen": False}
        assert client.post(f"/api/submissions/{third}/choice").status_code == 200
        assert client.post(f"/api/submissions/{third}/choice").status_code == 200, "again is no harm"
        assert stands(place) == first, "on the public part the best of all stands"
        place.clock.at = CLOSES
        assert stands(place) == third
        told = client.get(f"/api/submissions/{third}").json()["best_of"]
        assert told["tries"] == 2, "it is the best of the two that were chosen"
        for answer in (
            client.post(f"/api/submissions/{first}/choice"),
            client.delete(f"/api/submissions/{third}/choice"),
        ):
            assert "closed" in problem(answer, 403)["detail"]


def test_the_buttons_are_on_the_teams_page_with_the_count_left(tmp_path: Path) -> None:
    with divided(tmp_path) as (place, truth):
        first, second, third = tries(place, truth)
        client = place.client(place.tokens["red"], **HTML)
        page = client.get("/teams/red").text
        assert "small: 2 of 2 choices for the private part left." in page
        back = {"Referer": "http://127.0.0.1:8000/teams/red"}
        for one in (first, second):
            answer = client.post(f"/submissions/{one}/choice", headers=back, follow_redirects=False)
            assert (answer.status_code, answer.headers["location"]) == (303, "/teams/red")
        page = client.get("/teams/red").text
        assert "small: 0 of 2 choices for the private part left." in page
        assert f'action="/submissions/{first}/choice/withdrawal"' in page
        assert f'action="/submissions/{third}/choice"' not in page
        answer = client.post(f"/submissions/{first}/choice/withdrawal", follow_redirects=False)
        assert answer.headers["location"] == f"/submissions/{first}"
        assert f'action="/submissions/{third}/choice"' in client.get("/teams/red").text
        assert "Choose it for the private part" in client.get(f"/submissions/{first}").text
        place.clock.at = CLOSES
        page = client.get("/teams/red").text
        assert "1 of 2 chosen for the private part; the choice is settled." in page
        assert "/choice" not in page


def test_a_choice_of_one_gives_way_to_the_next_as_before(tmp_path: Path) -> None:
    with divided(tmp_path, represents="chosen", choices=1) as (place, truth):
        first, second, _ = tries(place, truth)
        client = place.client(place.tokens["red"])
        for one in (first, second):
            client.post(f"/api/submissions/{one}/choice")
            assert stands(place) == one
        listed = client.get("/api/phases/small/submissions").json()["submissions"]
        assert [one["id"] for one in listed if one["chosen"]] == [second]


def test_nobody_chooses_for_another_team_but_a_host_at_any_time(tmp_path: Path) -> None:
    with divided(tmp_path) as (place, truth):
        _, second, _ = tries(place, truth)
        assert problem(place.client(place.tokens["blue"]).post(f"/api/submissions/{second}/choice"), 403)
        place.clock.at = CLOSES
        host = place.client(place.token("host", days=30))
        assert host.post(f"/api/submissions/{second}/choice").status_code == 200
        assert stands(place) == second
        assert host.get("/api/audit").json()["audit"][0]["action"] == "chose for a team"


@pytest.mark.parametrize("represents", ["last", "every"])
def test_every_rule_has_its_own_end(tmp_path: Path, represents: str) -> None:
    with divided(tmp_path, represents=represents) as (place, truth):
        found = tries(place, truth)
        place.clock.at = CLOSES
        lines = [one["submission"] for one in standings(place)]
        assert lines == (found[::-1] if represents == "every" else [found[2]])
