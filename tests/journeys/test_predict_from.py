"""A finished run goes on being useful, by the commands a user types."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from submissions.manifest import Manifest
from tests.support import whole_sample
from tests.support.command import harness
from tests.support.dataset import a_dataset

pytestmark = pytest.mark.training

QUICK = ("--set", "side=32", "--set", "views=1", "--set", "batch=8", "--set", "epochs=1")
SMALL_CHUNKS = (
    "import sys, harness.runs.chunks as chunks; chunks.CHUNK = 2\n"
    "from harness.cli.main import main; main(sys.argv[1:])"
)


def asked(*arguments, cwd):
    return harness(*arguments, "--json", cwd=cwd, HARNESS_CACHE=str(cwd / "cache"))


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """A drawn data set and two seeds of a network trained on it for the preliminary phase."""
    folder = tmp_path_factory.mktemp("from")
    a_dataset(folder / "data")
    for seed in (0, 1):
        answer = asked("submit", "--model", "tiny", *QUICK, "--seed", seed, cwd=folder)
        assert answer.code == 0, answer.err
    return folder


def test_a_prediction_killed_in_the_middle_goes_on_to_the_same_bytes(here):
    run = next((here / "runs").glob("tiny-prelim-seed0-*"))
    options = ["predict", "--from", str(run), "--split", "final", "--device", "cpu"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HARNESS_CACHE": str(here / "cache")}

    def start(root):
        command = [sys.executable, "-c", SMALL_CHUNKS, *options, "--runs", root]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.Popen(command, cwd=here, env=environment, **quiet)

    alone = start("alone")
    assert alone.wait(timeout=120) == 0
    broken = start("broken")
    for _ in range(4000):
        if list((here / "broken").glob("*/checkpoints/scores-*.json")):
            break
        time.sleep(0.01)
    broken.send_signal(signal.SIGKILL)
    broken.wait(timeout=120)
    again = start("broken")
    assert again.wait(timeout=120) == 0
    (one,), (other,) = (list((here / root).glob("tiny-final-*")) for root in ("alone", "broken"))
    for name in ("predictions.csv", "submission.zip"):
        assert (one / name).read_bytes() == (other / name).read_bytes()


def test_several_runs_predict_one_each_and_are_joined_by_the_mean_of_their_logits(here):
    answer = asked("predict", "--from", "tiny-prelim-seed*", "--split", "final", "--join", cwd=here)
    assert answer.code == 0, answer.err
    first, second, joined = answer.document()["runs"]
    manifest = Manifest.from_json((here / joined["manifest"]).read_text())
    assert {part["run"] for part in manifest.parts} == {one["run"].split("/")[1] for one in (first, second)}
    for one, seed in ((first, 0), (second, 1)):
        by = Manifest.from_json((here / one["manifest"]).read_text()).predicted_by
        assert by["seed"] == seed


def test_submit_from_a_run_packs_the_final_phase_and_trains_nothing(here):
    run = next((here / "runs").glob("tiny-prelim-seed1-*"))
    before = (run / "fitted" / "seal.json").read_bytes()
    answer = asked("submit", "--from", f"runs/{run.name}", "--split", "final", cwd=here)
    assert answer.code == 0, answer.err
    document = answer.document()
    assert document["submission"].endswith("submission.zip")
    assert not (here / document["run"] / "fitted").exists()
    assert (run / "fitted" / "seal.json").read_bytes() == before


def test_options_of_a_training_are_refused_beside_a_finished_run(here):
    answer = asked("predict", "--from", "tiny-prelim-seed0*", "--seed", 3, "--set", "epochs=2", cwd=here)
    assert answer.code == 2
    assert "--from trains nothing, so --seed and --set cannot be had" in answer.err
    answer = asked("predict", "--split", "final", cwd=here)
    assert answer.code == 2
    assert "--from RUN" in answer.err


def test_several_runs_are_not_handed_in_as_one(here):
    options = ("--from", "tiny-prelim-seed*", "--split", "final", "--server", "http://127.0.0.1:9")
    answer = asked("submit", *options, cwd=here)
    assert answer.code == 2
    assert "2 runs make as many zips" in answer.err


def test_a_dry_run_says_which_run_predicts_what_and_writes_nothing(here):
    options = ("--from", "tiny-prelim-seed0*", "--split", "final", "--runs", "runs", "--limit", 4)
    before = sorted((here / "runs").iterdir())
    answer = asked("predict", *options, "--dry-run", cwd=here)
    assert answer.code == 0, answer.err
    assert answer.document()["from"]["run"].startswith("tiny-prelim-seed0-")
    assert sorted((here / "runs").iterdir()) == before


def test_a_finished_network_in_a_file_predicts_without_training_and_training_options_are_refused(here):
    file = next((here / "runs").glob("tiny-prelim-seed0-*")) / "fitted" / "model.safetensors"
    options = ("predict", "--model", "tiny", "--trained", file, "--split", "final", *QUICK)
    answer = asked(*options, cwd=here)
    assert answer.code == 0, answer.err
    assert "trained elsewhere, on what is not known" in answer.document()["remarks"]
    assert "not known: it was trained elsewhere" in answer.err
    assert asked(*options, "--seed", 1, cwd=here).code == 2
    assert asked(*options, "--from", "tiny-prelim-seed0*", cwd=here).code == 2


def test_images_of_one_s_own_get_scores_a_page_and_no_diagnosis(here):
    (here / "mine").mkdir()
    cell = next((here / "data").rglob("*prelim_phase_data/*.bmp"))
    (here / "mine" / "cell.bmp").write_bytes(cell.read_bytes())
    (here / "mine" / "broken.png").write_bytes(b"")
    answer = harness("predict", "--from", "tiny-prelim-seed0*", "--images", "mine", cwd=here)
    assert answer.code == 0, answer.err
    assert "1 of 2 images scored by tiny-prelim-seed0-" in answer.out
    assert "a score is no diagnosis" in answer.out
    assert "No score: broken.png is no BMP" in answer.err
    (folder,) = (here / "runs").glob("tiny-images-*")
    assert "a score is no diagnosis" in (folder / "images.html").read_text()
    assert harness("runs", cwd=here).out.count("images") == 1
    for wrong in (("--model", "tiny"), ("--split", "final", "--from", "tiny-prelim-seed0*")):
        assert harness("predict", "--images", "mine", *wrong, cwd=here).code == 2


def test_several_runs_score_images_of_one_s_own_one_each_and_the_joined_table_holds_the_mean_of_their_logits(
    here,
):
    (here / "several").mkdir()
    for at, cell in enumerate(sorted((here / "data").rglob("*prelim_phase_data/*.bmp"))[:3]):
        (here / "several" / f"{at}.bmp").write_bytes(cell.read_bytes())
    (here / "several" / "broken.png").write_bytes(b"")
    answer = asked("predict", "--from", "tiny-prelim-seed*", "--images", "several", "--join", cwd=here)
    assert answer.code == 0, answer.err
    first, second, joined = (
        pd.read_csv(here / one["table"], index_col="image") for one in answer.document()["runs"]
    )
    expected = expit((logit(first.score) + logit(second.score)) / 2)
    np.testing.assert_allclose(joined.score, expected, rtol=1e-12)
    assert list(joined.score.isna()) == [one == "broken.png" for one in joined.index]
    assert list(joined.label.dropna()) == ["ALL" if one > 0.5 else "HEM" for one in joined.score.dropna()]
    told = answer.document()["runs"][-1]
    assert "drawn data" in told["remarks"]
    manifest = Manifest.from_json((here / told["manifest"]).read_text())
    assert [part["seed"] for part in manifest.parts] == [0, 1]
    page = (here / told["page"]).read_text()
    assert "scored by the mean of 2 runs (tiny-prelim-seed0-" in page
    assert "no diagnosis" in page
    alone = asked("predict", "--from", "tiny-prelim-seed0*", "--images", "several", "--join", cwd=here)
    assert alone.code == 2
    assert "--join needs two runs or more" in alone.err


def test_on_real_images_a_run_on_a_fold_predicts_the_nine_preliminary_cells_of_the_sample(tmp_path):
    options = ("--data", whole_sample())
    trained = asked(
        "submit", "--model", "majority", "--split", "fold0", *options, "--allow-partial", cwd=tmp_path
    )
    assert trained.code == 0, trained.err
    run = trained.document()["run"]
    answer = asked("predict", "--from", run, "--split", "prelim", *options, cwd=tmp_path)
    assert answer.code == 0, answer.err
    manifest = Manifest.from_json((tmp_path / answer.document()["manifest"]).read_text())
    assert (manifest.cells, manifest.remarks) == (9, ("partial",))
    assert answer.document()["submission"].endswith("submission-partial.zip")
    refused = asked("predict", "--from", run, "--split", "fold1", *options, cwd=tmp_path)
    assert refused.code == 3
    assert "has seen 64 of the 64 cells of fold1 in training" in refused.document()["error"]["message"]
    whole = asked("submit", "--from", run, "--split", "prelim", *options, cwd=tmp_path)
    assert whole.code == 3
    assert json.loads(whole.out)["error"]["exit_code"] == 3
