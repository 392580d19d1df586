"""A table for a paper: compiled by LaTeX beside a picture, whatever the entries are called."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from eval_server.figures.showing import pictures_of_report
from eval_server.judging.comparing import compare
from eval_server.judging.truth import Truth, read_truth
from eval_server.judging.verdict import Verdict, judge
from harness.reports.citing import methods_section
from harness.reports.comparison_words import about
from harness.reports.latex import escaped, latex
from harness.reports.paper_pictures import write_for_paper
from harness.reports.shown import Shown
from submissions.predictions import Predictions
from tests.support import stored
from tests.support.latex import compiled
from tests.support.truth import LABEL_FILE, a_truth, a_verdict, golden_verdicts

HOSTILE = "a_b%&$#{}~^\\input{/etc/passwd}<>|\"'`,,--- \u00e9\u0141\u4e2d\U0001f600\u202e"
LETTERS = {0x2019: "'", 0x201D: "''"}


def shown(verdicts: dict[str, Verdict], remarks: dict[str, tuple[str, ...]] | None = None, **more) -> Shown:
    return Shown(compare(verdicts, resamples=200, **more), verdicts, remarks or {})


@pytest.fixture(scope="module")
def golden() -> dict[str, Verdict]:
    verdicts = golden_verdicts()
    return {HOSTILE if name == "E2" else name: one for name, one in verdicts.items()}


def test_a_table_with_hostile_names_and_a_picture_are_compiled_in_a_column(golden, tmp_path):
    board = shown(golden, {"E1": ("drawn data", "100 % & more")})
    (tmp_path / "table.tex").write_text(latex(board), encoding="utf-8")
    write_for_paper(tmp_path / "board.pdf", pictures_of_report(board.report)[0].svg, "pdf")
    log = compiled(tmp_path, "\\input{table}\n\\noindent\\includegraphics{board.pdf}")
    assert "Overfull" not in log
    assert "Missing character" not in log
    if shutil.which("pdftotext"):
        read = _read(tmp_path / "paper.pdf")
        assert "ab%&$#{}~^\\input{/etc/passwd}" in read  # an underscore is a rule, and no letter
        assert "[U+4E2D][U+1F600][U+202E]" in read


def test_the_published_label_file_is_called_by_its_phase_in_part_too(tmp_path):
    table = pd.read_csv(stored(LABEL_FILE)).head(300)
    table.to_csv(tmp_path / Path(LABEL_FILE).name, index=False)
    truth = read_truth(tmp_path / Path(LABEL_FILE).name)
    board = shown({name: judge(predicted(truth, seed), truth) for seed, name in enumerate("ab")})
    text = latex(board)
    assert "on 300 of the 1,867 cells of phase prelim" in text
    assert r"\label{tab:prelim}" in text
    assert "(phase prelim of C-NMC 2019, in part [1])" in methods_section(board.report)
    assert about(board.report).startswith("Phase prelim: 300 cells")


def predicted(truth: Truth, seed: int) -> Predictions:
    wrong = np.random.default_rng(seed).random(len(truth.labels)) < 0.2
    return Predictions(truth.phase, truth.labels ^ wrong.astype(np.uint8), None)


@pytest.mark.parametrize(
    "names",
    [
        ("a_b%&$#{}~^\\\u00fc\u4e2d.csv", "x" * 60),
        ("\u4e2d\u6587\u4e2d", "\u4e2d" * 16),
        ("M" * 16, "W" * 60),
        ("x" * 16, "short"),
    ],
    ids=["beside a long name", "letters that LaTeX lacks", "wide letters", "the longest on one line"],
)
def test_no_name_runs_into_the_number_beside_it(golden, tmp_path, names):
    verdicts = dict(zip(names, golden.values(), strict=False))
    (tmp_path / "table.tex").write_text(latex(shown(verdicts)), encoding="utf-8")
    assert "Overfull" not in compiled(tmp_path, "\\input{table}")


def _read(pdf: Path) -> str:
    """The words of a PDF without blanks, and the accents over letters that LaTeX sets by themselves."""
    done = subprocess.run(["pdftotext", "-raw", str(pdf), "-"], capture_output=True, text=True, check=True)
    plain = done.stdout.replace("\u02dc", "~").replace("\u02c6", "^")
    return re.sub(r"\s", "", plain.translate(LETTERS))


def test_the_table_says_what_the_comparison_says(golden):
    board = shown(golden)
    text = latex(board)
    rows = [line for line in text.splitlines() if line.endswith(r"\\") and " & " in line][1:]
    assert len(rows) == len(board.report.entries)
    first = board.report.entries[0]
    for row, one in zip(rows, board.report.entries, strict=True):
        cells = [cell.strip() for cell in row.removesuffix(r"\\").split(r" & ")]
        assert cells[1] == f"{100 * one.weighted_f1:.2f}"
        if one is not first:
            p = board.report.between(first.entry, one.entry).p_holm
            assert cells[5] in (f"{p:.3f}", f"{p:.4f}", "$<$0.0001")
    assert "exact subject-swap test after Holm" in text


def test_against_a_baseline_there_are_no_letters_and_the_p_is_with_it(golden):
    text = latex(shown(golden, baseline="E3"))
    assert "difference with E3" in text
    assert "share a letter" not in text


def test_without_subjects_the_table_has_neither_intervals_nor_tests():
    truth = a_truth({"A": "1111", "H1": "0000"})
    bare = type(truth)(truth.phase, truth.labels, None)
    verdicts = {
        name: judge(Predictions(bare.phase, labels, None), bare)
        for name, labels in (("one", truth.labels), ("other", 1 - truth.labels))
    }
    text = latex(shown(verdicts))
    assert "no intervals and no tests" in text
    assert "interval &" not in text


def test_one_entry_alone_has_its_interval_and_no_p():
    truth = a_truth({"A": "111", "B": "111", "H1": "000", "H2": "000"})
    text = latex(shown({"alone": a_verdict(truth, wrong=("A-1.bmp", "H1-2.bmp"))}))
    assert "Holm" not in text
    assert "95 \\% interval" in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("50 % of a_b", r"50 \% of a\_b"),
        ("\\def\\x{}", r"\textbackslash{}def\textbackslash{}x\{\}"),
        ("a--b,,c", "a-{}-b,{},c"),
        ("two\nlines", "two lines"),
        ("\u0111\x07", "[U+0111][U+0007]"),
    ],
)
def test_nothing_in_a_name_is_a_command(text, expected):
    assert escaped(text) == expected
