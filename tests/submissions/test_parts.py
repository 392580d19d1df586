"""A zip with a table of scores beside it: read as one, refused with every reason of both."""

from __future__ import annotations

import io
import zipfile

import pytest

from submissions.checking import check
from submissions.parts import read_parts
from submissions.phases import phase_of
from submissions.problems import SubmissionRefused

THREE = phase_of("three", ["a", "b", "c"])


def a_zip(lines: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(THREE.member, lines)
    return target.getvalue()


def test_the_labels_are_the_zip_s_and_the_scores_the_table_s() -> None:
    reading = read_parts(a_zip("1\n0\n1\n"), b"cell,score\nc,0.9\na,0.2\nb,0.4\n", THREE)
    assert reading.predictions.labels.tolist() == [1, 0, 1]
    assert reading.predictions.scores is not None
    assert reading.predictions.scores.tolist() == [0.2, 0.4, 0.9]


def test_what_is_wrong_with_the_zip_and_with_the_scores_is_said_at_once() -> None:
    with pytest.raises(SubmissionRefused) as refused:
        read_parts(a_zip("1\n2\n1\n"), b"cell,score\na,0.2\nb,7\n", THREE)
    where = [problem.where for problem in refused.value.problems]
    assert "line 2" in where[0]
    assert not where[0].startswith("the scores")
    assert where[1:] == ["the scores, line 3", "the scores, the table"]
    assert all("optional" in problem.mend for problem in refused.value.problems[1:])


def test_a_check_reads_the_scores_too() -> None:
    assert check(a_zip("1\n0\n1\n"), THREE, scores=b"cell,score\na,0.2\nb,0.4\nc,1\n").accepted
    report = check(a_zip("1\n0\n1\n"), THREE, scores=b"cell,score\na,0.2\n")
    assert not report.accepted
    assert [problem.where for problem in report.problems] == ["the scores, the table"]


def test_scores_that_contradict_the_zip_are_said_with_its_lines() -> None:
    reading = read_parts(a_zip("1\n0\n1\n"), b"cell,score\na,0.2\nb,0.9\nc,0.4\n", THREE)
    assert "the scores, read as: cell from column `cell`" in reading.read_as[0]
    assert "disagree in 3 of 3 lines (lines 1-3): the label counts" in reading.read_as[-1]
    assert "p_hem" in reading.read_as[-1]
