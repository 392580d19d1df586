"""What people do at the evaluation server, in a real browser against a real process."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.browser import a_browser, axe_source, drop, grave_problems, sign_in
from tests.support.proxy import PREFIX, behind_nginx
from tests.support.server import Server, a_server, a_zip, administer
from tests.support.submissions import a_zip as a_raw_zip

pytestmark = pytest.mark.browser

ENTRIES = {"steady": ("red", 2), "middling": ("green", 9), "hasty": ("blue", 20)}
BAD = a_raw_zip({"isbi_valid.predict": b"\n".join([b"1"] * 20 + [b"2", b"ALL"] + [b"0"] * 20) + b"\n"})


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with a_browser() as found:
        yield found


@pytest.fixture(scope="module", params=["direct", "behind nginx"])
def way(request: pytest.FixtureRequest) -> str:
    """How people reach the server: itself, or through a proxy that offers it under a path."""
    return str(request.param)


@pytest.fixture(scope="module")
def server(browser: Any, way: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An open server with three ranked entries, one of them with scores, and a published result."""
    with reached(way, tmp_path_factory.mktemp("server"), told=False) as running:
        for entry, (team, wrong) in ENTRIES.items():
            running.hand_in(a_zip(wrong, seed=wrong), entry=entry, team=team)
        running.board_once(lambda standings: len(standings) == len(ENTRIES))
        yield running


@contextmanager
def reached(way: str, folder: Path, *options: str, told: bool = True) -> Iterator[Server]:
    """A server as it is reached this way."""
    if way == "direct":
        with a_server(folder, None, *options) as found:
            yield found
        return
    with (
        a_server(folder, None, *options, "--path-prefix", PREFIX) as found,
        behind_nginx(found, folder / "nginx", told=told) as proxied,
    ):
        yield proxied


@pytest.fixture
def page(browser: Any, server: Server) -> Iterator[Any]:
    """A page whose content security policy and scripts must not complain."""
    yield from a_page(browser, server)


@pytest.fixture
def plain_page(browser: Any, server: Server) -> Iterator[Any]:
    """A page without JavaScript."""
    yield from a_page(browser, server, java_script_enabled=False)


def a_page(browser: Any, server: Server, **settings: Any) -> Iterator[Any]:
    context = browser.new_context(
        base_url=f"{server.url}/",
        accept_downloads=True,
        timezone_id="America/New_York",
        locale="en-GB",
        **settings,
    )
    complaints: list[str] = []
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Security Policy" in said.text else None)
    yield page
    context.close()
    assert complaints == []


def fill_in(page: Any, entry: str, team: str) -> None:
    page.fill("#entry", entry)
    page.fill("#team", team)


def entries_of(page: Any) -> list[str]:
    return [one.strip() for one in page.locator("tbody.standing th.entry a.name").all_inner_texts()]


def entries_with(page: Any, entry: str) -> list[str]:
    """The entries once this one is among them, which may take a second, and longer on a busy machine."""
    for _ in range(100):
        if entry in entries_of(page):
            break
        page.wait_for_timeout(100)
        page.reload()
    assert entry in entries_of(page)
    return entries_of(page)


def main_text(page: Any) -> str:
    return str(page.inner_text("main"))


def test_a_good_zip_is_dropped_checked_at_once_and_ranked(page: Any) -> None:
    page.goto("phases/small/submit")
    drop(page, ".drop", "submission.zip", a_zip(5, seed=77))
    page.wait_for_selector("#report >> text=It would be accepted")
    fill_in(page, "dropped", "yellow")
    page.click("button.main")
    page.wait_for_url("**/submissions/*")
    assert "weighted F1" in main_text(page)
    assert "Scored" in main_text(page)
    page.click("text=See the leaderboard")
    assert entries_with(page, "dropped")[:2] == ["steady", "dropped"]


def test_a_bad_zip_is_dropped_and_every_reason_is_read(page: Any) -> None:
    page.goto("phases/small/submit")
    drop(page, ".drop", "submission.zip", BAD)
    page.wait_for_selector("#report >> text=It would be refused: 3 problems")
    fill_in(page, "broken", "yellow")
    page.click("button.main")
    page.wait_for_url("**/submissions/*")
    text = main_text(page)
    for said in ("3 problems to mend", "8 lines too few", "line 21", "line 22", "Expected", "To mend it"):
        assert said in text
    page.click("text=Try again")
    assert page.input_value("#entry") == "broken"
    assert page.input_value("#team") == "yellow"
    page.goto("phases/small")
    assert "broken" not in entries_of(page)


def test_a_check_without_submitting_keeps_and_counts_nothing(page: Any, server: Server) -> None:
    before = len(server.board()["standings"])
    page.goto("phases/small/submit")
    zip_file = {"name": "s.zip", "mimeType": "application/zip", "buffer": a_zip(1, seed=5)}
    page.set_input_files("#file", files=[zip_file])
    page.wait_for_selector("#report >> text=It would be accepted")
    page.click("text=Check without submitting")
    page.wait_for_url("**/check")
    assert "50 predictions" in main_text(page)
    assert len(server.board()["standings"]) == before


def test_two_entries_are_selected_and_compared(page: Any) -> None:
    page.goto("phases/small")
    button = page.locator("button.compare")
    assert button.is_disabled()
    page.check("text=steady >> xpath=ancestor::tr >> input")
    page.check("text=hasty >> xpath=ancestor::tr >> input")
    assert button.inner_text() == "Compare 2 entries"
    button.click()
    text = main_text(page)
    assert page.inner_text("h1") in ("steady and hasty cannot be told apart.", "steady is better than hasty.")
    for said in (
        "points of weighted F1",
        "of 6 subjects",
        "% of swaps",
        "exact subject-swap test",
        "McNemar",
    ):
        assert said in text
    assert page.locator("figure svg").count() == 2
    assert "Cells where they disagree" not in text


def test_three_entries_give_a_significance_map(page: Any, server: Server) -> None:
    ids = [one["submission"] for one in server.board()["standings"]][:3]
    page.goto("phases/small/compare?" + "&".join(f"s={one}" for one in ids))
    assert page.locator("#significance-map svg").count() == 1
    assert page.locator("h1").inner_text() == "3 entries compared"


def test_the_board_is_sorted_in_place_and_the_choice_stays_in_the_address(page: Any) -> None:
    page.goto("phases/small")
    ranked = entries_of(page)
    page.click("thead >> text=Weighted F1")
    assert entries_of(page) == ranked
    page.click("thead >> text=Weighted F1")
    assert entries_of(page) == ranked[::-1]
    assert page.locator("thead th[aria-sort=ascending]").count() == 1
    assert page.url.endswith("?sort=f1&order=asc")
    page.reload()
    assert entries_of(page) == ranked[::-1]


def test_the_board_is_downloaded_in_three_forms(page: Any, server: Server) -> None:
    page.goto("phases/small")
    saved = {}
    for word in ("CSV", "JSON", "Markdown"):
        with page.expect_download() as download:
            page.click(f".selection >> text={word}")
        saved[word] = Path(download.value.path()).read_text()
    standings = server.board()["standings"]
    names = [one["entry"] for one in standings]
    assert [row["entry"] for row in csv.DictReader(saved["CSV"].splitlines())] == names
    assert [one["entry"] for one in json.loads(saved["JSON"])["standings"]] == names
    assert all(f"| {name} |" in saved["Markdown"] for name in names)


def test_times_are_shown_in_the_readers_zone(page: Any, server: Server) -> None:
    page.goto(f"submissions/{server.board()['standings'][0]['submission']}")
    assert "America/New_York" in main_text(page)
    assert "UTC" in main_text(page)


def test_everything_works_without_javascript(plain_page: Any, server: Server) -> None:
    page = plain_page
    page.goto("phases/small/submit")
    zip_file = {"name": "s.zip", "mimeType": "application/zip", "buffer": a_zip(7, seed=3)}
    page.set_input_files("#file", files=[zip_file])
    page.click("text=Check without submitting")
    assert "It would be accepted" in main_text(page)
    page.set_input_files("#file", files=[zip_file])
    fill_in(page, "quiet", "grey")
    page.click("button.main")
    assert "Scored" in main_text(page)
    page.goto("phases/small")
    ranked = entries_with(page, "quiet")
    page.click("thead >> text=Weighted F1")
    assert entries_of(page) == ranked
    page.click("thead >> text=Weighted F1")
    assert entries_of(page) == ranked[::-1]
    for box in page.locator("tbody.standing input").all()[:2]:
        box.check()
    page.click("text=Compare selected")
    assert "% of swaps" in main_text(page)


def test_a_telephone_shows_rank_entry_and_interval_and_the_rest_under_the_row(
    browser: Any, server: Server
) -> None:
    for page in a_page(browser, server, viewport={"width": 390, "height": 844}):
        page.goto("phases/small")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        row = page.locator("tbody.standing").first
        assert row.locator("td.rank").is_visible()
        assert row.locator("td.f1 svg").is_visible()
        assert not row.locator("td.team").first.is_visible()
        row.locator("summary").click()
        assert row.locator("dl").inner_text().startswith("Team")


def test_the_keyboard_reaches_the_board_and_selects(page: Any) -> None:
    page.goto("phases/small")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "s":
            break
    page.keyboard.press("Space")
    assert page.locator("tbody.standing input:checked").count() == 1


def test_no_page_has_a_serious_accessibility_problem_in_light_or_dark(browser: Any, server: Server) -> None:
    axe = axe_source()
    refused = server.hand_in(BAD, entry="refused", team="red")["id"]
    ids = [one["submission"] for one in server.board()["standings"]]
    pages = ["phases/small", "phases/small/rules", "phases/small/submit", "help", "docs", "sign-in"]
    pages += ["teams", "teams/red", f"submissions/{ids[0]}", f"submissions/{refused}", "nowhere"]
    pages += [f"phases/small/compare?s={ids[0]}&s={ids[1]}"]
    pages += ["phases/small/compare?" + "&".join(f"s={one}" for one in ids)]
    found = {}
    for scheme, width in (("light", 1280), ("dark", 390)):
        settings = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
        for page in a_page(browser, server, bypass_csp=True, **settings):
            for address in pages:
                page.goto(address)
                grave = grave_problems(page, axe)
                if grave:
                    found[scheme, width, address] = grave
    assert found == {}


def test_a_team_signs_in_makes_a_token_and_revokes_it(browser: Any, way: str, tmp_path: Path) -> None:
    administered: dict[str, str] = {}
    with a_guarded_server(way, tmp_path, administered) as server:
        for page in a_page(browser, server):
            page.goto("phases/small/submit")
            page.click("text=Sign in with one")
            page.fill("#token", "cnmc_wrong")
            page.click("main button")
            assert "unknown, revoked or expired" in main_text(page)
            page.fill("#token", administered["team"])
            page.click("main button")
            assert page.url.endswith("/phases/small/submit")
            assert page.locator("#team").count() == 0
            page.goto("teams/red")
            page.fill("#note", "laptop")
            page.click("text=Make a token")
            assert page.inner_text(".token").startswith("cnmc_")
            page.goto("teams/red")
            assert page.locator(".token").count() == 0
            page.click("text=Revoke laptop")
            assert "revoked" in main_text(page)
            page.click("text=Sign out")
            page.goto("host")
            assert page.inner_text("h1") == "Who are you?"


def test_a_student_finds_mine_compares_it_and_hands_in_a_table_in_four_clicks(
    browser: Any, way: str, tmp_path: Path
) -> None:
    (tmp_path / "new.csv").write_text("cell,label\n" + "".join(f"{at}.bmp,1\n" for at in range(1, 51)))
    administered: dict[str, str] = {}
    with a_guarded_server(way, tmp_path, administered) as server:
        for role, wrong, team in (("host", 1, "green"), ("team", 9, None)):
            data = a_zip(wrong, seed=wrong)
            done = server.hand_in(data, f"{wrong} wrong", team, token=administered[role])
            assert done["status"] == "scored"
        for page in a_page(browser, server):
            sign_in(page, administered["team"])
            page.goto("phases/small")
            assert page.locator("tbody.own").count() == 1
            page.click("text=Compare with the first")  # 1
            assert "9 wrong" in page.inner_text("h1")
            page.click("ul.tabs >> text=Submit")  # 2
            page.set_input_files("#file", tmp_path / "new.csv")
            page.fill("#entry", "all leukemic")
            page.click("button.main")  # 3
            assert page.inner_text("h1").startswith("all leukemic")
            page.click("text=My team")  # 4
            assert "all leukemic" in main_text(page)
            assert page.locator("text=stands for the team").count() == 1


def a_guarded_server(way: str, folder: Path, administered: dict[str, str]) -> Any:
    """A server that asks for tokens; `administered` gets one of each role."""
    for role, options in (("host", ["--role", "host"]), ("team", ["--team", "red"])):
        administered[role] = administer(folder, None, "token", "add", *options)["token"]
    return reached(way, folder, "--access", "tokens", "--public-name", "127.0.0.1")
