"""A phase of one's own from the host's table to the board: order of the lines, window, labels put right."""

from __future__ import annotations

import csv
import json
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eval_server.judging.truth import Truth, read_truth
from eval_server.store.records import Rules
from harness.errors import Refused
from harness.upload.server import Server as RunServer
from harness.upload.server import require_same_order
from submissions.phases import MEMBER, phase_of
from tests.support import stored
from tests.support.desk import NOON, a_place
from tests.support.inside import harness_inside
from tests.support.server import FREE, Server, decided, started
from tests.support.submissions import a_zip
from tests.support.truth import ENTRIES, golden_rows

GOLDEN = {"E1": 0.8868, "E2": 0.8978, "E3": 0.8741, "E4": 0.8202, "E5": 0.7743}
"""Weighted F1 of the five entries of golden/cells.csv."""


def own_table(folder: Path) -> tuple[Path, list[dict[str, str]]]:
    """The golden cells under names of one's own, the rows shuffled, as a host might write them down."""
    rows = [{**row, "cell": f"slide{int(row['cell']) * 7}_c{row['cell']}"} for row in golden_rows("cells")]
    random.Random(9).shuffle(rows)
    table = folder / "own.csv"
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, ("cell", "label", "subject"), extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return table, rows


def a_zip_of(rows: list[dict[str, str]], entry: str) -> bytes:
    return a_zip({MEMBER: "".join(f"{row[f'{entry}_pred']}\n" for row in rows).encode()})


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real server with the golden cells as two phases: under own names, and as they stand in the file."""
    folder = tmp_path_factory.mktemp("own")
    for name, truth in (("own", own_table(folder)[0]), ("bare", stored("golden/cells.csv"))):
        added = harness_inside("phase", "add", name, "--truth", truth, "--data-dir", folder / "server", *FREE)
        assert added.code == 0, added.err
    server = started(folder / "server")
    yield server
    server.stop()


def curl(*arguments: str) -> Any:
    done = subprocess.run(["curl", "-sS", "-f", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_five_golden_entries_on_an_own_phase_by_curl_come_out_as_they_are(
    served: Server, tmp_path: Path
) -> None:
    """The lines follow the rows of the host's table, and for names like 17 without .bmp the numbers."""
    _, rows = own_table(tmp_path)
    for phase, ordered in (("own", rows), ("bare", golden_rows("cells"))):
        for entry in ENTRIES:
            (tmp_path / "mine.zip").write_bytes(a_zip_of(ordered, entry))
            form = ["-F", f"file=@{tmp_path / 'mine.zip'}", "-F", f"entry={entry}", "-F", f"team={entry}"]
            told = json.loads(curl(*form, f"{served.url}/api/phases/{phase}/submissions"))
            with served.client() as client:
                assert decided(client, told["id"])["status"] == "scored"
        values = {
            entry: json.loads(curl(f"{served.url}{address(served, phase, entry)}"))["metrics"]["weighted_f1"]
            for entry in ENTRIES
        }
        assert {entry: round(value, 4) for entry, value in values.items()} == GOLDEN


def address(served: Server, phase: str, team: str) -> str:
    """Where the one submission of a team is told."""
    listed = json.loads(curl(f"{served.url}/api/phases/{phase}/submissions?team={team}"))
    (one,) = listed["submissions"]
    return f"/api/submissions/{one['id']}"


def test_the_order_is_on_the_rules_and_help_pages_and_there_as_a_file(served: Server, tmp_path: Path) -> None:
    _, rows = own_table(tmp_path)
    told = json.loads(curl(f"{served.url}/api/phases/own"))
    assert told["first_cells"] == [row["cell"] for row in rows[:10]]
    file = curl(f"{served.url}{told['cells_url']}")
    assert [line["cell"] for line in csv.DictReader(file.splitlines())] == [row["cell"] for row in rows]
    for page in ("/phases/own/rules", "/help"):
        text = curl("-H", "Accept: text/html", f"{served.url}{page}")
        shown = ", ".join(f"<code>{row['cell']}</code>" for row in rows[:10])
        assert shown in text
        assert told["cells_url"] in text
    (tmp_path / "cells.csv").write_text(file)
    (tmp_path / "mine.zip").write_bytes(a_zip_of(rows, "E1"))
    table = tmp_path / "predictions.csv"
    table.write_text(
        "cell,label\n" + "".join(f"{row['cell']},{row['E1_pred']}\n" for row in sorted(rows, key=str))
    )
    packed = harness_inside(
        "pack", table, "--cells", tmp_path / "cells.csv", "--out", tmp_path / "packed.zip"
    )
    assert packed.code == 0, packed.err
    truth = tmp_path / "own.csv"
    found = [
        harness_inside("score", tmp_path / name, "--truth", truth, "--json").document()
        for name in ("packed.zip", "mine.zip")
    ]
    assert found[0]["metrics"] == found[1]["metrics"]
    assert round(found[0]["metrics"]["weighted_f1"], 4) == GOLDEN["E1"]


def test_a_run_in_another_order_than_the_phase_is_not_handed_in(served: Server, tmp_path: Path) -> None:
    """A zip holds labels alone, so lines in the order of file names would be judged without a word."""
    _, rows = own_table(tmp_path)
    table = tmp_path / "predictions.csv"
    table.write_text("cell,label\n" + "".join(f"{row['cell']},1\n" for row in rows))
    require_same_order(RunServer(served.url), "own", table)
    lines = sorted(f"{row['cell']},1\n" for row in rows)
    table.write_text("cell,label\n" + "".join(lines))
    with pytest.raises(Refused, match="or the same in another order") as refused:
        require_same_order(RunServer(served.url), "own", table)
    assert f"{served.url}/api/phases/own/cells.csv" in (refused.value.hint or "")


def test_the_prepared_case_of_an_own_phase_has_its_value(tmp_path: Path) -> None:
    """cases/expected.json: the lines of own-lines.predict follow the rows of own-truth.csv."""
    expected = json.loads(stored("cases/expected.json").read_text())["own-lines.predict"]
    (tmp_path / "own.zip").write_bytes(a_zip({MEMBER: stored("cases/own-lines.predict").read_bytes()}))
    found = harness_inside("score", tmp_path / "own.zip", "--truth", stored("cases/own-truth.csv"), "--json")
    assert found.document()["metrics"]["weighted_f1"] == pytest.approx(expected["weighted_f1"], abs=1e-12)


def test_phases_of_an_older_database_keep_the_order_they_were_judged_by(tmp_path: Path) -> None:
    """The former rule took names that are no numbers like 17.bmp in ASCII order, and so they stay."""
    table = tmp_path / "truth.csv"
    rows = golden_rows("cells")
    lines = [f"c{row['cell']},{row['label']},{row['subject']}\n" for row in rows]
    table.write_text("cell,label,subject\n" + "".join(lines))
    new = read_truth(table)
    row_of = {cell: at for at, cell in enumerate(new.phase.cells)}
    old_phase = phase_of("old", new.phase.cells)
    order = [row_of[cell] for cell in old_phase.cells]
    assert order[:3] == [0, 9, 99]
    assert new.subjects is not None
    old = Truth(old_phase, new.labels[order], tuple(new.subjects[at] for at in order))
    with a_place(tmp_path / "server") as place:
        place.desk.store.phases.add("old", old, Rules(), NOON)
    data = "--data-dir", tmp_path / "server"
    assert harness_inside("phase", "truth", "old", "--truth", table, *data).code == 0
    told = harness_inside("phase", "cells", "old", "--json", *data).document()
    assert told["cells"] == list(old_phase.cells)
    with a_place(tmp_path / "server") as place:
        found = place.hand_in(a_zip_of([rows[at] for at in order], "E2"), phase="old")
    assert round(found["metrics"]["weighted_f1"], 4) == GOLDEN["E2"]
