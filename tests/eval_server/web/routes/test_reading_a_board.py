"""What helps whoever reads a board of many rows: a name is found, and what is new is marked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.browser import a_browser, axe_source, grave_problems
from tests.support.desk import Place
from tests.support.server import a_zip

pytestmark = pytest.mark.browser
LONG = "a name as long as a student of a course would give it if nobody stops one"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with a_browser() as found:
        yield found


@pytest.fixture
def reader(browser: Any, place: Place) -> Iterator[Any]:
    """A browser's context that is answered by the application, with nine teams on the board."""
    for at, team in enumerate(["Zürich", LONG, *(f"team {at}" for at in range(7))]):
        place.hand_in(a_zip(at + 1, seed=at), team=team, entry=f"entry {at}")
        place.clock.turn(minutes=1)
    yield from a_reader(browser, place)


def a_reader(browser: Any, place: Place, **settings: Any) -> Iterator[Any]:
    client = place.client(Accept="text/html")

    def answer(route: Any) -> None:
        address = urlsplit(route.request.url)
        found = client.get(f"{address.path}?{address.query}")
        kind = found.headers["content-type"]
        route.fulfill(status=found.status_code, body=found.content, content_type=kind)

    context = browser.new_context(base_url=str(client.base_url), **settings)
    context.route("**/*", answer)
    yield context
    context.close()


def shown(page: Any) -> list[str]:
    """The entries of the rows that are to be seen."""
    rows = page.locator("tbody.standing:visible a.name")
    return [one.strip() for one in rows.all_inner_texts()]


def test_a_name_is_found_while_it_is_typed_and_stays_in_the_address(reader: Any) -> None:
    page = reader.new_page()
    page.goto("/phases/small")
    assert len(shown(page)) == 9
    page.fill("#q", "züri")
    assert shown(page) == ["entry 0"]
    assert page.inner_text("#found") == "1 of 9 rows."
    assert page.locator(".bar:visible").count() == 0
    assert "q=z" in page.url
    page.click("thead >> text=Weighted F1")
    assert "q=z" in page.url
    page.reload()
    assert shown(page) == ["entry 0"]
    page.click("text=Show all")
    assert len(shown(page)) == 9
    assert grave_problems(page, axe_source()) == []


def test_a_name_is_found_without_javascript_in_the_order_that_was_chosen(
    browser: Any, place: Place, reader: Any
) -> None:
    for context in a_reader(browser, place, java_script_enabled=False):
        page = context.new_page()
        page.goto("/phases/small?sort=f1&order=asc")
        page.fill("#q", "TEAM")
        page.click("text=Find >> nth=-1")
        assert shown(page) == [f"entry {at}" for at in range(8, 1, -1)]
        assert "7 of 9 rows." in page.inner_text("#found")


def test_what_came_since_the_last_visit_is_marked_and_nothing_on_the_first(reader: Any, place: Place) -> None:
    page = reader.new_page()
    page.goto("/phases/small")
    assert page.locator(".fresh").count() == 0
    page.close()
    place.hand_in(a_zip(0), team="late", entry="latest")
    again = reader.new_page()
    for _ in range(2):  # a page that is loaded once more in the same tab is the same visit
        again.goto("/phases/small")
        assert again.locator(".fresh").count() == 1
        assert again.locator("tbody.standing:has(.fresh) a.name").inner_text() == "latest"
    again.close()
    last = reader.new_page()
    last.goto("/phases/small")
    assert last.locator(".fresh").count() == 0


def test_a_long_name_of_a_team_stays_on_one_line_and_is_told_in_full(reader: Any) -> None:
    page = reader.new_page()
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto("/phases/small")
    name = page.locator(f'[title="{LONG}"]')
    assert name.bounding_box()["height"] < 30
    heights = {row.bounding_box()["height"] for row in page.locator("tbody.standing").all()}
    assert max(heights) - min(heights) < 2


def test_each_row_says_to_whoever_hears_it_who_is_better_worse_and_neither(reader: Any) -> None:
    page = reader.new_page()
    page.goto("/phases/small")
    assert "better than " in page.locator("td.rank").first.text_content()
