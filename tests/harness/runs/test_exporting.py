"""A finished network leaves: timm, torch and onnxruntime load it without this program and say the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.data.crops import centre_crop
from harness.data.own_images import own_files, read_own
from harness.errors import DataWrong, UsageWrong
from harness.runs.exporting import ExportedRun, export_run
from harness.runs.finished import FinishedRun, open_finished
from harness.runs.folder import write_json
from harness.runs.own import score_images
from harness.runs.plan import Request, resolve
from harness.runs.workflow import run
from models.contract import EntryUnavailable
from models.exports import AGREE, ENDINGS
from tests.support.command import harness
from tests.support.dataset import a_dataset

pytestmark = pytest.mark.training

QUICK = {"side": "64", "views": "4", "batch": "8", "epochs": "3", "learning_rates": "0.02"}
IMAGE = Path(__file__).parents[2] / "data" / "cnmc" / "UID_11_1_1_all.png"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("exporting")
    a_dataset(folder / "data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_CACHE", str(folder / "cache"))
        yield folder


def trained(folder: Path, model: str, **settings: str) -> FinishedRun:
    request = Request(model, data_root=folder / "data", runs_root=folder / "runs", settings=settings, seed=3)
    return open_finished(run(resolve(request)).folder.path)


@pytest.fixture(scope="module")
def finished(here: Path) -> FinishedRun:
    return trained(here, "tiny", **QUICK)


@pytest.fixture(scope="module")
def score(finished: FinishedRun) -> float:
    """What the run itself says of an image, over its four views."""
    (file,) = own_files(IMAGE)
    return float(score_images(finished, [read_own(file)], device="cpu").scores[0])


def by_example(done: ExportedRun) -> float:
    """What the script beside the file prints for the image, where nothing of this program can be imported."""
    command = [sys.executable, "-W", "ignore", str(done.example), str(IMAGE)]
    cut_off = {**os.environ, "PYTHONPATH": "", "OMP_NUM_THREADS": "1"}
    answer = subprocess.run(
        command, capture_output=True, text=True, env=cut_off, check=True, cwd=done.file.parent
    )
    return float(answer.stdout)


@pytest.mark.parametrize(
    ("form", "ending"), [("timm", "safetensors"), ("state-dict", "pth"), ("onnx", "onnx")]
)
def test_the_example_beside_each_file_scores_an_image_as_one_view_does(finished, tmp_path, form, ending):
    done = export_run(finished, form, tmp_path / f"taken.{ending}")
    lines = [line for line in done.example.read_text().splitlines() if not line.startswith("#")]
    assert len(lines) <= 6
    assert by_example(done) == pytest.approx(one_view(finished), abs=AGREE)


def one_view(finished: FinishedRun) -> float:
    """The score of the image as it stands, by the run's network."""
    import torch
    from PIL import Image

    from models.finetune.predict import as_input

    fitted: Any = finished.fitted()
    with Image.open(IMAGE) as image, torch.no_grad():
        crop = torch.from_numpy(np.array(centre_crop(image.convert("RGB"))))[None]
        return float(torch.sigmoid(fitted.module.eval()(as_input(crop, fitted.recipe))).item())


def test_a_graph_with_views_scores_as_the_run_does(finished, score, tmp_path):
    done = export_run(finished, "onnx", tmp_path / "views.onnx", with_views=True)
    assert by_example(done) == pytest.approx(score, abs=AGREE)
    assert score != pytest.approx(one_view(finished), abs=2 * AGREE)  # the views do something
    assert done.told["views"] == 4


def test_a_graph_takes_any_number_of_crops_and_knows_no_path_of_this_machine(finished, tmp_path):
    import onnx
    import onnxruntime

    done = export_run(finished, "onnx", tmp_path / "any.onnx")
    session = onnxruntime.InferenceSession(str(done.file))
    crops = np.random.default_rng(0).integers(0, 256, (5, 300, 300, 3), np.uint8)
    whole = session.run(["logit"], {"crops": crops})[0]
    parts = [session.run(["logit"], {"crops": crops[at : at + 1]})[0] for at in range(5)]
    assert whole == pytest.approx(np.concatenate(parts), abs=1e-5)
    content = done.file.read_bytes()
    assert str(Path(__file__).parents[3]).encode() not in content
    assert b"site-packages" not in content
    told = {one.key: one.value for one in onnx.load(done.file).metadata_props}
    assert json.loads(told["manifest"])["entry"] == "tiny"


def test_the_manifest_says_what_the_network_is_and_what_it_has_seen(finished, tmp_path):
    from safetensors import safe_open

    done = export_run(finished, "timm", tmp_path / "told.safetensors")
    told = json.loads(done.manifest.read_text())
    assert (told["entry"], told["seed"], told["split"]) == ("tiny", 3, "prelim")
    assert told["weights_sha256"] == finished.weights_sha256
    assert told["classes"] == ["HEM", "ALL"]
    assert told["input"]["size"] == [64, 64]
    assert "no diagnosis" in told["warning"]
    assert "drawn data" in told["remarks"]
    assert sum(told["trained_on"]["parts"].values()) == len(finished.learnt.cells)
    assert done.file.stat().st_mode == done.manifest.stat().st_mode  # who may read one may read the other
    with safe_open(done.file, "pt") as opened:
        assert json.loads(opened.metadata()["manifest"])["weights_sha256"] == finished.weights_sha256


def test_what_is_there_is_kept_unless_it_is_said_otherwise_and_nothing_half_written_stays(finished, tmp_path):
    file = tmp_path / "kept.pth"
    file.write_text("mine")
    with pytest.raises(DataWrong, match=r"kept\.pth is there already") as refused:
        export_run(finished, "state-dict", file)
    assert "--force" in refused.value.hint
    beside = [tmp_path / f"{file.name}{more}" for more in (".json", ".example.py")]
    for one in beside:
        one.touch()
    with pytest.raises(DataWrong) as several:
        export_run(finished, "state-dict", file)
    assert str(several.value) == f"{file}, {beside[0]} and {beside[1]} are there already"
    assert file.read_text() == "mine"
    (tmp_path / f".{file.name}.aside").mkdir()  # as a killed export leaves it
    export_run(finished, "state-dict", file, force=True)
    names = {"kept.pth", "kept.pth.json", "kept.pth.example.py"}
    assert {path.name for path in tmp_path.iterdir()} == names


def test_an_entry_that_is_no_network_is_refused_in_words(here, tmp_path):
    with pytest.raises(EntryUnavailable, match="majority is not one network"):
        export_run(trained(here, "majority"), "onnx", tmp_path / "none.onnx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("form", "ending"), [("timm", "pth"), ("state-dict", "onnx"), ("onnx", "safetensors")]
)
def test_a_file_that_does_not_end_as_its_form_is_refused_before_any_work(finished, tmp_path, form, ending):
    with pytest.raises(UsageWrong, match=r"leuk\.\w+: expected a name that ends in") as refused:
        export_run(finished, form, tmp_path / "new" / f"leuk.{ending}")
    assert f"leuk{ENDINGS[form]}" in refused.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_form_that_is_none_is_named_with_those_there_are(finished, tmp_path):
    with pytest.raises(UsageWrong, match="timm, onnx, state-dict, found 'foo'"):
        export_run(finished, "foo", tmp_path / "x")


def test_a_joined_run_points_to_its_parts_by_name(here, finished, tmp_path):
    joined = tmp_path / "ensemble-prelim-00000000"
    joined.mkdir()
    plan = {"entry": "ensemble", "parts": [{"run": finished.name}, {"run": "other"}]}
    write_json(joined / "plan.json", plan)
    answer = harness("export", joined, "--to", "timm", cwd=here)
    assert answer.code == 3
    assert f"Name one of its parts: {finished.name}, other." in " ".join(answer.err.split())


def test_views_belong_into_a_graph(finished, tmp_path):
    with pytest.raises(UsageWrong, match="--with-views"):
        export_run(finished, "timm", tmp_path / "views.safetensors", with_views=True)


def test_the_command_names_the_files_and_prints_the_example(finished, here):
    answer = harness("export", finished.name, "--to", "timm", cwd=here)
    assert answer.code == 0, answer.err
    assert "timm.create_model" in answer.out
    assert (here / f"{finished.name}.safetensors").is_file()
    again = harness("export", finished.name, "--to", "timm", "--json", cwd=here)
    assert again.code == 3
    forced = harness("export", finished.name, "--to", "timm", "--force", "--json", cwd=here)
    assert forced.document()["classes"] == ["HEM", "ALL"]
