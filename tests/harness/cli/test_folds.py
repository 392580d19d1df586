"""Runs are judged by the labels that the program knows, and the folds of a method become one entry."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.data.published import LABEL_FILE, published
from harness.reports.cross_validation import cross_validated
from harness.reports.known_truth import fold_truth
from harness.runs.folder import RunFolder
from harness.runs.provenance import file_sha256
from submissions.manifest import Manifest
from submissions.phases import FINAL, PRELIM, Phase
from submissions.predictions import Predictions
from submissions.tables import read_table, write_table
from tests.support import stored
from tests.support.inside import harness_inside
from tests.support.truth import LABEL_FILE as LABELS

DROPPED = [{"subject": "56", "cells": 80, "reason": "because it shares cells with 30 of fold_0"}]
FOLDS = ("fold0", "fold1", "fold2")


def a_run(root: Path, entry: str, split: str, wrong: float, seed: int = 0, **plan: Any) -> Path:
    """A finished run whose share of wrong calls is `wrong`, of a real fold or of a numbered phase."""
    truth = fold_truth(split) if split in FOLDS else None
    phase = truth.phase if truth else {"prelim": PRELIM, "final": FINAL}[split]
    labels = truth.labels if truth else np.arange(len(phase)) % 2
    folder = RunFolder(root / f"{entry}-{split}-{seed}")
    folder.path.mkdir(parents=True)
    turned = np.random.default_rng([seed, len(entry)]).random(len(phase)) < wrong
    scores = np.where(labels != turned, 0.9, 0.2)
    write_table(Predictions.from_scores(phase, scores), folder.predictions)
    facts = {"entry": entry, "settings": {}, "weights": {}, "seed": seed, "select": "last", "limit": None}
    folder.plan.write_text(json.dumps(facts | {"split": split, "shared_cells": "drop-subjects"} | plan))
    training = {"dropped": DROPPED} if split == "fold0" else {"dropped": []}
    sha256 = file_sha256(folder.predictions)
    manifest = Manifest(entry, "built-in", phase.name, split, seed, len(phase), sha256, training=training)
    folder.manifest.write_text(manifest.to_json())
    return folder.path


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two methods on all three folds."""
    root = tmp_path_factory.mktemp("runs")
    for fold in FOLDS:
        a_run(root, "good", fold, 0.1)
        a_run(root, "worse", fold, 0.2)
    return root


def test_a_run_of_a_fold_is_judged_without_a_label_file(runs: Path) -> None:
    answer = harness_inside("score", runs / "good-fold1-0", "--json")
    assert answer.code == 0, answer.err
    document = answer.document()
    assert document["phase"] == "fold1"
    assert sum(document["confusion"].values()) == sum(cell.fold == "fold_1" for cell in published().cells)
    assert document["metrics"]["accuracy"] == pytest.approx(0.9, abs=0.01)
    board = harness_inside("compare", runs / "good-fold1-0", runs / "worse-fold1-0", "--json")
    assert [one["name"] for one in board.document()["entries"]] == ["good-fold1-0", "worse-fold1-0"]
    methods = harness_inside("seeds", runs / "good-fold1-0", runs / "worse-fold1-0", "--json").document()
    assert {one["name"] for one in methods["methods"]} == {"good", "worse"}


def test_a_table_from_elsewhere_needs_the_split_said(runs: Path, tmp_path: Path) -> None:
    table = tmp_path / "mine.csv"
    table.write_bytes((runs / "good-fold1-0" / "predictions.csv").read_bytes())
    answer = harness_inside("score", table)
    assert answer.code == 2
    assert "--split prelim, fold0" in answer.err
    said = harness_inside("score", table, "--split", "fold1", "--json").document()
    assert said["metrics"] == harness_inside("score", runs / "good-fold1-0", "--json").document()["metrics"]
    assert harness_inside("score", table, "--phase", "fold1").code == 0


def test_runs_of_different_folds_are_no_board_and_the_way_to_join_them_is_named(runs: Path) -> None:
    answer = harness_inside("compare", runs / "good-fold1-0", runs / "good-fold2-0")
    assert answer.code == 2
    assert "the runs predict fold1 and fold2" in answer.err
    assert "--split cv" in answer.err


def test_a_run_of_prelim_is_judged_by_the_label_file_of_the_data(tmp_path: Path) -> None:
    run = a_run(tmp_path, "one", "prelim", 0.1)
    missing = harness_inside("score", run, "--data", tmp_path / "data")
    assert missing.code == 3
    assert "there is no folder" in missing.err
    assert "--data or HARNESS_DATA" in missing.err
    (tmp_path / "data" / "below").mkdir(parents=True)
    empty = harness_inside("score", run, "--data", tmp_path / "data")
    assert f"there is no {LABEL_FILE.name} below {tmp_path / 'data'}" in empty.err
    copy = tmp_path / "data" / "below" / "phase2.csv"
    copy.write_bytes(stored(LABELS).read_bytes())
    found = harness_inside("score", run, "--json", HARNESS_DATA=str(tmp_path / "data"))
    named = harness_inside("score", run, "--truth", stored(LABELS), "--json")
    assert found.document() == named.document()
    copy.write_bytes(copy.read_bytes().replace(b"UID_57_", b"UID_58_", 1))
    other = harness_inside("score", run, "--data", tmp_path / "data")
    assert "phase2.csv is not the published one" in other.err


def test_nobody_here_knows_the_labels_of_final(tmp_path: Path) -> None:
    answer = harness_inside("score", a_run(tmp_path, "one", "final", 0.1))
    assert answer.code == 3
    assert "the labels of final were never published" in answer.err


def test_what_was_typed_goes_before_a_variable_and_two_typed_ones_are_a_question(runs: Path) -> None:
    run, truth = runs / "good-fold1-0", stored(LABELS)
    by_split = harness_inside("score", run, "--split", "fold1", HARNESS_TRUTH=str(truth))
    assert by_split.code == 0, by_split.err
    by_truth = harness_inside("score", run, "--truth", truth, HARNESS_SPLIT="fold1")
    assert by_truth.code == 5
    both = harness_inside("score", run, "--truth", truth, "--split", "fold1")
    assert both.code == 2
    assert "Leave one of the two out" in both.err


def test_the_folds_of_each_method_become_one_entry_over_all_73_subjects(runs: Path, tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.csv"
    answer = harness_inside("compare", "--split", "cv", runs, "--pairs", pairs, "--json")
    assert answer.code == 0, answer.err
    document = answer.document()
    assert (document["phase"], document["cells"], document["subjects"]) == ("cv", 10_661, 73)
    assert [one["name"] for one in document["entries"]] == ["good", "worse"]
    assert document["entries"][0]["weighted_f1"] == pytest.approx(0.9, abs=0.01)
    assert document["kept_out"]["good"] == [{"fold": "fold0", **DROPPED[0]}]
    (row,) = csv.DictReader(io.StringIO(pairs.read_text()))
    (pair,) = document["pairs"]
    numbers = [float(row[name]) for name in ("difference", "p", "p_holm", "auc_difference")]
    assert numbers == [pair["difference"], pair["p"], pair["p_holm"], pair["auc"]["difference"]]
    assert [float(row["low"]), float(row["high"])] == pair["interval"]
    told = harness_inside("compare", "--split", "cv", runs, COLUMNS="200")
    assert "Phase cv: 10,661 cells, 73 subjects." in told.out
    assert "fold0 is predicted without 56 (80 cells), who share cells with it" in told.err


def test_a_cross_validated_entry_is_its_folds_cell_by_cell(runs: Path) -> None:
    ((joined,), truth) = cross_validated([f"mine={runs / 'good-*'}"])
    assert joined.name == "mine"
    called = dict(zip(joined.predictions.phase.cells, joined.predictions.labels.tolist(), strict=True))
    scores = dict(zip(joined.predictions.phase.cells, joined.predictions.scores, strict=True))
    for fold in FOLDS:
        own = read_table(runs / f"good-{fold}-0" / "predictions.csv")
        assert [called[cell] for cell in own.phase.cells] == own.labels.tolist()
        assert [scores[cell] for cell in own.phase.cells] == own.scores.tolist()
    assert truth.phase.cells == joined.predictions.phase.cells
    assert [cell.endswith("_all.bmp") for cell in truth.phase.cells] == truth.labels.astype(bool).tolist()


def test_the_same_seeds_in_every_fold_are_averaged_and_that_is_said(tmp_path: Path) -> None:
    for fold in FOLDS:
        for seed in (0, 1, 2):
            a_run(tmp_path, "net", fold, 0.2, seed)
    (entry,) = harness_inside("compare", "--split", "cv", tmp_path, "--json").document()["entries"]
    assert entry["remarks"] == ["logits of the seeds 0, 1, 2 averaged"]
    assert entry["weighted_f1"] > 0.85


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"leave_out": "fold2"}, 3, "net has no run of fold2 with seed 0"),
        ({"leave_out": "fold2"}, 3, "harness submit --model net --split fold2 --seed 0"),
        ({"seed": 1}, 3, "net has no run of fold0 with seed 1"),
        ({"settings": {"epochs": 2}}, 3, "differ in settings"),
        ({"shared_cells": "keep"}, 3, "differ in shared_cells"),
        ({"add": "prelim"}, 2, "expected runs of fold0, fold1 and fold2"),
        ({"add": "fold2"}, 2, "net has two runs of fold2 with seed 0"),
    ],
)
def test_folds_that_are_not_one_method_are_refused(
    change: dict[str, Any], code: int, said: str, tmp_path: Path
) -> None:
    asked = dict(change)
    without, more = asked.pop("leave_out", ""), asked.pop("add", "")
    for fold in FOLDS:
        if fold != without:
            a_run(tmp_path, "net", fold, 0.2, **(asked if fold == "fold2" else {}))
    if more:
        a_run(tmp_path / "more", "net", more, 0.2)
    texts = [f"net={tmp_path}", *([f"net={tmp_path / 'more'}"] if more else [])]
    answer = harness_inside("compare", "--split", "cv", *texts)
    assert answer.code == code
    assert said in answer.err


def test_a_mistake_that_looks_like_a_bad_model_is_named_on_the_board(runs: Path, tmp_path: Path) -> None:
    truth = fold_truth("fold1")
    turned = Predictions(Phase("fold1", truth.phase.cells), 1 - truth.labels)
    write_table(turned, tmp_path / "turned.csv")
    entries = (runs / "good-fold1-0", tmp_path / "turned.csv")
    document = harness_inside("compare", *entries, "--json").document()
    hints = {one["name"]: [hint["reading"] for hint in one.get("hints", [])] for one in document["entries"]}
    assert hints == {"good-fold1-0": [], "turned": ["inverted"]}
    answer = harness_inside("compare", *entries, COLUMNS="300")
    assert "Hint: turned: the labels look inverted" in answer.err
    assert "Hint: turned" in harness_inside("compare", *entries, "--format", "markdown").out


def test_a_score_is_written_in_four_forms(runs: Path) -> None:
    run = runs / "worse-fold1-0"
    numbers = harness_inside("score", run, "--json").document()["metrics"]
    rows = list(csv.DictReader(io.StringIO(harness_inside("score", run, "--format", "csv").out)))
    assert {row["metric"]: float(row["value"]) for row in rows} == {
        name: value for name, value in numbers.items() if value is not None
    }
    assert harness_inside("score", run, "--format", "json").document()["metrics"] == numbers
    told = harness_inside("score", run, "--format", "markdown").out
    assert "| weighted F1 |" in told
    assert "| --- | ---: | ---: |" in told


def test_what_is_weak_is_said_in_a_sentence(runs: Path, tmp_path: Path) -> None:
    truth = fold_truth("fold1")
    called = truth.labels.copy()
    normal = np.flatnonzero(called == 0)
    called[normal[: int(0.55 * len(normal))]] = 1
    write_table(Predictions(truth.phase, called), tmp_path / "eager.csv")
    told = harness_inside("score", tmp_path / "eager.csv", "--split", "fold1")
    assert "Weak: specificity 45 %: normal cells are called leukemic." in told.out
    assert "Weak" not in harness_inside("score", runs / "good-fold1-0").out
    write_table(Predictions(truth.phase, np.ones(len(called), np.uint8)), tmp_path / "all.csv")
    told = harness_inside("score", tmp_path / "all.csv", "--split", "fold1")
    assert "Weak: every cell is called the same" in told.out


def test_a_copy_that_lacks_images_is_judged_by_the_labels_of_those_it_has(runs: Path, tmp_path: Path) -> None:
    """The way that the refusal names, to its end; `harness pack` alone speaks of --allow-partial."""
    truth = fold_truth("fold1")
    some = truth.phase.cells[:40]
    rows = "".join(f"{cell},{label}\n" for cell, label in zip(some, truth.labels.tolist(), strict=False))
    (tmp_path / "p.csv").write_text(f"cell,label\n{rows}")
    refused = harness_inside("score", tmp_path / "p.csv", "--split", "fold1")
    assert refused.code == 5
    assert "--allow-partial" not in refused.err
    assert "harness data table ROOT --split fold1 --part test --out cells.csv" in refused.err.replace(
        "\n", " "
    )
    (tmp_path / "cells.csv").write_text(f"cell,label\n{rows}")
    assert harness_inside("score", tmp_path / "p.csv", "--truth", tmp_path / "cells.csv").code == 0
    packed = harness_inside("pack", tmp_path / "p.csv", "--phase", "fold1", "--out", tmp_path / "p.zip")
    assert "pack what there is with --allow-partial" in packed.err
