"""What the pages look like in a browser where there is little room, or no screen at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.browser import a_browser
from tests.support.desk import Place
from tests.support.server import a_zip

pytestmark = pytest.mark.browser

ENTRIES = {"neighborhood correction": ("a", 1), "heterogeneity loss": ("b", 6), "deep": ("c", 24)}
HIDDEN = """[...document.querySelectorAll("main td, main th")].filter(cell => {
    const box = cell.getBoundingClientRect();
    return cell.checkVisibility() && !cell.closest("thead") && box.right > innerWidth;
}).map(cell => cell.textContent)"""
HEADS = """[...document.querySelectorAll("table.stack")].map(table => [
    [...table.tHead.rows[0].cells].slice(1).map(cell => cell.textContent),
    ...[...table.tBodies[0].rows].map(row => [...row.cells].slice(1).map(cell => cell.dataset.head)),
])"""
LINES = """word => {
    const link = [...document.querySelectorAll(".board .entry a.name")]
        .find(one => one.textContent.includes(word));
    const range = document.createRange();
    range.setStart(link.firstChild, link.textContent.indexOf(word));
    range.setEnd(link.firstChild, link.textContent.indexOf(word) + word.length);
    return range.getClientRects().length;
}"""
DRAWN = """[...document.querySelectorAll(".board .bar, .bar-key")]
    .map(bar => getComputedStyle(bar).borderLeft)"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with a_browser() as found:
        yield found


@pytest.fixture
def phone(browser: Any, place: Place) -> Iterator[Any]:
    """A page of 390 pixels that is answered by the application without a network."""
    client = place.client(Accept="text/html")

    def answer(route: Any) -> None:
        address = urlsplit(route.request.url)
        found = client.get(f"{address.path}?{address.query}")
        kind = found.headers["content-type"]
        route.fulfill(status=found.status_code, body=found.content, content_type=kind)

    context = browser.new_context(base_url=str(client.base_url), viewport={"width": 390, "height": 844})
    context.route("**/*", answer)
    yield context.new_page()
    context.close()


def compared(place: Place) -> list[str]:
    """The submissions of three entries, as a query for the page that compares them."""
    found = [place.hand_in(a_zip(w), team=team, entry=one)["id"] for one, (team, w) in ENTRIES.items()]
    return [f"s={one}" for one in found]


def test_on_a_phone_no_column_of_a_comparison_or_of_the_phases_is_out_of_sight(
    phone: Any, place: Place
) -> None:
    chosen = compared(place)
    place.phase("next", opens_at=place.clock() + timedelta(days=1))
    compare = "/phases/small/compare?"
    for address in ("/", compare + "&".join(chosen[:2]), compare + "&".join(chosen)):
        phone.goto(address)
        assert phone.evaluate(HIDDEN) == [], address
        tables = phone.evaluate(HEADS)
        assert tables, address
        for heads, *rows in tables:
            assert rows, address
            assert all(row == heads for row in rows), address


def test_on_a_phone_the_words_of_an_entry_stay_whole(phone: Any, place: Place) -> None:
    compared(place)
    phone.goto("/phases/small")
    for word in ("neighborhood", "heterogeneity", "correction"):
        assert phone.evaluate(LINES, word) == 1, word


def test_on_paper_the_bars_are_lines_because_browsers_leave_backgrounds_out(phone: Any, place: Place) -> None:
    compared(place)
    phone.goto("/phases/small")
    phone.set_viewport_size({"width": 794, "height": 1123})
    phone.emulate_media(media="print")
    drawn = phone.evaluate(DRAWN)
    assert len(drawn) > len(ENTRIES)
    assert set(drawn) == {"4px solid rgb(138, 138, 132)"}
