"""`harness compare` for a paper: documents into files, and options that have nothing to be about."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.support.command import Answer
from tests.support.inside import harness_inside

SUBJECTS = [("1", 1), ("2", 1), ("3", 1), ("H1", 0), ("H2", 0), ("H3", 0)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A label file of six subjects and two entries."""
    place = tmp_path_factory.mktemp("paper")
    truth = [(name, label) for name, label in SUBJECTS for _ in range(20)]
    lines = [f"{at}.bmp,{label},{name}" for at, (name, label) in enumerate(truth, 1)]
    (place / "truth.csv").write_text("cell,label,subject\n" + "\n".join(lines) + "\n")
    for name, every in (("better", 12), ("worse", 3)):
        rows = [f"{at}.bmp,{label ^ (at % every == 0)}" for at, (_, label) in enumerate(truth, 1)]
        (place / f"{name}.csv").write_text("cell,label\n" + "\n".join(rows) + "\n")
    return place


def run(folder: Path, *arguments: object) -> Answer:
    entries = (folder / "better.csv", folder / "worse.csv")
    return harness_inside("compare", *entries, "--truth", folder / "truth.csv", *arguments)


def test_the_table_goes_to_standard_output_or_into_a_file(folder: Path, tmp_path: Path) -> None:
    printed = run(folder, "--format", "latex")
    assert printed.code == 0, printed.err
    assert printed.out.startswith("% \\usepackage{array,booktabs")
    assert printed.out.rstrip().endswith("\\end{table}")
    answer = run(folder, "--format", "latex", "-o", tmp_path / "table.tex")
    assert answer.out == ""
    assert "wrote" in answer.err
    assert (tmp_path / "table.tex").read_text() == printed.out


def test_every_document_goes_into_a_file(folder: Path, tmp_path: Path) -> None:
    for form in ("json", "csv", "markdown"):
        assert run(folder, "--format", form, "-o", tmp_path / form).code == 0
        assert (tmp_path / form).read_text() == run(folder, "--format", form).out
    assert json.loads((tmp_path / "json").read_text())["subjects"] == 6


def test_what_to_write_fits_the_options(folder: Path) -> None:
    answer = run(folder, "--cite", "--level", "0.9")
    assert answer.code == 0, answer.err
    assert "2 entries" in answer.out
    assert "(90 %)" in answer.out
    assert "[1] A. Gupta" in answer.out


def test_pictures_are_written_in_the_form_that_was_asked_for(folder: Path, tmp_path: Path) -> None:
    answer = run(folder, "--pictures", tmp_path / "figures", "--as", "pdf")
    assert answer.code == 0, answer.err
    files = list((tmp_path / "figures").iterdir())
    assert {file.suffix for file in files} == {".pdf"}
    assert all(file.read_bytes().startswith(b"%PDF") for file in files)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("--as", "pdf"), "add --pictures FOLDER"),
        (("-o", "x"), "add --format latex"),
        (("--cite", "--format", "latex"), "--format latex another: give one"),
        (("--cite", "--json"), "--json another: give one"),
        (("--json", "--format", "csv"), "ask for two documents"),
    ],
)
def test_an_option_with_nothing_to_be_about_is_refused(
    folder: Path, asked: tuple[str, ...], words: str
) -> None:
    answer = run(folder, *asked)
    assert answer.code == 2
    assert words in answer.err


def test_without_the_extra_it_is_said_how_to_have_pdfs(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    answer = run(folder, "--pictures", tmp_path, "--as", "pdf")
    assert answer.code == 4
    assert "[paper]" in answer.err
