"""The pages of reports on a narrow screen: nothing is hidden without a sign."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import stored
from tests.support.browser import a_browser, axe_source, grave_problems
from tests.support.inside import harness_inside
from tests.support.truth import LABEL_FILE

pytestmark = pytest.mark.browser

MOVED = "[...document.querySelectorAll('.scroll')].filter(one => one.scrollWidth > one.clientWidth)"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A reproduction and a comparison."""
    folder, seeds, truth = (
        tmp_path_factory.mktemp("pages"),
        stored("entries/prelim-seeds"),
        stored(LABEL_FILE),
    )
    given = ("--entries", seeds, "--seeds", "0,1", "--truth", truth)
    assert harness_inside("reproduce", "prellberg2019", *given, "--out", folder).code == 0
    page = folder / "comparison.html"
    both = (seeds / "mlp-seed00.csv", seeds / "forest-seed00.csv")
    assert harness_inside("compare", *both, "--truth", truth, "--html", page).code == 0
    return folder / "report.html", page


def test_tables_with_results_fit_the_screen_and_what_is_wider_shows_it_and_is_reached_by_keys(
    pages: tuple[Path, Path],
) -> None:
    with a_browser() as browser:
        page = browser.new_page(viewport={"width": 390, "height": 844})
        for file in pages:
            page.goto(file.as_uri())
            page.evaluate("for (const folded of document.querySelectorAll('details')) folded.open = true")
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
            assert page.evaluate("document.querySelectorAll('.stack').length") > 0
            moved = page.evaluate(
                f"{MOVED}.map(one => [one.querySelector('.stack') !== null, one.tabIndex, "
                "getComputedStyle(one).backgroundAttachment])"
            )
            assert moved
            assert {tuple(one) for one in moved} == {(False, 0, "local, local, scroll, scroll")}


def test_the_pages_have_no_grave_problem(pages: tuple[Path, Path]) -> None:
    axe = axe_source()
    with a_browser() as browser:
        for file in pages:
            page = browser.new_page(viewport={"width": 390, "height": 844})
            page.goto(file.as_uri())
            assert grave_problems(page, axe) == []
