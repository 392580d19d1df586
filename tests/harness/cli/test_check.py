"""`harness check` as a user types it."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from submissions.phases import MEMBER
from tests.support import stored
from tests.support.command import harness
from tests.support.inside import harness_inside
from tests.support.submissions import a_submission, a_zip, some_predictions, text_of


@pytest.fixture
def zip_file(tmp_path: Path) -> Path:
    return tmp_path / "mine.zip"


def test_the_winner_s_zip_is_accepted_with_its_counts() -> None:
    answer = harness("check", stored("submissions/prellberg-final.zip"), "--phase", "final", "--json")
    assert answer.code == 0
    assert answer.document() == {
        "accepted": True,
        "phase": "final",
        "predictions": 2586,
        "positives": 1588,
        "problems": [],
        "scores": False,
        "passed_over": [],
        "read_as": [],
    }


def test_a_refusal_prints_its_document_and_exits_with_5(zip_file: Path) -> None:
    lines = text_of(some_predictions()).splitlines()[:-1]
    lines[16] = b"2"
    zip_file.write_bytes(a_submission(b"\n".join(lines) + b"\n"))
    answer = harness("check", zip_file, "--phase", "prelim", "--json")
    document = answer.document()
    assert answer.code == 5
    assert (document["accepted"], document["predictions"], document["phase"]) == (False, None, "prelim")
    assert document["problems"][0]["found"] == "1866 lines"
    assert document["problems"][1] == {
        "what": "a label that is neither 0 nor 1",
        "where": "line 17",
        "expected": "0 (HEM) or 1 (ALL)",
        "found": "'2'",
        "mend": "Write 0 for HEM and 1 for ALL.",
    }


def test_people_see_every_reason_with_what_to_do(zip_file: Path) -> None:
    zip_file.write_bytes(a_zip({MEMBER: b"1.0\n" * 1867, "__MACOSX/._x": b"", "old.predict": b"1\n"}))
    answer = harness("check", zip_file)
    assert answer.code == 5
    assert "mine.zip: refused, 2 reasons" in answer.out
    assert "2 prediction files" in answer.out
    assert "lines 1-1867" in answer.out
    assert "passed over: __MACOSX" in answer.out


def test_people_see_an_acceptance_in_two_lines(zip_file: Path) -> None:
    zip_file.write_bytes(a_submission())
    positives = some_predictions().positives
    assert harness("check", zip_file).out.splitlines() == [
        "mine.zip: accepted for prelim",
        f"  1867 predictions: {positives} ALL, {1867 - positives} HEM",
    ]


def test_an_html_page_called_zip_is_called_an_html_page(zip_file: Path) -> None:
    zip_file.write_text("<!doctype html><title>Sign in</title>")
    answer = harness("check", zip_file)
    assert answer.code == 5
    assert "found     an HTML page" in answer.out


def test_a_phase_of_one_s_own_is_checked_against_its_cells(zip_file: Path, tmp_path: Path) -> None:
    (tmp_path / "fold0.csv").write_text("Patient_ID,new_names,labels\na,10.bmp,1\nb,9.bmp,0\n")
    zip_file.write_bytes(a_submission(b"1\n0\n"))
    answer = harness("check", zip_file, "--cells", tmp_path / "fold0.csv", "--json")
    assert (answer.document()["phase"], answer.document()["predictions"]) == ("fold0", 2)


def test_the_lines_of_a_phase_of_one_s_own_follow_the_rows_of_its_table(tmp_path: Path) -> None:
    """What is packed from a table in another order is read back in the order of the cells' table."""
    (tmp_path / "own.csv").write_text("cell\nslide10\nslide9\nslide1\n")
    (tmp_path / "mine.csv").write_text("cell,label\nslide1,0\nslide10,1\nslide9,0\n")
    packed = harness_inside(
        "pack", tmp_path / "mine.csv", "--cells", tmp_path / "own.csv", "--out", tmp_path / "mine.zip"
    )
    assert packed.code == 0, packed.err
    with zipfile.ZipFile(tmp_path / "mine.zip") as archive:
        assert archive.read(MEMBER) == b"1\n0\n0\n"
    checked = harness_inside("check", tmp_path / "mine.zip", "--cells", tmp_path / "own.csv", "--json")
    assert checked.document()["phase"] == "own"


def test_a_table_of_the_official_cells_without_endings_is_the_official_phase(
    zip_file: Path, tmp_path: Path
) -> None:
    zip_file.write_bytes(a_submission())
    (tmp_path / "mine.csv").write_text("cell\n" + "".join(f"{number}\n" for number in range(1867, 0, -1)))
    answer = harness_inside("check", zip_file, "--cells", tmp_path / "mine.csv", "--json")
    assert (answer.code, answer.document()["phase"]) == (0, "prelim")


def test_cells_that_are_listed_twice_are_refused_as_data(zip_file: Path, tmp_path: Path) -> None:
    (tmp_path / "cells.csv").write_text("cell\n1.bmp\n1.bmp\n")
    answer = harness("check", zip_file, "--cells", tmp_path / "cells.csv")
    assert answer.code == 3
    assert "2 rows with 1 different cells" in answer.err


def test_a_zip_that_is_not_there_is_a_matter_of_data(tmp_path: Path) -> None:
    answer = harness("check", tmp_path / "none.zip")
    assert answer.code == 3
    assert "No such file" in answer.err


def test_an_unknown_phase_is_a_matter_of_usage(zip_file: Path) -> None:
    answer = harness("check", zip_file, "--phase", "prelims")
    assert answer.code == 2
    assert "expected prelim or final" in answer.err


def test_an_official_phase_is_not_checked_against_other_cells(zip_file: Path, tmp_path: Path) -> None:
    zip_file.write_bytes(a_submission())
    cells = tmp_path / "truth.csv"
    cells.write_text("cell\n" + "".join(f"{number}.bmp\n" for number in range(1, 1868)))
    refused = harness("check", zip_file, "--phase", "final", "--cells", cells)
    assert refused.code == 2
    assert "lists 1867 cells" in refused.err
    assert "2586" in refused.err
    assert harness("check", zip_file, "--phase", "prelim", "--cells", cells).code == 0
