"""`harness bench`: every way starts from the same weights and says how far its logits are off."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.bench import Found
from harness.data.crops import cells_of, open_crops
from harness.data.dataset import open_dataset
from harness.data.synthetic import draw
from models.contract import Session
from models.finetune import bench, engines
from models.finetune.bench import Bench, Measured, Missing, Sample
from models.finetune.engines import EngineMissing
from models.tiny import ENTRY
from tests.support.inside import harness_inside

pytestmark = pytest.mark.training


@pytest.mark.parametrize("model", ["majority", "neighborhood"])
def test_an_entry_that_is_not_one_network_is_refused(model: str) -> None:
    answer = harness_inside("bench", "--model", model)
    assert answer.code == 2
    assert f"{model} is not one fine-tuned network, which is what bench measures" in answer.err


def no_such_engine(*_: object) -> None:
    raise EngineMissing("not on this machine")


RECIPES = (
    {"side": "300", "views": "8", "batch": "16"},
    {"side": "100", "views": "1", "batch": "12", "normalisation": "imagenet", "optimiser": "SGD"},
)


@pytest.mark.parametrize("recipe", RECIPES)
def test_our_logits_are_those_of_the_published_pipeline_on_the_same_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: dict[str, str]
) -> None:
    draw(tmp_path / "data", scale=0.008, seed=0)
    there = open_dataset(tmp_path / "data", cache=tmp_path).of("train")
    records = [*there[:16], *there[-16:]]
    cells = cells_of(records, open_crops(records, tmp_path), labelled=True)
    monkeypatch.setitem(bench._WAYS, "cpu", (("eager", "float32"), ("openvino", "bf16")))
    monkeypatch.setattr(engines, "_BUILDERS", {"eager": engines._eager, "openvino": no_such_engine})
    monkeypatch.setattr(bench.os, "cpu_count", lambda: 0)  # the images are read in this process
    sample = Sample([record.path for record in records], cells, predicted=6)
    entry = ENTRY.configured(recipe)
    compared = Bench.of(entry, sample, Session(device="cpu", weights="none"))
    published, ours, missing = compared.measured()
    assert (published.way, ours.way) == ("published, float32", "ours, eager, float32")
    assert missing == Missing("ours, openvino, bf16", "not on this machine")
    assert 0 < ours.convolutions < 10
    assert ours.memory_mib > 100
    assert ours.processor_seconds_a_cell > 0
    assert compared.reading().times_faster > 0
    assert published.largest_difference < 1e-4
    assert ours.largest_difference < 1e-4
    assert ours.labels_equal == 1.0
    assert ours.to_json()["hours_of_24_seeds"] == 24 * ours.to_json()["hours_a_seed"]
    assert published.times(published) == {"prediction": 1, "training": 1}
    told = found_of([published, ours]).to_json()["ways"][1]
    assert told["times"] == {
        "prediction": ours.predicted_a_second / published.predicted_a_second,
        "training": ours.to_json()["trained_a_second"] / published.to_json()["trained_a_second"],
    }


def found_of(ways: list[Measured]) -> Found:
    return Found("tiny", "here", 32, 6, {}, ways)
