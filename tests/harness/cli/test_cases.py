"""The cases of people's inputs on the command line: each has the outcome that it must have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.harness.cli.test_score import Answer

CASES = Path(__file__).resolve().parents[2] / "data" / "cases"
EXPECTED = json.loads((CASES / "expected.json").read_text())


@pytest.mark.parametrize("name", EXPECTED)
def test_every_case_is_scored_or_refused_as_it_must_be(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    case = EXPECTED[name]
    answer = Answer(
        capsys, "score", CASES / name, "--truth", CASES / case.get("truth", "truth.csv"), "--json"
    )
    if case["outcome"] == "refused":
        assert answer.code == 5
        assert case["names"] in answer.err
        return
    assert answer.code == 0
    assert answer.document["metrics"]["weighted_f1"] == case["weighted_f1"]
    assert [hint["reading"] for hint in answer.document["hints"]] == (
        [case["hint"]] if "hint" in case else []
    )


@pytest.mark.parametrize("name", [name for name, case in EXPECTED.items() if case["outcome"] == "refused"])
def test_the_option_that_a_refusal_names_settles_it(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked = EXPECTED[name]["names"].split()
    answer = Answer(capsys, "score", CASES / name, "--truth", CASES / "truth.csv", "--json", *asked)
    assert answer.document["metrics"]["weighted_f1"] == EXPECTED["capitals.csv"]["weighted_f1"]
    assert asked[1] in answer.document["read_as"][0]


def test_labels_with_decimals_are_a_truth_as_they_are_predictions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    floats = CASES / "float-labels.csv"
    scored = Answer(capsys, "score", floats, "--truth", floats, "--json")
    assert scored.document["metrics"]["weighted_f1"] == 1
    added = Answer(capsys, "phase", "add", "mine", "--truth", floats, "--data-dir", tmp_path, "--json")
    assert (added.code, added.document["cells"]) == (0, 30)


def test_people_read_what_was_assumed_and_what_a_mistake_hides(capsys: pytest.CaptureFixture[str]) -> None:
    answer = Answer(capsys, "score", CASES / "inverted.csv", "--truth", CASES / "truth.csv")
    assert "Hint: the labels look inverted" in answer.err
    assert "weighted F1 would be 0.9001" in answer.err
    answer = Answer(capsys, "score", CASES / "file-and-class.csv", "--truth", CASES / "truth.csv")
    assert "Note: read as: cell from column `filename`; label from column `class`, ALL = 1." in answer.err


@pytest.mark.parametrize("name", ["percent.csv", "confidence.csv", "two-probabilities.csv", "utf16.csv"])
def test_scores_of_a_table_are_kept_beside_the_zip_and_found_again(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = ("--cells", CASES / "truth.csv", "--phase", "thirty", "--json")
    scale = ("--scores", "percent") if name == "percent.csv" else ()
    packed = Answer(capsys, "pack", CASES / name, "--out", tmp_path / "mine.zip", *said, *scale)
    assert packed.document["scores"] == str(tmp_path / "mine.scores.csv")
    truth = ("--truth", CASES / "truth.csv", "--json")
    of_table = Answer(capsys, "score", CASES / name, *truth, *scale).document
    of_zip = Answer(capsys, "score", tmp_path / "mine.zip", *truth).document
    assert "auc" in of_zip["metrics"]
    assert of_zip["metrics"] == of_table["metrics"]
    board = Answer(capsys, "compare", tmp_path / "mine.zip", f"t={CASES / name}", *truth, *scale)
    assert {entry["weighted_f1"] for entry in board.document["entries"]} == {0.900111234705228}


def test_scores_of_another_zip_are_not_taken_for_this_one_s(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("--cells", CASES / "truth.csv", "--phase", "thirty", "--out", tmp_path / "mine.zip")
    assert Answer(capsys, "pack", CASES / "capitals.csv", *asked).code == 0
    kept = (tmp_path / "mine.scores.csv").read_bytes()
    assert Answer(capsys, "pack", CASES / "inverted.csv", *asked).code == 0
    assert not (tmp_path / "mine.scores.csv").exists()
    (tmp_path / "mine.scores.csv").write_bytes(kept)
    answer = Answer(capsys, "score", tmp_path / "mine.zip", "--truth", CASES / "truth.csv")
    assert answer.code == 3
    assert "scores of another submission" in answer.err


@pytest.mark.parametrize("name", [name for name in EXPECTED if not name.endswith(".predict")])
def test_check_says_of_a_table_what_it_read(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    answer = Answer(capsys, "check", CASES / name, "--cells", CASES / "truth.csv", "--json")
    assert answer.document["accepted"] is (EXPECTED[name]["outcome"] == "read")
