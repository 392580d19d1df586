"""`--watch`: epochs are judged by cells that nothing is learnt from, and the record says by which."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.errors import DataWrong, UsageWrong
from harness.runs.folder import Status
from harness.runs.plan import Plan, Request, resolve
from harness.runs.workflow import run
from submissions.manifest import Manifest
from tests.support.command import harness
from tests.support.dataset import a_dataset

pytestmark = pytest.mark.training

QUICK = {"side": "32", "views": "1", "batch": "8", "epochs": "2"}
COUNTS = {"tn", "fp", "fn", "tp"}
RATES = {"loss", "validation_loss", "weighted_f1", "weighted_precision", "weighted_recall", "auc"}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("watched")
    a_dataset(folder / "data", 96)
    return folder


def planned(here: Path, runs: str, model: str = "tiny", **more: object) -> Plan:
    settings = QUICK if model == "tiny" else {}
    request = Request(model, data_root=here / "data", runs_root=here / runs, settings=settings, **more)
    return resolve(request)


def test_a_watched_run_is_the_same_run_and_says_in_every_record_and_in_its_manifest_what_was_watched(
    here: Path,
) -> None:
    alone, watched = (
        planned(here, "alone", split="fold2"),
        planned(here, "seen", split="fold2", watch="fold2"),
    )
    assert alone.folder.path.name == watched.folder.path.name
    for plan in (alone, watched):
        run(plan)
    weights = [plan.folder.fitted / "model.safetensors" for plan in (alone, watched)]
    assert weights[0].read_bytes() == weights[1].read_bytes()
    assert alone.folder.predictions.read_bytes() == watched.folder.predictions.read_bytes()
    events = watched.folder.events()
    assert [(one["epoch"], one["judged_on"]) for one in events] == [(at, "fold2") for at in range(3)]
    assert set(events[1]) >= COUNTS | RATES
    told = {"part": "fold2", "cells": len(watched.split.test)}
    assert watched.folder.read(watched.folder.plan)["watched"] == told
    manifest = Manifest.from_json(watched.folder.manifest.read_text())
    assert manifest.training["watched"] == {**told, "epochs": [0, 1, 2]}
    assert not manifest.chosen_on_test
    assert f"watched: fold2, {told['cells']} cells" in watched.folder.card.read_text()
    metrics = json.loads(watched.folder.metrics.read_text())["metrics"]
    assert events[-1]["weighted_f1"] == pytest.approx(metrics["weighted_f1"])


def test_cells_that_are_learnt_from_are_watched_only_where_that_is_said_and_then_every_record_says_so(
    here: Path,
) -> None:
    with pytest.raises(
        DataWrong, match=r"the training sees \d+ of the \d+ cells of fold1 .* learnt from"
    ) as no:
        planned(here, "no", watch="fold1")
    assert "--allow-seen" in no.value.hint
    plan = planned(here, "yes", watch="fold1", allow_seen=True, until=Status.FITTED)
    run(plan)
    assert {one["judged_on"] for one in plan.folder.events()} == {"fold1 (seen in training)"}
    facts = plan.folder.read(plan.folder.plan)["watched"]
    assert facts["seen"]["cells"] == facts["cells"]


def test_twins_of_cells_that_are_learnt_from_and_cells_of_their_subjects_are_refused_too(here: Path) -> None:
    said = r"2 that show a cell it learnt from, 1 of subjects .* \(subjects 78, H2, H3\)"
    with pytest.raises(DataWrong, match=said):
        planned(here, "no", split="fold2", shared_cells="keep", watch="fold2")
    assert planned(here, "no", split="fold2", watch="fold2").watched is not None


def test_what_could_not_be_judged_or_is_judged_already_is_refused_before_any_work(here: Path) -> None:
    with pytest.raises(UsageWrong, match="majority has no epochs that could be judged"):
        planned(here, "no", model="majority", watch="prelim")
    chooser = here / "chooser.py"
    chooser.write_text(
        "from models.majority import Majority\nclass Chooser(Majority):\n    uses_validation = True\n"
        "ENTRY = Chooser()\n"
    )
    with pytest.raises(UsageWrong, match="has no epochs that could be judged") as no:
        planned(here, "no", model=f"{chooser}:ENTRY", watch="prelim")
    assert "`watches = True`" in no.value.hint
    with pytest.raises(UsageWrong, match="--select best:fold1 judges every epoch already"):
        planned(here, "no", select="best:fold1", watch="prelim")
    assert not (here / "no").exists()


def test_the_command_watches_says_so_on_each_line_and_leaves_a_finished_run_alone(here: Path) -> None:
    settings = [word for name, value in QUICK.items() for word in ("--set", f"{name}={value}")]
    asked = ("train", "--model", "tiny", *settings, "--watch", "prelim", "--json")
    answer = harness(*asked, cwd=here, HARNESS_CACHE=str(here / "cache"))
    assert answer.code == 0, answer.err
    assert answer.document()["status"] == "fitted"
    told = [line for line in answer.err.splitlines() if line.startswith("epoch ") and " of 2: " in line]
    assert [line.partition(":")[0] for line in told] == [f"epoch {at} of 2" for at in range(3)]
    assert "loss" in told[1]
    assert "cells/s" in told[1]
    assert "left" in told[1]
    assert all(" on prelim" in line for line in told)
    again = harness(*asked, cwd=here, HARNESS_CACHE=str(here / "cache"))
    assert "nothing is watched: the run has learnt already" in again.err
