"""A network that was trained elsewhere predicts as it is, and says that nobody knows what it has seen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from harness.data.dataset import open_dataset
from harness.errors import DataWrong
from harness.runs.finished import open_finished
from harness.runs.folder import RunFolder
from harness.runs.plan import Request, resolve
from harness.runs.predicting import Asked, plan_prediction, predict_with
from harness.runs.trained_elsewhere import trained_elsewhere
from harness.runs.workflow import run
from models.contract import EntryUnavailable, SettingInvalid
from submissions.manifest import Manifest
from tests.support.command import harness
from tests.support.dataset import a_dataset

pytestmark = pytest.mark.training

QUICK = {"side": "32", "views": "2", "batch": "8", "epochs": "2"}
SET = tuple(part for name, value in QUICK.items() for part in ("--set", f"{name}={value}"))


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A drawn data set, and a network trained on it that chose its epoch on the preliminary set."""
    folder = tmp_path_factory.mktemp("elsewhere")
    a_dataset(folder / "data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_CACHE", str(folder / "cache"))
        request = Request(
            "tiny", "final", 0, folder / "data", folder / "runs", settings=QUICK, select="best:prelim"
        )
        run(resolve(request)).folder.path.rename(folder / "runs" / "own")
        yield folder


def published(folder: Path, name: str, *, head: str = "cls.2") -> Path:
    """The network as the published program keeps one: under ``module.``, its last layer as ``cls.2``."""
    import torch
    from safetensors.torch import load_file

    state = load_file(folder / "runs" / "own" / "fitted" / "model.safetensors")
    renamed = {f"module.{key.replace('fc.', f'{head}.')}": tensor for key, tensor in state.items()}
    torch.save(renamed, folder / name)
    return folder / name


def test_a_checkpoint_of_the_published_program_predicts_with_the_bytes_of_its_network(here: Path) -> None:
    found = trained_elsewhere("tiny", str(published(here, "best.pth")), QUICK, here / "runs")
    dataset = open_dataset(here / "data")
    asked = Asked("final", here / "runs", device="cpu", engine="eager")
    outcome = predict_with(plan_prediction(found, dataset, asked))
    own = predict_with(plan_prediction(open_finished(here / "runs" / "own"), dataset, asked))
    for name in ("predictions.csv", "submission.zip"):
        assert (outcome.folder.path / name).read_bytes() == (own.folder.path / name).read_bytes()
    assert "trained elsewhere, on what is not known" in outcome.manifest.remarks
    assert "not known: it was trained elsewhere" in outcome.folder.card.read_text()
    assert outcome.manifest.weights["source"] == "trained elsewhere"
    assert Manifest.from_json(outcome.manifest.to_json()).remarks == outcome.manifest.remarks


def test_the_same_file_again_is_the_same_run(here: Path) -> None:
    file = str(published(here, "again.pth"))
    first, second = (trained_elsewhere("tiny", file, QUICK, here / "runs") for _ in range(2))
    assert first.folder == second.folder


def test_a_file_without_a_last_layer_and_an_entry_that_is_no_network_are_refused(here: Path) -> None:
    import torch

    file = published(here, "headless.pth")
    state = {name: one for name, one in torch.load(file).items() if "cls.2" not in name}
    torch.save(state, file)
    with pytest.raises(EntryUnavailable, match="holds no last layer with one output"):
        trained_elsewhere("tiny", str(file), QUICK, here / "runs")
    with pytest.raises(SettingInvalid, match="is not one network"):
        trained_elsewhere("majority", str(file), {}, here / "runs")
    with pytest.raises(DataWrong, match="there is no file"):
        trained_elsewhere("tiny", str(here / "none.pth"), QUICK, here / "runs")


def test_a_refused_file_leaves_nothing_and_neither_does_a_dry_run(here: Path, tmp_path: Path) -> None:
    file, root = published(here, "tried.pth"), tmp_path / "runs"
    with pytest.raises(SettingInvalid, match="is not one network"):
        trained_elsewhere("majority", str(file), {}, root)
    assert not root.exists()
    asked = ("--model", "tiny", "--trained", file, *SET, "--split", "final", "--runs", root)
    planned = harness("predict", *asked, "--data", here / "data", "--dry-run")
    assert planned.code == 0, planned.err
    assert not root.exists()
    assert "trained with" not in planned.out
    adopted = trained_elsewhere("tiny", str(file), QUICK, root)
    assert adopted.name in planned.out
    assert adopted.weights_sha256[:12] in planned.out


def test_each_epoch_s_record_holds_what_the_published_one_holds(here: Path) -> None:
    plan = json.loads((here / "runs" / "own" / "plan.json").read_text())
    events = RunFolder(here / "runs" / "own", plan["key"]).events()
    assert [event["epoch"] for event in events] == [0, 1, 2]
    counts = ("tn", "fp", "fn", "tp")
    metrics = ("weighted_f1", "weighted_precision", "weighted_recall", "auc", "validation_loss")
    for event in events:
        assert {*counts, *metrics} <= set(event)
        assert sum(event[name] for name in counts) == plan_cells(here)
        assert np.isfinite(event["validation_loss"])
    assert all("loss" in event for event in events[1:])


def plan_cells(here: Path) -> int:
    return len(open_dataset(here / "data").of("prelim"))


def test_the_published_way_for_the_final_phase_is_one_plan(here: Path) -> None:
    """Trained on the folds, the epoch chosen on the preliminary set, the final set predicted."""
    request = Request(
        "tiny", "final", 0, here / "data", here / "elsewhere", select="best:prelim", shared_cells="keep"
    )
    plan = resolve(request)
    assert {cell.part for cell in plan.split.train} == {"train"}
    assert {cell.part for cell in plan.chosen_by} == {"prelim"}
    assert {cell.part for cell in plan.split.test} == {"final"}
    assert not plan.chosen_on_test
