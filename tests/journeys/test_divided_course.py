"""A course with a private half in a real browser: chosen, closed, shown with moves, taken out."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.browser import a_browser, axe_source, grave_problems, sign_in
from tests.support.parts import an_entry, divided_table, divided_truth
from tests.support.proxy import PREFIX, behind_nginx
from tests.support.server import FREE, Server, administer, started

pytestmark = pytest.mark.browser

TRIES = {
    "red": ({"A": 1, "D": 6, "X": 4}, {"A": 4, "D": 3}, {"A": 5, "B": 2, "E": 1}),
    "blue": ({"A": 3, "U": 2},),
}
"""Cells wrong by subject: what is best on the public part is worst on the private one."""


@pytest.fixture
def tokens(tmp_path: Path) -> dict[str, str]:
    """A divided phase, and tokens of a host and two teams."""
    table, data = tmp_path / "truth.csv", tmp_path / "data"
    table.write_bytes(divided_table())
    data.mkdir()
    administer(data, None, "phase", "add", "exam", "--truth", str(table), *FREE, "--closes", "2099-01-01")
    add = ("token", "add")
    found = {team: administer(data, None, *add, "--team", team)["token"] for team in TRIES}
    return {**found, "host": administer(data, None, *add, "--role", "host")["token"]}


@pytest.fixture
def server(tmp_path: Path, tokens: dict[str, str]) -> Iterator[Server]:
    """The server behind a path of nginx, with everything handed in."""
    running = started(tmp_path / "data", None, "--access", "tokens", "--path-prefix", PREFIX)
    try:
        with behind_nginx(running, tmp_path / "nginx") as found:
            for team, tries in TRIES.items():
                for at, wrong in enumerate(tries):
                    data = an_entry(divided_truth("exam"), **wrong)
                    done = found.hand_in(data, f"{team} {at}", phase="exam", token=tokens[team])
                    assert done["status"] == "scored"
            yield found
    finally:
        running.stop()


def once_there(page: Any, text: str) -> None:
    """Wait until the page says this: a board may be some seconds old on a busy machine."""
    for _ in range(100):
        if text in page.inner_text("main"):
            return
        page.wait_for_timeout(200)
        page.reload()
    raise AssertionError(page.inner_text("main"))


def test_a_course_with_a_private_half_from_choice_to_files(
    server: Server, tokens: dict[str, str], tmp_path: Path
) -> None:
    axe = axe_source()
    with a_browser() as browser:
        page = browser.new_context(base_url=f"{server.url}/", accept_downloads=True).new_page()
        sign_in(page, tokens["red"])
        page.goto("teams/red")
        assert "exam: 2 of 2 choices for the private part left." in page.inner_text("main")
        page.get_by_role("button", name="Choose red 2").click()
        assert "exam: 1 of 2 choices for the private part left." in page.inner_text("main")
        assert grave_problems(page, axe) == []
        page.goto("phases/exam")
        once_there(page, "rank 1 of 2")
        assert "Shown is the public part, 6 subjects." in page.inner_text("main")

        closed = (datetime.now(UTC) - timedelta(minutes=1)).isoformat(timespec="minutes")
        administer(server.data_dir, None, "phase", "set", "exam", "--closes", closed)
        page.goto("phases/exam")
        once_there(page, "kept back until the end")
        assert page.locator("tbody.standing .entry .name").all_inner_texts() == ["blue 0", "red 2"]
        moves = [text.split(" against")[0] for text in page.locator(".moved").all_text_contents()]
        assert moves == ["1 up", "1 down"]
        assert grave_problems(page, axe) == []
        page.click("text=The public part as it stood")
        assert page.locator("tbody.standing .entry .name").all_inner_texts() == ["red 0", "blue 0"]
        page.click("thead a[data-sort=entry]")
        assert "part=public" in page.url
        page.click("tbody.standing .entry .name >> nth=0")
        assert "part=public" in page.url
        assert "public part as it stood" in page.inner_text("main")

        page.click("text=Sign out")
        sign_in(page, tokens["host"])
        page.goto("host")
        assert grave_problems(page, axe) == []
        with page.expect_download() as download:
            page.click("text=Download the course")
        download.value.save_as(tmp_path / "course.zip")
    assert_opens_alone(tmp_path, axe)


def assert_opens_alone(folder: Path, axe: str) -> None:
    """The report of the zip opens without a network, asks for nothing, and everybody can read it."""
    with zipfile.ZipFile(folder / "course.zip") as archive:
        archive.extractall(folder)
    asked: list[str] = []
    with a_browser() as browser:
        context = browser.new_context(offline=True)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"file://{folder}/course/report.html")
        assert "kept back until the end" in page.inner_text("body")
        assert grave_problems(page, axe) == []
    assert asked == [f"file://{folder}/course/report.html"]
