"""Ensembles: what is averaged, which weights, and what is refused."""

import json

import numpy as np
import pytest
from scipy.special import expit, logit

from eval_server.judging.truth import Truth
from harness.errors import DataWrong, UsageWrong, exit_code_of
from harness.runs.ensemble import (
    Weighing,
    ensemble,
    equal_weights,
    fitted_weights,
    join,
    open_part,
    share_of_votes,
)
from harness.runs.folder import RunFolder
from harness.runs.provenance import file_sha256
from submissions.manifest import Manifest
from submissions.phases import FINAL, PRELIM, phase_of
from submissions.predictions import Predictions
from submissions.reading import read
from submissions.tables import write_table

TEST = phase_of("prelim", [f"{number}.bmp" for number in range(1, 41)], partial=True, drawn=True)
FOLD = phase_of(
    "fold1", [f"UID_{s}_1_{c}_{'all' if s % 2 else 'hem'}.bmp" for s in range(1, 9) for c in range(1, 6)]
)


def a_run(root, entry, phase, scores, **facts):
    folder = RunFolder(root / f"{entry}-{phase.name}")
    folder.path.mkdir(parents=True)
    write_table(Predictions.from_scores(phase, scores), folder.predictions)
    shared = {"entry_version": "1", "settings": {}, "weights": {}, "seed": 0, "select": "last"}
    plan = {"entry": entry, "split": phase.name, "shared_cells": "keep", "limit": None, **shared}
    folder.plan.write_text(json.dumps(plan))
    manifest = Manifest(
        entry, "built-in", phase.name, phase.name, 0, len(phase), file_sha256(folder.predictions),
        partial=phase.partial, drawn=phase.drawn, **facts,
    )  # fmt: skip
    folder.manifest.write_text(manifest.to_json())
    return folder.path


@pytest.fixture
def scores():
    return np.random.default_rng(1).uniform(0.02, 0.98, (2, 40))


def parts_of(root, scores):
    paths = [a_run(root, name, TEST, row) for name, row in zip("ab", scores, strict=True)]
    return [open_part(path.name, path) for path in paths]


def test_logits_are_averaged_not_probabilities(tmp_path, scores):
    parts = parts_of(tmp_path, scores)
    joined = join(parts, "logits", equal_weights(parts))
    np.testing.assert_allclose(joined, expit(logit(scores).mean(0)), rtol=1e-12)


def test_votes_count_cells_called_all_and_a_tie_is_not_all(tmp_path, scores):
    parts = parts_of(tmp_path, scores)
    joined = join(parts, "votes", equal_weights(parts))
    np.testing.assert_array_equal(joined, (scores > 0.5).mean(0))
    assert not Predictions.from_scores(TEST, np.array([0.5] * 40)).positives


def test_a_score_of_exactly_one_does_not_outvote_the_rest(tmp_path):
    rows = np.array([np.full(40, 1.0), np.full(40, 0.001)])
    parts = parts_of(tmp_path, rows)
    joined = join(parts, "logits", Weighing((0.1, 0.9), "chosen"))
    assert (joined < 0.5).all()


def test_the_new_run_has_a_zip_that_says_the_same_and_a_manifest_that_names_its_parts(tmp_path, scores):
    parts = parts_of(tmp_path, scores)
    labels = np.tile([0, 1], 20).astype(np.uint8)
    truth = Truth(TEST, labels, tuple(f"S{i % 4}" for i in range(40)))
    outcome = ensemble(parts, tmp_path, by="logits", weighing=equal_weights(parts), truth=truth)
    assert outcome.submission.name == "submission-partial.zip"
    expected = expit(logit(scores).mean(0)) > 0.5
    np.testing.assert_array_equal(read(outcome.submission, TEST).predictions.labels, expected)
    manifest = Manifest.from_json(outcome.folder.manifest.read_text())
    assert [part["name"] for part in manifest.parts] == ["a-prelim", "b-prelim"]
    assert set(manifest.remarks) == {"drawn data", "partial"}
    assert outcome.verdict.metrics["accuracy"] == pytest.approx((expected == labels).mean())


def test_an_ensemble_bears_what_must_stand_beside_its_parts(tmp_path, scores):
    facts = ({"weights": {"source": "none"}}, {"data": {"other_labels": True}})
    rows = zip("ab", scores, facts, strict=True)
    paths = [a_run(tmp_path, name, TEST, row, **one) for name, row, one in rows]
    parts = [open_part(path.name, path) for path in paths]
    outcome = ensemble(parts, tmp_path, by="votes", weighing=equal_weights(parts), truth=None)
    assert {"random weights", "not the published labels"} <= set(outcome.manifest.remarks)
    assert "**random weights**" in outcome.folder.card.read_text()


def _truth(phase):
    return Truth(phase, np.tile([0, 1], len(phase) // 2).astype(np.uint8))


def test_a_truth_of_more_cells_is_used_for_those_that_are_predicted(tmp_path, scores):
    parts = parts_of(tmp_path, scores)
    whole = phase_of("prelim", [f"{number}.bmp" for number in range(1, 61)])
    outcome = ensemble(parts, tmp_path, by="logits", weighing=equal_weights(parts), truth=_truth(whole))
    expected = expit(logit(scores).mean(0)) > 0.5
    assert outcome.verdict.metrics["accuracy"] == pytest.approx((expected == np.tile([0, 1], 20)).mean())


def test_a_truth_of_other_cells_is_refused_naming_both_and_nothing_is_made(tmp_path, scores):
    parts = parts_of(tmp_path, scores)
    other = phase_of("fold7", [f"{number}.bmp" for number in range(30, 50)])
    with pytest.raises(
        DataWrong, match=r"predict 40 cells of prelim, the label file knows 20 cells of fold7"
    ):
        ensemble(parts, tmp_path, by="logits", weighing=equal_weights(parts), truth=_truth(other))
    assert not list(tmp_path.glob("ensemble-*"))


def test_the_truth_of_final_is_not_taken_for_that_of_prelim(tmp_path):
    parts = [open_part("a", a_run(tmp_path, "a", PRELIM, np.full(len(PRELIM), 0.7)))]
    with pytest.raises(DataWrong, match=r"1867 cells of prelim.* 2586 cells of final"):
        ensemble(parts, tmp_path, by="logits", weighing=equal_weights(parts), truth=_truth(FINAL))


def test_a_truth_that_served_to_fit_the_weights_need_not_know_the_judged_cells(tmp_path, scores, capsys):
    parts = parts_of(tmp_path, scores)
    fitted = Weighing((0.4, 0.6), "fitted on fold1")
    outcome = ensemble(parts, tmp_path, by="logits", weighing=fitted, truth=_truth(FOLD))
    assert outcome.verdict is None
    assert "Not scored" in capsys.readouterr().err


def test_weights_are_fitted_on_the_twins_of_another_split(tmp_path, scores):
    parts = parts_of(tmp_path, scores)
    right = np.array([0.9 if name.endswith("all.bmp") else 0.1 for name in FOLD.cells])
    a_run(tmp_path, "a", FOLD, right)
    a_run(tmp_path, "b", FOLD, np.random.default_rng(3).uniform(0.02, 0.98, 40))
    weighing = fitted_weights(parts, "fold1", None)
    assert weighing.source == "fitted on fold1"
    assert weighing.values[0] > 0.8
    assert sum(weighing.values) == pytest.approx(1)


@pytest.mark.parametrize("split", ["prelim", "test"])
def test_weights_fitted_on_the_judged_split_are_refused(tmp_path, scores, split):
    with pytest.raises(UsageWrong, match="the split that is judged"):
        fitted_weights(parts_of(tmp_path, scores), split, None)


def test_a_missing_twin_is_named_with_the_command_that_makes_it(tmp_path, scores):
    with pytest.raises(DataWrong) as refused:
        fitted_weights(parts_of(tmp_path, scores), "fold1", None)
    assert "harness submit --model a --split fold1 --seed 0" in refused.value.hint


def test_runs_that_predict_different_cells_are_refused_naming_both(tmp_path, scores):
    one = open_part("one", a_run(tmp_path, "a", TEST, scores[0]))
    other = open_part("other", a_run(tmp_path, "b", FOLD, scores[1]))
    with pytest.raises(DataWrong, match=r"one predicts 40 cells of prelim, other 40 of fold1"):
        ensemble([one, other], tmp_path, by="votes", weighing=equal_weights([one, other]), truth=None)


def test_a_folder_that_is_no_finished_run_is_refused(tmp_path):
    with pytest.raises(DataWrong, match="no finished run"):
        open_part("x", tmp_path)


@pytest.mark.parametrize(
    ("file", "content"),
    [("plan.json", b"[1]"), ("manifest.json", b"\xff"), ("predictions.csv", b"\xff,a\n1,2\n")],
)
def test_a_part_with_a_damaged_file_is_refused_as_data(tmp_path, scores, file, content):
    path = a_run(tmp_path, "a", TEST, scores[0])
    (path / file).write_bytes(content)
    with pytest.raises(Exception, match=r".") as refused:
        open_part("a", path)
    assert exit_code_of(refused.value) in (3, 5)


def test_a_damaged_run_beside_a_twin_is_passed_over(tmp_path, scores):
    parts = parts_of(tmp_path, scores)
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "plan.json").write_text("{")
    with pytest.raises(DataWrong, match="no finished run of a-prelim"):
        fitted_weights(parts, "fold1", None)


@pytest.mark.parametrize("parts", [12, 20, 26, 40])
def test_an_even_vote_is_one_half_whoever_votes(parts: int) -> None:
    """As floats, ten of twenty votes come out above one half in some orders, and the cell was called ALL."""
    orders = np.random.default_rng(0).permuted(
        np.repeat([[1.0, 0.0]], parts // 2 * 500, axis=0).reshape(500, -1), axis=1
    )
    shares = share_of_votes(np.full(parts, 1 / parts), orders.T.copy())
    assert set(shares.tolist()) == {0.5}
