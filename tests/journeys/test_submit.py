"""From images to a checked zip, by the command a user types."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from submissions.manifest import Manifest
from submissions.phases import phase_of
from submissions.reading import read
from tests.support import few_images, stored, whole_sample
from tests.support.command import harness
from tests.support.dataset import a_dataset
from tests.support.truth import LABEL_FILE

pytestmark = pytest.mark.training

QUICK = ("--set", "side=32", "--set", "views=1", "--set", "batch=8")


def submit(model, *arguments, cwd):
    return harness(
        "submit", "--model", model, *arguments, "--json", cwd=cwd, HARNESS_CACHE=str(cwd / "cache")
    )


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return a_dataset(tmp_path_factory.mktemp("drawn") / "data")


@pytest.mark.parametrize(
    ("images", "test", "trained", "dropped"),
    [
        (few_images, 8, {"ALL": 6, "HEM": 5}, [("H4", 1), ("H5", 1)]),
        (whole_sample, 231, {"ALL": 64, "HEM": 23}, [("H4", 3), ("H5", 2)]),
    ],
)
def test_on_real_images_subjects_that_meet_the_test_fold_are_dropped_and_the_lines_follow_the_file_names(
    tmp_path, images, test, trained, dropped
):
    sample = images()
    answer = submit("majority", "--split", "fold0", "--data", sample, "--allow-partial", cwd=tmp_path)
    assert answer.code == 0, answer.err
    document = answer.document()
    manifest = Manifest.from_json((tmp_path / document["manifest"]).read_text())
    assert manifest.training["cells"] == sum(trained.values())
    assert manifest.training["classes"] == trained
    assert [(one["subject"], one["cells"]) for one in manifest.training["dropped"]] == dropped
    assert manifest.remarks == ("partial",)
    assert document["submission"].endswith("submission-partial.zip")
    names = [path.name for path in sample.glob("C-NMC_Leukemia/training_data/fold_0/*/*.bmp")]
    table = (tmp_path / document["run"] / "predictions.csv").read_text().splitlines()
    assert [line.partition(",")[0] for line in table[1:]] == sorted(names)
    phase = phase_of("fold0", names, partial=True)
    assert len(read(tmp_path / document["submission"], phase).predictions.labels) == test


@pytest.mark.parametrize(("images", "cells"), [(few_images, 13), (whole_sample, 92)])
def test_keeping_shared_cells_trains_on_all_real_cells(tmp_path, images, cells):
    sample = images()
    options = ("--split", "fold0", "--data", sample, "--shared-cells", "keep", "--dry-run", "--allow-partial")
    plan = submit("seresnext", *options, "--weights", "none", cwd=tmp_path).document()
    assert plan["training"]["cells"] == cells
    assert not (tmp_path / "runs").exists()


def test_a_partial_split_ends_before_any_work_unless_it_was_asked_for(tmp_path):
    answer = submit("majority", "--split", "fold0", "--data", few_images(), cwd=tmp_path)
    assert answer.code == 3
    assert "train 21 of 10661" in answer.err
    assert not (tmp_path / "runs").exists()


def test_the_reference_entry_trains_and_predicts_real_images(tmp_path):
    options = ("--split", "fold0", "--data", few_images(), "--weights", "none", "--allow-partial")
    changes = ("--limit", 8, "--set", "epochs=1", "--set", "views=2")
    answer = submit("seresnext", *options, *changes, cwd=tmp_path)
    assert answer.code == 0, answer.err
    manifest = Manifest.from_json((tmp_path / answer.document()["manifest"]).read_text())
    assert manifest.training["facts"]["parameters"] == 25_512_945
    assert manifest.cells == 8


def test_without_weights_the_error_says_how_to_get_them(tmp_path, drawn):
    answer = submit("seresnext", "--data", drawn, cwd=tmp_path)
    assert answer.code == 4
    assert "--weights FILE" in answer.err
    assert "--weights none" in answer.err


def test_the_same_command_again_finds_everything_done(tmp_path, drawn):
    first = submit("majority", "--data", drawn, cwd=tmp_path)
    again = submit("majority", "--data", drawn, cwd=tmp_path)
    assert first.document() == again.document()
    assert "fit (done), predict (done), pack (done)" in again.err


def test_an_interrupted_run_is_saved_and_goes_on_to_the_same_predictions(tmp_path, drawn):
    options = ("--data", str(drawn), *QUICK, "--set", "epochs=3", "--set", "checkpoint_minutes=0")
    left_alone = submit("tiny", *options, "--runs", "alone", cwd=tmp_path)
    assert left_alone.code == 0, left_alone.err
    command = [sys.executable, "-m", "harness", "submit", "--model", "tiny", *options, "--runs", "broken"]
    for blow in (signal.SIGKILL, signal.SIGINT):
        run = subprocess.Popen(
            command, cwd=tmp_path, env=the_same_threads(tmp_path), stderr=subprocess.PIPE, text=True
        )
        wait_for_a_new_checkpoint(tmp_path / "broken")
        run.send_signal(blow)
        _, words = run.communicate(timeout=120)
    assert run.returncode == 130
    assert "The same command again goes on from there" in words
    (folder,) = (tmp_path / "broken").iterdir()
    assert json.loads((folder / "status.json").read_text())["status"] == "interrupted"
    finished = submit("tiny", *options, "--runs", "broken", cwd=tmp_path)
    assert finished.code == 0, finished.err
    assert predictions(tmp_path, finished) == predictions(tmp_path, left_alone)
    assert fitted_weights(tmp_path, finished) == fitted_weights(tmp_path, left_alone)


def the_same_threads(folder):
    """The surroundings of `submit`: the last bit of a sum depends on the number of threads."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "HARNESS_CACHE": str(folder / "cache")}


def wait_for_a_new_checkpoint(runs):
    """Until a training has saved something since now."""
    before = {path: path.stat().st_mtime_ns for path in runs.glob("*/checkpoints/*.safetensors")}
    for _ in range(2000):
        now = {path: path.stat().st_mtime_ns for path in runs.glob("*/checkpoints/*.safetensors")}
        if now != before:
            return
        time.sleep(0.05)
    pytest.fail("no checkpoint appeared")


def predictions(folder, answer):
    return (folder / answer.document()["run"] / "predictions.csv").read_bytes()


def fitted_weights(folder, answer):
    return (folder / answer.document()["run"] / "fitted" / "model.safetensors").read_bytes()


def test_the_best_epoch_on_the_test_set_is_called_what_it_is(tmp_path, drawn):
    answer = submit(
        "tiny", "--data", drawn, *QUICK, "--set", "epochs=1", "--select", "best:test", cwd=tmp_path
    )
    assert answer.code == 0, answer.err
    document = answer.document()
    assert set(document["remarks"]) == {"drawn data", "epoch chosen on the test set"}
    history = (tmp_path / document["run"] / "history.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in history] == [0, 1]
    manifest = json.loads((tmp_path / document["manifest"]).read_text())
    assert manifest["training"]["facts"]["engine"]["name"] == "eager"
    assert manifest["environment"]["predicted_with"]["engines"] == ["eager"]


def test_an_entry_in_a_file_runs_without_installing_anything(tmp_path, drawn):
    (tmp_path / "mine.py").write_text(
        "from models.majority import Majority\nclass Mine(Majority):\n    pass\nentry = Mine()\n"
    )
    answer = submit(f"{tmp_path / 'mine.py'}:entry", "--data", drawn, cwd=tmp_path)
    assert answer.code == 0, answer.err


def test_finished_runs_are_joined_into_one_that_can_be_submitted(tmp_path, drawn):
    for seed in (0, 1):
        options = ("--data", drawn, *QUICK, "--set", "epochs=1", "--seed", seed)
        assert submit("tiny", *options, cwd=tmp_path).code == 0
    runs = [f"{path.name.split('-')[2]}={path}" for path in sorted((tmp_path / "runs").iterdir())]
    answer = harness("ensemble", *runs, "--json", cwd=tmp_path)
    assert answer.code == 0, answer.err
    manifest = Manifest.from_json((tmp_path / answer.document()["manifest"]).read_text())
    assert [part["name"] for part in manifest.parts] == ["seed0", "seed1"]
    assert "drawn data" in manifest.remarks


def test_a_run_of_one_phase_is_not_judged_by_the_labels_of_another(tmp_path, drawn):
    run = submit("majority", "--split", "final", "--data", drawn, cwd=tmp_path).document()["run"]
    answer = harness("score", run, "--truth", stored(LABEL_FILE), cwd=tmp_path)
    assert answer.code == 3
    assert "holds predictions of the phase final, the labels are of prelim" in answer.err


def test_labels_that_are_not_the_published_ones_are_named_wherever_they_were_used(tmp_path):
    data = a_dataset(tmp_path / "data")
    (label_file,) = data.rglob("*.csv")
    lines = label_file.read_text().splitlines()
    _, cell, label = lines[1].split(",")
    assert label == "0"
    lines[1] = f"UID_66_99_1_all.bmp,{cell},1"
    label_file.write_text("\n".join(lines) + "\n")
    for split, remarks in (("prelim", True), ("final", True), ("fold0", False)):
        answer = submit("majority", "--split", split, "--data", data, cwd=tmp_path)
        manifest = Manifest.from_json((tmp_path / answer.document()["manifest"]).read_text())
        assert ("not the published labels" in manifest.remarks) is remarks


def test_a_run_that_cannot_be_judged_says_why(tmp_path):
    data = a_dataset(tmp_path / "data")
    (label_file,) = data.rglob("*.csv")
    label_file.unlink()
    answer = submit("majority", "--data", data, cwd=tmp_path)
    assert answer.code == 0, answer.err
    assert "metrics" not in answer.document()
    assert "not judged: there is no" in answer.err


def test_a_table_that_was_changed_after_its_run_is_not_judged_as_the_run_s(tmp_path, drawn):
    run = tmp_path / submit("majority", "--data", drawn, cwd=tmp_path).document()["run"]
    truth = next(drawn.rglob("*labels.csv"))
    assert harness("score", run, "--truth", truth, cwd=tmp_path).code == 0
    table = run / "predictions.csv"
    table.write_text(table.read_text().replace(",1\n", ",0\n", 1))
    answer = harness("score", run, "--truth", truth, cwd=tmp_path)
    assert answer.code == 3
    assert "its SHA-256 is another" in answer.err


def test_a_damaged_manifest_is_written_anew_and_damaged_facts_of_the_fit_say_what_to_do(tmp_path, drawn):
    run = tmp_path / submit("majority", "--data", drawn, cwd=tmp_path).document()["run"]
    (run / "manifest.json").write_bytes(b"\xff")
    assert submit("majority", "--data", drawn, cwd=tmp_path).code == 0
    assert Manifest.from_json((run / "manifest.json").read_bytes()).entry == "majority"
    (run / "manifest.json").unlink()
    (run / "fitted" / "facts.json").write_text("{")
    answer = submit("majority", "--data", drawn, cwd=tmp_path)
    assert answer.code == 3
    assert "--fresh" in answer.err
