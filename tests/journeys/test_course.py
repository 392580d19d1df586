"""A course of 24 teams in a real browser: a private half, its own names, set aside, closed, taken out."""

from __future__ import annotations

import csv
import io
import os
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support import stored
from tests.support.browser import a_browser, axe_source, grave_problems, sign_in
from tests.support.server import FREE, Server, administer, started
from tests.support.truth import LABEL_FILE

pytestmark = pytest.mark.browser

TEAMS = tuple(f"Lab {at:02}" for at in range(1, 25))
WIDTHS, SCHEMES = (1280, 390), ("light", "dark")
PICTURES = os.environ.get("HARNESS_TEST_PICTURES")
"""A folder that gets what the browser shows, for whoever wants to look."""


def tables() -> Iterator[tuple[str, bytes]]:
    """24 entries on the preliminary cells: nine methods, twelve seeds, and three of these made worse."""
    real = [
        *sorted(stored("entries/prelim").glob("*.csv")),
        *sorted(stored("entries/prelim-seeds").glob("*.csv")),
    ]
    for path in real:
        yield path.stem, path.read_bytes()
    for at, path in enumerate(real[: len(TEAMS) - len(real)]):
        head, *rows = csv.reader(io.StringIO(path.read_text()))
        column = head.index("label")
        for row in rows[:: 9 + at]:
            row[column] = str(1 - int(row[column]))
        worse = [",".join(row[: column + 1]) for row in (head, *rows)]
        yield f"{path.stem}-worse", "\n".join(worse).encode()


@pytest.fixture
def course(tmp_path: Path) -> Iterator[tuple[Server, dict[str, str]]]:
    """A running course with everything handed in, and the tokens of its teams and host."""
    data, names = tmp_path / "data", tmp_path / "teams.txt"
    data.mkdir()
    names.write_text("\n".join(TEAMS))
    rules = ("--private-subjects", "0.5", "--class-names", "leukemic,healthy", "--title", "Course of 2026")
    truth = ("--truth", str(stored(LABEL_FILE)))
    administer(data, None, "phase", "add", "course", *truth, *FREE, *rules, "--closes", "2099-01-01")
    out = tmp_path / "tokens.csv"
    administer(data, None, "token", "add", "--teams", str(names), "--out", str(out))
    tokens = {row["team"]: row["token"] for row in csv.DictReader(io.StringIO(out.read_text()))}
    tokens["host"] = administer(data, None, "token", "add", "--role", "host")["token"]
    server = started(data, None, "--access", "tokens")
    try:
        for team, (entry, table) in zip(TEAMS, tables(), strict=True):
            done = server.hand_in(table, entry, phase="course", token=tokens[team])
            assert done["status"] == "scored"
        yield server, tokens
    finally:
        server.stop()


def sign_out(page: Any) -> None:
    page.click("text=Sign out")


def open_entry(page: Any, name: str) -> None:
    page.locator("tbody.standing .entry a.name").filter(has_text=re.compile(f"^{name}$")).click()


def names_on(page: Any) -> list[str]:
    return list(page.locator("tbody.standing .entry .name").all_inner_texts())


def board_of(page: Any, rows: int) -> list[str]:
    """The entries of the board in their order, once it has this many rows."""
    page.goto("/phases/course")
    for _ in range(100):
        if len(found := names_on(page)) == rows:
            return found
        page.wait_for_timeout(200)
        page.reload()
    raise AssertionError(found)


def test_a_course_of_24_teams_from_the_first_entry_to_the_files(
    course: tuple[Server, dict[str, str]], tmp_path: Path
) -> None:
    server, tokens = course
    axe = axe_source()
    with a_browser() as browser:
        page = browser.new_context(base_url=f"{server.url}/", accept_downloads=True).new_page()
        sign_in(page, tokens["Lab 01"])
        first = board_of(page, 24)
        own = page.locator("tbody.standing.own .entry .name, tbody.own .entry .name").all_inner_texts()
        assert own == ["boosting"]
        open_entry(page, "boosting")
        page.click("text=Withdraw it")
        page.click("main button.main")
        assert "withdrawn" in page.inner_text("main")
        sign_out(page)

        sign_in(page, tokens["host"])
        board_of(page, 23)
        open_entry(page, "forest")
        page.fill("#reason", "handed in the labels of another team")
        page.click("text=Disqualify it")
        page.click("main button.main")
        assert "Disqualified by the host" in page.inner_text("main")
        assert grave_problems(page, axe) == []
        public = board_of(page, 22)
        assert set(first) - set(public) == {"boosting", "forest"}

        closed = (datetime.now(UTC) - timedelta(minutes=1)).isoformat(timespec="minutes")
        administer(server.data_dir, None, "phase", "set", "course", "--closes", closed)
        private = board_with_moves(page)
        assert sorted(private) == sorted(public)
        assert private != public
        assert "ALL" not in page.inner_text("main")
        assert grave_problems(page, axe) == []
        page.goto("/host")
        with page.expect_download() as download:
            page.click("text=Download the course")
        download.value.save_as(tmp_path / "course.zip")
        sign_out(page)
        sign_in(page, tokens["Lab 02"])
        page.goto("/teams/Lab%2002")
        page.get_by_role("link", name="forest", exact=True).first.click()
        assert "handed in the labels of another team" in page.inner_text("main")
    look_at_the_board(server, tokens["Lab 03"])
    assert_states(tmp_path / "course.zip")


def board_with_moves(page: Any) -> list[str]:
    board_of(page, 22)
    for _ in range(100):
        if page.locator(".moved").count():
            return names_on(page)
        page.wait_for_timeout(200)
        page.reload()
    raise AssertionError(page.inner_text("main"))


def look_at_the_board(server: Server, token: str) -> None:
    """The closed board and a team's page at both widths, light and dark: no wider than the window."""
    with a_browser() as browser:
        for width in WIDTHS:
            for scheme in SCHEMES:
                look = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
                page = browser.new_context(base_url=f"{server.url}/", **look).new_page()
                sign_in(page, token)
                for name, address in (("board", "/phases/course"), ("team", "/teams/Lab%2003")):
                    page.goto(address)
                    assert page.evaluate("document.documentElement.scrollWidth") <= width
                    if PICTURES:
                        where = Path(PICTURES) / f"course-{name}-{width}-{scheme}.png"
                        page.screenshot(path=where, full_page=True)


def assert_states(archive: Path) -> None:
    """The table of teams tells places on both parts, and who is not there and why."""
    with zipfile.ZipFile(archive) as opened:
        name = next(one for one in opened.namelist() if one.endswith("teams.csv"))
        rows = {row["team"]: row for row in csv.DictReader(io.TextIOWrapper(opened.open(name), "utf-8-sig"))}
    assert set(rows) == set(TEAMS)
    told = [" ".join(rows[team].values()) for team in ("Lab 01", "Lab 02")]
    assert "withdrawn" in told[0]
    assert "disqualified" in told[1]
