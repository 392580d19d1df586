"""`harness score`: zips, tables and run folders against label files, for people and for programs."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.cli.main import main
from submissions.manifest import Manifest
from submissions.packing import pack
from submissions.phases import PRELIM, phase_of
from submissions.predictions import Predictions
from submissions.tables import read_table, write_table
from tests.support import stored
from tests.support.truth import LABEL_FILE

REAL = ("boosting", "forest", "knn", "lda", "logistic", "mean-of-all", "mlp", "naive-bayes", "svm")
CELLS = ("1.bmp", "2.bmp", "3.bmp", "4.bmp", "5.bmp", "6.bmp")
TRUTH = "cell,label,subject\n1.bmp,1,A\n2.bmp,1,A\n3.bmp,1,B\n4.bmp,0,H1\n5.bmp,0,H2\n6.bmp,0,H2\n"


class Answer:
    """Exit code, standard output and standard error of one call in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *arguments: object) -> None:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        self.code = ended.value.code
        self.out, self.err = capsys.readouterr()

    @property
    def document(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    path = tmp_path / "truth.csv"
    path.write_text(TRUTH)
    return path


def _predictions(labels: list[int], cells: tuple[str, ...] = CELLS) -> Predictions:
    return Predictions(phase_of("truth", cells), np.array(labels))


@pytest.mark.parametrize("name", REAL)
def test_a_zip_of_each_real_entry_is_scored_like_its_table(name: str, tmp_path: Path, capsys) -> None:
    predictions = read_table(stored(f"entries/prelim/{name}.csv"))
    assert predictions.phase is PRELIM
    pack(predictions, tmp_path / "submission.zip")
    zipped = Answer(capsys, "score", tmp_path / "submission.zip", "--truth", stored(LABEL_FILE), "--json")
    table = Answer(
        capsys, "score", stored(f"entries/prelim/{name}.csv"), "--truth", stored(LABEL_FILE), "--json"
    )
    assert (zipped.code, table.code) == (0, 0)
    assert zipped.document["confusion"] == table.document["confusion"]
    assert sum(zipped.document["confusion"].values()) == 1867
    assert "auc" in table.document["metrics"]
    assert "auc" not in zipped.document["metrics"]


def test_the_papers_confusion_matrix_as_a_zip_gives_the_papers_numbers(tmp_path: Path, capsys) -> None:
    from eval_server.judging.truth import read_truth

    labels = read_truth(stored(LABEL_FILE)).labels
    called = labels.copy()
    called[np.flatnonzero(labels == 1)[:77]] = 0
    called[np.flatnonzero(labels == 0)[:112]] = 1
    pack(Predictions(PRELIM, called), tmp_path / "paper.zip")
    answer = Answer(capsys, "score", tmp_path / "paper.zip", "--truth", stored(LABEL_FILE), "--json")
    metrics = answer.document["metrics"]
    assert answer.document["confusion"] == {"tn": 536, "fp": 112, "fn": 77, "tp": 1142}
    assert {name: round(metrics[name], 6) for name in ("accuracy", "weighted_f1", "mcc")} == {
        "accuracy": 0.898768,
        "weighted_f1": 0.898080,
        "mcc": 0.774462,
    }


def test_the_document_has_the_promised_fields(truth: Path, tmp_path: Path, capsys) -> None:
    write_table(_predictions([1, 1, 0, 0, 0, 1]), tmp_path / "mine.csv")
    answer = Answer(capsys, "score", tmp_path / "mine.csv", "--truth", truth, "--json")
    document = answer.document
    assert document["entry"] == "mine"
    assert {
        "weighted_f1",
        "macro_f1",
        "accuracy",
        "balanced_accuracy",
        "sensitivity",
        "specificity",
        "weighted_precision",
        "weighted_recall",
        "mcc",
    } <= set(document["metrics"])
    assert document["confusion"] == {"tn": 2, "fp": 1, "fn": 1, "tp": 2}
    assert document["subjects"]["count"] == 4
    assert document["subjects"]["mean_accuracy"] == pytest.approx((1 + 0 + 1 + 0.5) / 4)


def test_people_get_a_headline_a_sentence_and_a_note_on_subjects(tmp_path: Path, capsys) -> None:
    entry = stored("entries/prelim/mlp.csv")
    answer = Answer(capsys, "score", f"my net={entry}", "--truth", stored(LABEL_FILE))
    assert answer.code == 0
    first, second, *_ = answer.out.splitlines()
    assert first.startswith("my net: weighted F1 0.7010, 95 % interval [0.562, 0.811] (1,867 cells")
    assert "28 subjects as the unit" in second
    assert "ROC AUC" in answer.out
    assert "lowest 0.000 (H28, 0 of 9 cells); 13 below one half" in answer.out
    assert "13 of 13 [0.75, 1.00] ALL, 2 of 15 [0.02, 0.40] HEM subjects" in answer.out


def test_without_subjects_the_reader_is_told_why_there_is_no_interval(tmp_path: Path, capsys) -> None:
    (tmp_path / "truth.csv").write_text("cell,label\n1.bmp,1\n2.bmp,0\n3.bmp,1\n")
    write_table(_predictions([1, 0, 0], CELLS[:3]), tmp_path / "mine.csv")
    answer = Answer(capsys, "score", tmp_path / "mine.csv", "--truth", tmp_path / "truth.csv")
    assert "the subjects are not known" in answer.out
    assert "subject of 3 of 3 cells is not known" in answer.err
    assert "Subjects:" not in answer.out


def _run_folder(tmp_path: Path, *, partial: bool, cells: tuple[str, ...]) -> Path:
    folder = tmp_path / "tiny-truth-seed0-abc"
    folder.mkdir()
    write_table(_predictions([1] * len(cells), cells), folder / "predictions.csv")
    manifest = Manifest(
        entry="tiny",
        origin="models.tiny",
        phase="truth",
        split="truth",
        seed=0,
        cells=len(cells),
        predictions_sha256=hashlib.sha256((folder / "predictions.csv").read_bytes()).hexdigest(),
        partial=partial,
        chosen_on_test=True,
    )
    (folder / "manifest.json").write_text(manifest.to_json())
    return folder


def test_a_run_folder_is_scored_and_its_remarks_stand_beside_the_result(
    truth: Path, tmp_path: Path, capsys
) -> None:
    folder = _run_folder(tmp_path, partial=False, cells=CELLS)
    answer = Answer(capsys, "score", folder, "--truth", truth, "--json")
    assert answer.document["entry"] == "tiny-truth-seed0-abc"
    assert answer.document["remarks"] == ["epoch chosen on the test set"]


def test_a_partial_run_is_scored_on_its_own_cells_and_marked(truth: Path, tmp_path: Path, capsys) -> None:
    folder = _run_folder(tmp_path, partial=True, cells=CELLS[1:5])
    answer = Answer(capsys, "score", folder, "--truth", truth, "--json")
    assert sum(answer.document["confusion"].values()) == 4
    assert answer.document["partial"] is True
    assert "partial" in answer.document["remarks"]


def test_missing_predictions_are_refused_and_both_counts_named(tmp_path: Path, capsys) -> None:
    write_table(_predictions([1, 0], CELLS[:2]), tmp_path / "two.csv")
    (tmp_path / "truth.csv").write_text(TRUTH)
    answer = Answer(capsys, "score", tmp_path / "two.csv", "--truth", tmp_path / "truth.csv")
    assert answer.code == 5
    assert "4 cells are missing" in answer.err
    assert answer.out == ""


def test_a_zip_of_another_phase_is_refused_and_both_lengths_named(capsys) -> None:
    archive = stored("submissions/prellberg-final.zip")
    answer = Answer(capsys, "score", archive, "--truth", stored(LABEL_FILE), "--json")
    assert answer.code == 5
    assert "1867" in answer.err
    assert "2586" in answer.err
    assert answer.document["error"]["exit_code"] == 5


def test_a_nan_score_is_refused_with_its_line(truth: Path, tmp_path: Path, capsys) -> None:
    rows = "\n".join(f"{cell},{'nan' if cell == '3.bmp' else 0.5}" for cell in CELLS)
    (tmp_path / "scores.csv").write_text(f"cell,score\n{rows}\n")
    answer = Answer(capsys, "score", tmp_path / "scores.csv", "--truth", truth)
    assert answer.code == 5
    assert "line 4" in answer.err
    assert "nan" in answer.err


@pytest.mark.parametrize(
    ("entry", "said"),
    [("nothing.zip", "there is no nothing.zip"), ("name=nothing.zip", "there is no nothing.zip")],
)
def test_an_entry_that_is_not_there_is_named(truth: Path, capsys, entry: str, said: str) -> None:
    answer = Answer(capsys, "score", entry, "--truth", truth)
    assert answer.code == 3
    assert said in answer.err


def test_an_unfinished_run_says_how_to_go_on(truth: Path, tmp_path: Path, capsys) -> None:
    (tmp_path / "run").mkdir()
    answer = Answer(capsys, "score", tmp_path / "run", "--truth", truth)
    assert answer.code == 3
    assert "holds no predictions.csv" in answer.err
    assert "goes on where it stopped" in answer.err


def test_a_bad_label_file_is_a_data_error_with_its_lines(tmp_path: Path, capsys) -> None:
    (tmp_path / "truth.csv").write_text("cell,label\n1.bmp,3\n")
    write_table(_predictions([1], CELLS[:1]), tmp_path / "mine.csv")
    answer = Answer(capsys, "score", tmp_path / "mine.csv", "--truth", tmp_path / "truth.csv")
    assert answer.code == 3
    assert "line 2: expected the label 0, 1, hem or all, found '3'" in answer.err
