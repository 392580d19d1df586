"""Tables of predictions: what is written is read back, and a bad row is named by its line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from submissions.phases import FINAL, PRELIM, phase_of
from submissions.predictions import Predictions
from submissions.problems import Problem, SubmissionRefused
from submissions.tables import read_table, write_table
from tests.support import stored
from tests.support.submissions import some_predictions

THREE = phase_of("three", ("1.bmp", "2.bmp", "10.bmp"))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "predictions.csv"


def refused(table: Path, text: str, *, allow_partial: bool = False) -> tuple[Problem, ...]:
    table.write_text(text)
    with pytest.raises(SubmissionRefused) as refusal:
        read_table(table, THREE, allow_partial=allow_partial)
    return refusal.value.problems


def test_scores_and_labels_come_back_digit_for_digit(table: Path) -> None:
    predictions = some_predictions(FINAL)
    write_table(predictions, table)
    again = read_table(table)
    assert again.phase is FINAL
    assert again.scores is not None
    assert predictions.scores is not None
    assert again.scores.tolist() == predictions.scores.tolist()
    assert again.labels.tolist() == predictions.labels.tolist()


def test_labels_without_scores_come_back_without_scores(table: Path) -> None:
    write_table(Predictions(THREE, np.array([1, 0, 1], np.uint8)), table)
    assert table.read_text() == "cell,label\n1.bmp,1\n2.bmp,0\n10.bmp,1\n"
    assert read_table(table, THREE).scores is None


@pytest.mark.parametrize("subjects", [["H1", "H2", "H1"], {"1.bmp": "H1", "2.bmp": "H2", "10.bmp": "H1"}])
def test_subjects_stand_beside_their_cells(table: Path, subjects: list[str] | dict[str, str]) -> None:
    write_table(Predictions.from_scores(THREE, np.array([0.25, 0.5, 1])), table, subjects)
    assert table.read_text().splitlines() == [
        "cell,subject,score,label",
        "1.bmp,H1,0.25,0",
        "2.bmp,H2,0.5,0",
        "10.bmp,H1,1.0,1",
    ]


def test_a_label_that_is_left_out_follows_the_score(table: Path) -> None:
    table.write_text("cell,score\n2.bmp,0.500001\n1.bmp,0.5\n10.bmp,0\n")
    assert read_table(table, THREE).labels.tolist() == [0, 1, 0]


def test_rows_in_any_order_with_further_columns_windows_ends_and_a_byte_order_mark_are_read(
    table: Path,
) -> None:
    table.write_bytes(b"\xef\xbb\xbflabel, cell,note\r\n1,10.bmp,x\r\n\r\n0,2.bmp,\r\n1,1.bmp,y\r\n")
    assert read_table(table, THREE).labels.tolist() == [1, 0, 1]


def test_cells_of_no_official_phase_become_a_phase_named_after_the_file(table: Path) -> None:
    table.write_text("cell,label\n10.bmp,1\n9.bmp,0\n")
    phase = read_table(table).phase
    assert (phase.name, phase.cells) == ("predictions", ("10.bmp", "9.bmp"))


def test_every_mistake_is_named_by_its_line_at_once(table: Path) -> None:
    rows = ("1.bmp,nan,1", "1.bmp,0.5,1", "7.bmp,high,2", "10.bmp,1.5,-1")
    problems = refused(table, "cell,score,label\n" + "\n".join(rows) + "\n")
    assert [(problem.what, problem.where, problem.found) for problem in problems] == [
        ("a score that is no number", "lines 2, 4", "'nan', 'high'"),
        ("a score that is no probability", "line 5", "'1.5'"),
        ("a label that is neither 0 nor 1", "lines 4-5", "'2', '-1'"),
        ("a cell that comes twice", "line 3", "'1.bmp' (already in line 2)"),
        ("an unknown cell", "line 4", "'7.bmp'"),
        ("a cell is missing", "the table", "none of 2.bmp"),
    ]


@pytest.mark.parametrize("score", ["", "inf", "-0.1", "1.0001", "NaN", "0,5", "1_0", "٠"])
def test_a_score_that_is_no_probability_is_refused(table: Path, score: str) -> None:
    text = f'cell,score,label\n1.bmp,0.5,1\n2.bmp,"{score}",1\n10.bmp,0.5,1\n'
    (problem,) = refused(table, text)
    assert (problem.where, problem.found) == ("line 3", ascii(score))


def test_a_short_row_is_named_with_both_lengths(table: Path) -> None:
    (problem, *_) = refused(table, "cell,score,label\n1.bmp,0.5,1\n2.bmp\n10.bmp,0.5,1\n")
    assert (problem.where, problem.expected, problem.found) == ("line 3", "3 columns", "1 columns")


def test_missing_cells_make_a_partial_phase_only_when_that_is_allowed(table: Path) -> None:
    text = "cell,label\n10.bmp,1\n"
    (problem,) = refused(table, text)
    assert problem.found == "none of 1.bmp, 2.bmp"
    partial = read_table(table, THREE, allow_partial=True).phase
    assert (partial.name, partial.cells, partial.partial) == ("three", ("10.bmp",), True)


def test_a_table_of_none_of_the_cells_is_refused_even_where_a_part_is_allowed(table: Path) -> None:
    problems = refused(table, "cell,label\n11.bmp,1\n", allow_partial=True)
    assert [problem.what for problem in problems] == ["an unknown cell", "3 cells are missing"]


@pytest.mark.parametrize(
    "text", ["", "\n", "1.bmp,high\n", "bild,klasse\n1.bmp,1\n", "cell,label,label\n1.bmp,1,0\n"]
)
def test_a_table_without_its_columns_is_refused_in_line_1(table: Path, text: str) -> None:
    (problem,) = refused(table, text)
    assert problem.where == "line 1"


def test_a_header_alone_is_refused(table: Path) -> None:
    (problem,) = refused(table, "cell,label\n")
    assert problem.found == "only a header"


def test_the_published_runs_of_the_specification_are_read() -> None:
    runs = sorted(stored("entries/prelim").glob("*.csv"))
    assert runs
    for run in runs:
        assert read_table(run).phase is PRELIM


@settings(max_examples=300, deadline=None, database=None)
@given(
    text=st.binary(max_size=200)
    | st.lists(
        st.sampled_from(
            (b"1.bmp", b"2.bmp", b"0.5", b"1", b",", b",", b"\n", b"\r", b'"', b"9" * 5000 + b".bmp")
        )
    ).map(lambda parts: b"cell,score,label\n" + b"".join(parts))
)
def test_any_bytes_are_a_table_or_refused(tmp_path_factory: pytest.TempPathFactory, text: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed.csv"
    path.write_bytes(text)
    for phase in (None, THREE):
        try:
            assert len(read_table(path, phase).labels) > 0
        except SubmissionRefused as refusal:
            assert str(refusal).replace("\n", "").isprintable()  # noqa: PT017
