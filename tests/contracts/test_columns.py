"""One list of columns: what stands in it stands on every surface, of the command line and of the server."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from eval_server.figures.columns import (
    BESIDE,
    COLUMNS,
    CSV_OF_BOARD,
    CSV_OF_COMPARISON,
    OF_BOARD,
    OF_COMPARISON,
    Column,
)
from tests.support.desk import Place, a_place
from tests.support.inside import harness_inside
from tests.support.server import a_zip, truth_table

SHOWN = ("weighted_f1", *BESIDE)


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """What `harness compare` prints of two entries, in a form and with options."""
    folder = tmp_path_factory.mktemp("two")
    (folder / "small.csv").write_bytes(truth_table())
    for name, wrong in (("one", 3), ("two", 9)):
        (folder / f"{name}.zip").write_bytes(a_zip(wrong))
    entries = (folder / "one.zip", folder / "two.zip")

    def run(*options: object) -> str:
        answer = harness_inside("compare", *entries, "--truth", folder / "small.csv", *options, COLUMNS="200")
        assert answer.code == 0, answer.err
        return answer.out

    return run


def told(page: str) -> str:
    """The words of an HTML page."""
    return re.sub(r"<[^>]+>", " ", page.replace("<br>", " "))


def squeezed(text: str) -> str:
    return " ".join(text.split())


def test_the_command_line_shows_every_column_in_every_form(
    compared: Callable[..., str], tmp_path: Path
) -> None:
    lines = compared("--html", tmp_path / "page.html").splitlines()
    rows = list(csv.DictReader(io.StringIO(compared("--format", "csv"))))
    document = json.loads(compared("--json"))["entries"]
    markdown, page = compared("--format", "markdown"), squeezed(told((tmp_path / "page.html").read_text()))
    assert list(rows[0]) == list(CSV_OF_COMPARISON)
    for column in (COLUMNS[key] for key in SHOWN):
        assert all(word in f"{lines[2]}{lines[3]}" for word in column.head.split("\n"))
        assert f"| {column.line} |" in markdown
        assert column.line in page
        assert [float(row[column.key]) for row in rows] == [one[column.key] for one in document]
        assert column.words({column.key: document[0][column.key]}) in page


def test_the_server_shows_every_column_in_every_form(tmp_path: Path) -> None:
    with a_place(tmp_path) as place:
        place.phase()
        place.hand_in(a_zip(3))
        client, address = place.client(), "/api/phases/small/leaderboard"
        row = next(csv.DictReader(io.StringIO(client.get(f"{address}.csv").text)))
        head = client.get(f"{address}.md").text.splitlines()[0]
        standing = place.board()["standings"][0]
        assert list(row) == list(CSV_OF_BOARD)
        assert head == f"| {' | '.join(CSV_OF_BOARD)} |"
        assert [float(row[key]) for key in SHOWN] == [standing[key] for key in SHOWN]
        shown_by(place, [COLUMNS[key] for key in OF_BOARD])


def shown_by(place: Place, columns: list[Column]) -> None:
    """The page has these heads in this order, and sorts by each of them."""
    page = place.client(Accept="text/html").get("/phases/small").text
    heads = [squeezed(told(head)) for head in re.findall(r'<a href="\?sort=.*?</a>', page)]
    assert heads == [column.title for column in columns]
    for column in columns:
        sorted_by = place.client(Accept="text/html").get(f"/phases/small?sort={column.css}&order=asc").text
        assert re.search(rf'class="{column.css}[^>]*aria-sort="ascending"', sorted_by), column.key


def test_what_a_surface_names_is_a_column_and_beside_weighted_f1_stand_numbers_alone() -> None:
    assert {*OF_COMPARISON, *OF_BOARD} == set(COLUMNS)
    assert not [key for key in SHOWN if COLUMNS[key].left or not COLUMNS[key].css]
