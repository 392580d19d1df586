"""`harness pack` as a user types it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from submissions.phases import FINAL, PRELIM, phase_of
from submissions.predictions import Predictions
from submissions.reading import read
from submissions.tables import write_table
from tests.support.command import harness
from tests.support.submissions import some_predictions


def test_a_table_becomes_a_zip_that_says_the_same(tmp_path: Path) -> None:
    predictions = some_predictions(FINAL)
    write_table(predictions, tmp_path / "mine.csv")
    answer = harness("pack", "mine.csv", "--out", "made/mine.zip", "--json", cwd=tmp_path)
    written = tmp_path / "made" / "mine.zip"
    assert answer.code == 0
    assert answer.document() == {
        "submission": "made/mine.zip",
        "sha256": hashlib.sha256(written.read_bytes()).hexdigest(),
        "phase": "final",
        "predictions": 2586,
        "positives": predictions.positives,
        "partial": False,
        "scores": "made/mine.scores.csv",
        "read_as": [],
    }
    assert read(written).predictions.labels.tolist() == predictions.labels.tolist()


def test_a_table_with_missing_cells_packs_only_as_partial_and_is_named_so(tmp_path: Path) -> None:
    some = phase_of("prelim", PRELIM.cells[:100])
    write_table(some_predictions(some), tmp_path / "mine.csv")
    refused = harness("pack", "mine.csv", "--phase", "prelim", cwd=tmp_path)
    assert refused.code == 5
    assert "1767 cells are missing" in refused.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.csv"]
    allowed = harness("pack", "mine.csv", "--phase", "prelim", "--allow-partial", cwd=tmp_path)
    assert allowed.code == 0
    assert "100 predictions for a part of prelim" in allowed.out
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "mine.csv",
        "submission-partial.scores.csv",
        "submission-partial.zip",
    ]


def test_cells_of_no_official_phase_need_a_phase(tmp_path: Path) -> None:
    phase = phase_of("fold0", ("UID_1_1_1_all.bmp", "UID_H1_1_1_hem.bmp"))
    write_table(Predictions(phase, np.array([1, 0], np.uint8)), tmp_path / "mine.csv")
    refused = harness("pack", "mine.csv", cwd=tmp_path)
    assert refused.code == 5
    assert "--cells" in refused.err
    allowed = harness("pack", "mine.csv", "--cells", "mine.csv", "--phase", "fold0", cwd=tmp_path)
    assert allowed.code == 0
    assert read(tmp_path / "submission.zip", phase).predictions.labels.tolist() == [1, 0]


def test_a_bad_row_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("cell,score\n1.bmp,often\n")
    answer = harness("pack", "mine.csv", "--phase", "prelim", cwd=tmp_path)
    assert answer.code == 5
    assert "line 2" in answer.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.csv"]


def test_a_table_that_is_not_there_is_a_matter_of_data(tmp_path: Path) -> None:
    assert harness("pack", "none.csv", cwd=tmp_path).code == 3
