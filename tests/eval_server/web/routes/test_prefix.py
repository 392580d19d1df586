"""A server behind a path: what it gives out stands behind it, and both kinds of proxies reach it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eval_server.service.settings import prefix_of
from tests.eval_server.web.routes.test_pages import HTML, body, form_token
from tests.support.desk import Place, a_place
from tests.support.server import a_zip


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A server that asks for tokens, offered under a path of two parts."""
    settings: dict[str, Any] = {"access": "tokens", "public_names": ("board.example",)}
    with a_place(tmp_path, path_prefix="/courses/cells", **settings) as found:
        found.phase()
        yield found


def test_a_path_passed_on_whole_and_one_without_the_prefix_are_answered_alike(place: Place) -> None:
    for path in ("/phases/small", "/api/phases/small", "/healthz", "/openapi.json", "/static/site.css", "/"):
        answers = [place.client().get(before + path) for before in ("", "/courses/cells")]
        assert [one.status_code for one in answers] == [200, 200]
        if path != "/api/phases/small":  # that tells the server's clock, which stands still, all the same
            assert answers[0].text == answers[1].text
    bare = place.client().get("/courses/cells", follow_redirects=False)
    assert bare.headers["location"].endswith("/courses/cells/")
    assert place.client().get("/courses/cellsx").status_code == 404


def test_the_cookie_goes_to_the_prefix_alone_and_ends_there(place: Place) -> None:
    browser = place.client(**HTML)
    signed = browser.post(
        "/courses/cells/sign-in", data={"token": place.token("host")}, follow_redirects=False
    )
    assert signed.headers["location"] == "/courses/cells/"
    assert "; Path=/courses/cells;" in signed.headers["set-cookie"]
    assert "Sign out" in body(browser.get("/courses/cells/host"))
    assert "Sign in" in body(browser.get("/courses-of-others/"), 404)
    csrf = {"csrf": form_token(Below(browser))}
    left = browser.post("/courses/cells/sign-out", data=csrf, follow_redirects=False)
    assert left.headers["location"] == "/courses/cells/"
    assert browser.get("/courses/cells/host").status_code == 401


class Below:
    """A browser whose addresses stand behind the prefix."""

    def __init__(self, browser: Any) -> None:
        self._browser = browser

    def get(self, path: str) -> Any:
        return self._browser.get(f"/courses/cells{path}")


@pytest.mark.parametrize("outside", ["/other", "//evil.example", "https://evil.example", "/courses/cellsx"])
def test_signing_in_leads_to_no_address_outside_the_prefix(place: Place, outside: str) -> None:
    sent = {"token": place.token("host"), "next": outside}
    answer = place.client(**HTML).post("/courses/cells/sign-in", data=sent, follow_redirects=False)
    assert answer.headers["location"] == "/courses/cells/"


def test_what_programs_are_told_stands_behind_the_prefix(place: Place) -> None:
    token = place.token("team", "red")
    sent = place.client(token).post(
        "/courses/cells/api/phases/small/submissions", files={"file": ("s.zip", a_zip())}, data={"entry": "e"}
    )
    told = sent.json()
    assert sent.headers["location"] == told["url"] == f"/courses/cells/api/submissions/{told['id']}"
    assert told["page"] == f"/courses/cells/submissions/{told['id']}"
    asked = place.client(token)
    assert asked.get("/api/phases/small").json()["cells_url"] == "/courses/cells/api/phases/small/cells.csv"
    assert asked.get("/api/phases/small").json()["url"] == "/courses/cells/phases/small"
    (own,) = asked.get("/api/teams/red").json()["submissions"]
    assert own["url"] == f"/courses/cells/submissions/{told['id']}"
    assert asked.get("/openapi.json").json()["servers"] == [{"url": "/courses/cells"}]
    assert "http://127.0.0.1:8000/courses/cells" in body(asked.get("/docs", headers=HTML))


def test_the_commands_on_a_page_name_the_whole_address(place: Place) -> None:
    text = body(place.client(**HTML).get("/courses/cells/phases/small/submit"))
    assert "--server http://127.0.0.1:8000/courses/cells" in text
    assert "http://127.0.0.1:8000/courses/cells/api/phases/small/submissions" in text


def test_a_refusal_on_a_page_leads_back_behind_the_prefix(place: Place) -> None:
    text = body(place.client(**HTML).get("/courses/cells/host"), 401)
    assert 'href="/courses/cells/sign-in?next=/courses/cells/host"' in text
    text = body(place.client(**HTML, Host="evil.example").get("/courses/cells/"), 400)
    assert 'href="/courses/cells/help"' in text


def test_a_prefix_is_a_plain_path_that_is_not_one_of_the_servers_own() -> None:
    assert prefix_of("") == prefix_of("/") == ""
    assert prefix_of("leaderboard") == prefix_of("/leaderboard/") == "/leaderboard"
    assert prefix_of("/courses/cells-2026") == "/courses/cells-2026"
    for wrong in ("/a b", "/a//b", "/../a", "/a?b", "/a#b", "/ä", "/api", "/phases/x", "https://x.example/a"):
        with pytest.raises(ValueError, match="expected a path"):
            prefix_of(wrong)
