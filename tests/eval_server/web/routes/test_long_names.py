"""Names of the greatest length, in one word: no page is wider than its window."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from eval_server.store.limits import MOST_TITLE
from eval_server.store.records import Rules, titled
from tests.support.browser import a_browser
from tests.support.desk import Place, problem
from tests.support.parts import add_divided, an_entry

pytestmark = pytest.mark.browser
WIDTHS = (390, 1280)
TITLE = "<script>alert(1)</script>" + "z" * 300
"""Longer than a new one may be: a database of an earlier release holds such."""
CLASSES = {"positive_class": "p" * 40, "negative_class": "n" * 40}
TEAMS = ("T" * 80, "U" * 80, "V" * 80)
TEXTS = {"description": "d" * 300, "rules": "r" * 300, "terms": "t" * 300, "contact": "c" * 300}
NO_PICTURE = {"picture": ("", b"")}
TOO_WIDE = """() => document.documentElement.scrollWidth <= innerWidth ? [] :
    [...document.querySelectorAll("body *")].filter(one => {
        const scrolled = one.parentElement.closest(".scroll, pre");
        return !scrolled && one.getBoundingClientRect().right > innerWidth + 1;
    }).map(one => `${one.tagName} ${one.textContent.trim().slice(0, 40)}`).concat("scrolls").slice(-4)"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with a_browser() as found:
        yield found


@pytest.fixture
def named(guarded: Place) -> Place:
    """Three teams with two entries each in a divided phase, all of them called at the greatest length."""
    truth = add_divided(guarded, "p" * 36, title=TITLE, represents="every", **CLASSES)
    for at, team in enumerate(TEAMS):
        token = guarded.token(team=team)
        for again in range(2):
            data = an_entry(truth, A=at + 1, X=again)
            guarded.hand_in(data, token=token, entry=f"{at}{again}" + "e" * 78, phase="p" * 36)
    record = guarded.desk.store.phases.find("p" * 36)
    assert record is not None
    told = replace(guarded.desk.store.introductions.of(record), **TEXTS)
    guarded.desk.store.introductions.put(record.name, told, None)
    return guarded


def addresses(place: Place) -> list[str]:
    """Every page of a host's on which a name stands, and some that only ask."""
    phase = f"/phases/{'p' * 36}"
    ids = [one.id for one in place.desk.store.submissions.listed(phase="p" * 36)]
    many = "&".join(f"s={one}" for one in ids[::2])
    board = [phase, f"{phase}?part=private", f"{phase}/rules", f"{phase}/submit", f"{phase}/introduction"]
    pairs = [f"{phase}/compare?s={ids[0]}&s={ids[2]}", f"{phase}/compare?{many}"]
    alone = ["/", "/help", "/host", "/archived", "/teams", "/docs", f"/teams/{quote(TEAMS[0])}"]
    return [*board, *pairs, *alone, f"/submissions/{ids[0]}", f"/phases/{'x' * 64}"]


@contextmanager
def a_page(browser: Any, client: Any) -> Iterator[Any]:
    """A page that is answered by the application as this caller."""

    def answer(route: Any) -> None:
        address = urlsplit(route.request.url)
        found = client.get(f"{address.path}?{address.query}")
        kind = found.headers["content-type"]
        route.fulfill(status=found.status_code, body=found.content, content_type=kind)

    context = browser.new_context(base_url=str(client.base_url))
    context.route("**/*", answer)
    yield context.new_page()
    context.close()


def test_no_page_scrolls_sideways_for_a_name_of_one_word(browser: Any, named: Place) -> None:
    wide: dict[tuple[str, str, int], list[str]] = {}
    for who, token in {"host": named.token("host"), "team": named.token(team=TEAMS[0])}.items():
        with a_page(browser, named.client(token, Accept="text/html")) as page:
            for address in addresses(named):
                page.goto(address)
                for width in WIDTHS:
                    page.set_viewport_size({"width": width, "height": 844})
                    wide[who, address, width] = page.evaluate(TOO_WIDE)
    assert {where: found for where, found in wide.items() if found} == {}


OVERFLOWING = """[...document.querySelectorAll("td.rank, td.rank .moved")]
    .filter(one => one.scrollWidth > one.clientWidth).map(one => one.textContent)"""
HEIGHTS = """selector => [...document.querySelectorAll(selector)].map(one => [one, getComputedStyle(one)])
    .map(([one, style]) => Math.round(one.getBoundingClientRect().height / parseFloat(style.lineHeight)))"""


def test_on_a_phone_a_move_stays_in_its_column_a_place_in_one_piece_and_a_menu_in_three_lines(
    browser: Any, guarded: Place
) -> None:
    truth = add_divided(guarded, "exam", closes_at=guarded.clock() + timedelta(days=1))
    team = "A team of 20 letters"
    tokens = {one: guarded.token(team=one, days=9) for one in (team, "blue")}
    for at, token in enumerate(tokens.values()):
        guarded.hand_in(an_entry(truth, A=at, X=at), token=token, entry=f"entry {at}", phase="exam")
    with a_page(browser, guarded.client(tokens[team], Accept="text/html")) as page:
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(f"/teams/{quote(team)}")
        place = page.locator("td[data-head=Place] > *")
        assert place.all_inner_texts() == ["1 of 2 (1-2)"]
        assert page.evaluate(HEIGHTS, "header .page") == [4]  # three lines, and the room around them
        assert page.evaluate(HEIGHTS, "td button.plain") == [1]
        guarded.clock.turn(days=2)
        page.goto("/phases/exam")
        assert page.locator(".moved").all_inner_texts() == ["same place", "same place"]
        assert page.evaluate(OVERFLOWING) == []


def test_a_title_that_no_page_has_room_for_is_refused_with_both_lengths(guarded: Place) -> None:
    host = guarded.client(guarded.token("host"))
    fields = {"title": "z" * (MOST_TITLE + 1)}
    answer = host.post("/phases/small/introduction", data=fields, files=NO_PICTURE)
    said = problem(answer, 422)["detail"]
    assert f"up to {MOST_TITLE} printable characters, found {MOST_TITLE + 1}" in said
    fields = {"title": "z" * MOST_TITLE}
    assert host.post("/phases/small/introduction", data=fields, files=NO_PICTURE).status_code == 200
    assert host.get("/api/phases/small").json()["title"] == "z" * MOST_TITLE


def test_a_longer_title_from_before_stays_when_something_else_is_changed(named: Place) -> None:
    host = named.client(named.token("host"))
    fields = {"title": TITLE, "contact": "nobody", **CLASSES}
    answer = host.post(f"/phases/{'p' * 36}/introduction", data=fields, files=NO_PICTURE)
    assert answer.status_code == 200
    found = host.get(f"/api/phases/{'p' * 36}").json()
    assert (found["title"], found["contact"]) == (TITLE, "nobody")


def test_a_title_is_one_line() -> None:
    with pytest.raises(ValueError, match="one line"):
        titled(Rules(), "two\nlines")
    assert titled(Rules(), "  one ").title == "one"
