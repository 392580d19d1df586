"""A finished run on other cells: the same bytes as from its training, and no word about what it has seen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.data.dataset import Dataset, open_dataset
from harness.data.splits import to_predict
from harness.errors import DataWrong
from harness.runs.ensemble import ensemble, equal_weights, open_part
from harness.runs.finished import FinishedRun, named_runs, open_finished
from harness.runs.outcome import Outcome
from harness.runs.plan import Request, resolve
from harness.runs.predicting import Asked, plan_prediction, predict_with
from harness.runs.workflow import _cells, run
from models.contract import Session
from submissions.packing import packed
from submissions.predictions import Predictions
from submissions.tables import write_table
from tests.support.dataset import a_dataset

pytestmark = pytest.mark.training

QUICK = {"side": "32", "views": "1", "batch": "8", "epochs": "1"}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A drawn data set, and a folder for runs and caches."""
    folder = tmp_path_factory.mktemp("predicting")
    a_dataset(folder / "data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_CACHE", str(folder / "cache"))
        yield folder


@pytest.fixture(scope="module")
def dataset(here: Path) -> Dataset:
    return open_dataset(here / "data")


def trained(folder: Path, model: str = "majority", **more: Any) -> FinishedRun:
    request = Request(model, data_root=folder / "data", runs_root=folder / "runs", **more)
    return open_finished(run(resolve(request)).folder.path)


def predicted(finished: FinishedRun, dataset: Dataset, split: str, **more: Any) -> Outcome:
    asked = Asked(split, finished.folder.path.parent, **more)
    return predict_with(plan_prediction(finished, dataset, asked))


def test_a_network_trained_for_prelim_predicts_final_with_the_bytes_of_its_training(here, dataset, tmp_path):
    finished = trained(here, "tiny", settings=QUICK)
    outcome = predicted(finished, dataset, "final", device="cpu")

    plan = resolve(Request("tiny", data_root=here / "data", runs_root=tmp_path, settings=QUICK))
    fitted = plan.entry.fit(_cells(plan, plan.split.train, labelled=True), Session(seed=0))
    side = to_predict(dataset, "final")
    scores = fitted.predict(_cells(plan, side.cells, labelled=False), Session(seed=0))
    expected = Predictions.from_scores(side.phase, scores)
    write_table(expected, tmp_path / "expected.csv")
    assert outcome.folder.predictions.read_bytes() == (tmp_path / "expected.csv").read_bytes()
    assert outcome.submission.read_bytes() == packed(expected)

    own = predicted(finished, dataset, "prelim", device="cpu")
    for name in ("predictions.csv", "submission.zip"):
        assert (own.folder.path / name).read_bytes() == (finished.folder.path / name).read_bytes()


def test_the_manifest_names_the_run_its_weights_and_what_it_was_trained_on(here, dataset):
    finished = trained(here, seed=3)
    by = predicted(finished, dataset, "final").manifest.predicted_by
    assert (by["run"], by["entry"], by["seed"], by["split"]) == (finished.name, "majority", 3, "prelim")
    assert by["weights_sha256"] == finished.weights_sha256 == by["files"]["majority.txt"]
    assert by["trained_on"]["cells"] == sum(by["trained_on"]["parts"].values()) == len(finished.learnt.cells)
    assert "seen" not in by


def test_the_same_prediction_again_finds_everything_done(here, dataset):
    finished = trained(here)
    first = predicted(finished, dataset, "final")
    written = first.folder.manifest.read_bytes()
    asked = Asked("final", finished.folder.path.parent)
    assert plan_prediction(finished, dataset, asked).steps() == {"predict": "done", "pack": "done"}
    assert predicted(finished, dataset, "final").folder.manifest.read_bytes() == written


def test_a_partial_zip_is_found_again_under_its_name(here, dataset):
    finished = trained(here, limit=12, allow_partial=True)
    first = predicted(finished, dataset, "final")
    assert first.submission.name == "submission-partial.zip"
    asked = Asked("final", finished.folder.path.parent)
    assert plan_prediction(finished, dataset, asked).steps()["pack"] == "done"


def test_cells_that_the_run_was_trained_on_are_refused_naming_how_many_and_whose(here, dataset):
    finished = trained(here)
    cells = to_predict(dataset, "fold1").cells
    subjects = {cell.subject for cell in cells}
    with pytest.raises(DataWrong) as refused:
        predicted(finished, dataset, "fold1")
    assert f"has seen {len(cells)} of the {len(cells)} cells of fold1 in training" in str(refused.value)
    assert all(str(subject) in str(refused.value) for subject in subjects)
    assert cells[0].name in str(refused.value)
    assert "--allow-seen" in refused.value.hint


def test_what_was_seen_is_marked_on_everything_that_is_made_of_it(here, dataset):
    finished = trained(here)
    outcome = predicted(finished, dataset, "fold1", allow_seen=True)
    assert "cells seen in training" in outcome.manifest.remarks
    assert "**cells seen in training**" in outcome.folder.card.read_text()
    assert outcome.manifest.predicted_by["seen"]["cells"] == len(to_predict(dataset, "fold1").cells)
    other = predicted(trained(here, seed=1), dataset, "fold1", allow_seen=True)
    parts = [open_part(one.folder.path.name, one.folder.path) for one in (outcome, other)]
    joined = ensemble(parts, here / "joined", by="logits", weighing=equal_weights(parts), truth=None)
    assert "cells seen in training" in joined.manifest.remarks


def test_the_run_s_own_test_fold_is_not_seen_unless_shared_cells_were_kept(here, dataset):
    predicted(trained(here, split="fold0"), dataset, "fold0")


def test_cells_by_which_the_epoch_was_chosen_are_called_so(here, dataset):
    finished = trained(here, "tiny", settings=QUICK, select="best:fold1")
    assert predicted(finished, dataset, "fold1").manifest.chosen_on_test
    assert not predicted(finished, dataset, "final").manifest.chosen_on_test


def test_a_changed_weight_is_refused_before_it_predicts(here, dataset):
    finished = trained(here, seed=7)
    (finished.folder.fitted / "majority.txt").write_text("0.9")
    with pytest.raises(DataWrong, match=r"majority\.txt was changed"):
        open_finished(finished.folder.path)
    with pytest.raises(DataWrong, match=r"majority\.txt was changed"):
        predicted(finished, dataset, "final")


def test_an_entry_in_a_file_is_found_again_and_its_changed_code_is_told(here, dataset, tmp_path):
    file = tmp_path / "mine.py"
    code = "from models.majority import Majority\nclass Mine(Majority):\n    pass\nENTRY = Mine()\n"
    file.write_text(code)
    finished = trained(here, f"{file}:ENTRY")
    assert "versions changed on the way" not in predicted(finished, dataset, "final").manifest.remarks
    file.write_text(code + "OTHER = 1\n")
    changed = predicted(finished, dataset, "final").manifest
    assert "source_sha256" in changed.environment["changed"]
    assert "versions changed on the way" in changed.remarks


def test_what_has_learnt_nothing_is_refused_with_what_to_name_instead(here, dataset, tmp_path):
    finished = trained(here)
    made = predicted(finished, dataset, "final").folder.path
    with pytest.raises(DataWrong) as refused:
        open_finished(made)
    assert refused.value.hint == f"Name that one: {finished.name}."
    with pytest.raises(DataWrong, match="is no run"):
        open_finished(tmp_path)
    (tmp_path / "plan.json").write_text(json.dumps({"entry": "tiny"}))
    with pytest.raises(DataWrong, match="has learnt nothing: it is planned"):
        open_finished(tmp_path)


def test_runs_are_named_by_path_by_name_and_by_pattern_each_once(tmp_path):
    for name in ("a-seed0", "a-seed1", "b-seed0"):
        (tmp_path / "runs" / name).mkdir(parents=True)
    root = tmp_path / "runs"
    asked = ["b-seed0", "a-seed*", str(root / "a-seed1")]
    assert [path.name for path in named_runs(asked, root)] == ["b-seed0", "a-seed0", "a-seed1"]
    with pytest.raises(DataWrong, match="there is no run c-"):
        named_runs(["c-*"], root)
