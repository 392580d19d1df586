"""Ways to compute one step: what a compiler and a CUDA GPU change, and what they must not."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import logging
from pathlib import Path

import numpy as np
import pytest
import torch

from models.contract import FitInterrupted, Fitted, Session, SettingInvalid
from models.finetune import choosing, compiling, engines, loop, pixels, rehearsing
from models.finetune.engines import EngineMissing, calls, engine
from models.finetune.fitted import FittedNetwork
from models.finetune.precision import placed, reproducible
from models.finetune.predict import first_pass, mean_logits, scores_of
from models.finetune.recipe import Recipe
from models.finetune.step import Step
from tests.models.finetune.cells import quick, some_cells
from tests.models.finetune.test_loop import After, fit_with_interruptions, weights_of

pytestmark = pytest.mark.training

on_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")


CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "_SAID", set())


@pytest.fixture
def no_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A machine without a C++ compiler, and without what an earlier one compiled."""
    compiling.require_compiler.cache_clear()
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    yield
    compiling.require_compiler.cache_clear()
    torch.compiler.reset()


@pytest.fixture
def short_work_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trials of what builds at once, however little there is to do."""
    monkeypatch.setattr(choosing, "_SHORT", 0.0)
    monkeypatch.setattr(choosing, "_SECONDS_TO_BUILD", {"folded": 0.0, "openvino": 1e9, "compile": 1e9})


def logits_of(name: str, fitted: FittedNetwork, count: int = 5) -> np.ndarray:
    """Logits of cells by this engine."""
    recipe, cells = fitted.recipe, some_cells(count, seed=4)
    with reproducible(CPU, recipe):
        module = placed(fitted.module, CPU, recipe)
        forward = engine(name, module, recipe, first_pass(cells, recipe, CPU)).forward
        return mean_logits(forward, cells, recipe, Session(), "predicting", CPU)


def test_where_nothing_can_be_compiled_the_network_learns_and_predicts_as_it_is_and_says_so_once(
    no_compiler, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.WARNING)
    eager = quick(epochs="1").fit(some_cells(), Session(engine="eager"))
    asked = [quick(epochs="1").fit(some_cells(), Session(engine="compile")) for _ in range(2)]
    assert {weights_of(one) for one in asked} == {weights_of(eager)}
    for one in asked:
        scores = one.predict(some_cells(), Session(engine="compile"))
        np.testing.assert_array_equal(scores, eager.predict(some_cells(), Session(engine="eager")))
    said = [line.message for line in caplog.records if "nothing can be compiled here" in line.message]
    assert len(said) == 2, "once of learning, once of predicting"
    assert asked[0].facts()["engine"]["name"] == asked[0].facts()["predicted_with"]["name"] == "eager"
    assert "compile" in asked[0].facts()["engine"]["missing"]


@pytest.mark.parametrize("name", ["folded", "openvino", "compile"])
def test_every_engine_gives_the_logits_of_the_eager_one_and_leaves_the_weights_alone(name: str):
    fitted = quick(epochs="1").fit(some_cells(), Session())
    weights, expected = weights_of(fitted), logits_of("eager", fitted)
    if name == "openvino" and importlib.util.find_spec("openvino") is None:
        with pytest.raises(EngineMissing, match=r"openvino is missing .*\[openvino\]"):
            logits_of(name, fitted)
        return
    np.testing.assert_allclose(logits_of(name, fitted), expected, atol=1e-4)
    assert weights_of(fitted) == weights


def test_a_compiled_training_goes_on_after_a_stop_to_the_same_bits_whatever_engine_is_asked_then(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    cells, entry = some_cells(), quick(dropout="0.3")
    alone = entry.fit(cells, Session(seed=1, engine="compile"))
    with pytest.raises(FitInterrupted):
        entry.fit(cells, Session(seed=1, engine="compile", checkpoints=tmp_path, stopping=After(3)))
    for name in ("compile", "eager"):
        with pytest.raises(FitInterrupted):
            entry.fit(cells, Session(seed=1, engine=name, checkpoints=tmp_path, stopping=After(2)))
    assert "began with --engine compile and goes on with it, not with eager" in caplog.text
    resumed = entry.fit(cells, Session(seed=1, checkpoints=tmp_path))
    assert weights_of(resumed) == weights_of(alone)
    assert resumed.facts()["engine"]["name"] == "compile"


def test_a_rehearsal_leaves_no_trace_in_what_is_learnt(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(engines, "require_compiler", lambda _device: "it is not asked for here")
    entry = quick(dropout="0.3")
    plain = entry.fit(some_cells(), Session(engine="eager"))
    monkeypatch.setattr(rehearsing, "_SECONDS_TO_COMPILE", 0.0)
    tried = entry.fit(some_cells(), Session())
    assert weights_of(tried) == weights_of(plain)
    told = tried.facts()["engine"]
    assert told["name"] == "eager"
    assert list(told["tried"]) == ["eager"]
    assert list(told["missing"]) == ["compile"]


def test_of_what_was_tried_the_fastest_is_taken_and_what_was_measured_is_kept(
    short_work_is_tried, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.WARNING)
    fitted = quick(epochs="1").fit(some_cells(), Session())
    session = Session(cache=tmp_path, ahead=10_000)
    scores = fitted.predict(some_cells(), session)
    told = fitted.facts()["predicted_with"]
    seconds = {name: told["tried"][name]["a_pass"] for name in ("eager", "folded")}
    fastest = seconds[told["name"]] == min(seconds.values())
    why = "the fastest of what was measured here" if fastest else "nothing measured here saves enough"
    assert f"{told['name']} predicts: {why}" in caplog.text
    (kept,) = (tmp_path / "engines").iterdir()

    monkeypatch.setattr(choosing._Trial, "_round", lambda self, label: pytest.fail("measured again"))
    again = quick(epochs="1").fit(some_cells(), Session())
    np.testing.assert_array_equal(again.predict(some_cells(), session), scores)
    assert again.facts()["predicted_with"]["tried"] == told["tried"]

    monkeypatch.undo()
    content = kept.read_text()
    kept.write_text(content.replace("folded", "fnlded"))
    third = quick(epochs="1").fit(some_cells(), Session())
    np.testing.assert_allclose(third.predict(some_cells(), session), scores, atol=1e-5)


def test_whoever_finds_kept_times_chooses_as_whoever_measured_them():
    fitted = quick(epochs="1").fit(some_cells(), Session())
    example = first_pass(some_cells(), fitted.recipe, CPU)
    measured = choosing._Trial(fitted.module, fitted.recipe, example, choosing.Kept(None, {}))
    measured.measure("folded")
    measured.tried = {"eager": choosing.Tried(0.0, 0.010), "folded": choosing.Tried(0.5, 0.009)}
    found = choosing._Trial(fitted.module, fitted.recipe, example, choosing.Kept(None, {}))
    found.tried = dict(measured.tried)
    for passes, best in ((1, "eager"), (600, "eager"), (2_000, "folded")):
        assert measured.best(passes) == found.best(passes) == best


def test_what_is_said_of_a_choice_holds_of_the_times_by_which_it_was_made():
    tried = {"eager": choosing.Tried(0.0, 0.034), "folded": choosing.Tried(0.1, 0.041)}
    assert choosing.told("eager", tried, 100).startswith("the fastest of what was measured here (eager 34 ms")
    assert choosing.told("folded", tried, 100).startswith("nothing measured here saves enough")
    tried["folded bf16"] = choosing.Tried(0.1, 0.001)
    assert "bf16" not in choosing.told("eager", tried, 100)


def test_bf16_changes_no_time_by_which_a_way_was_chosen_and_is_advised_only_where_it_is_faster():
    fitted = quick(epochs="1").fit(some_cells(), Session())
    example = first_pass(some_cells(), fitted.recipe, CPU)
    kept = choosing.Kept(None, {})
    trial = choosing._Trial(fitted.module, fitted.recipe, example, kept)
    trial.tried = {"eager": choosing.Tried(0.0, 1e6), "folded": choosing.Tried(0.0, 1e-9)}
    trial.measure("folded", bf16=True)
    assert trial.tried["eager"].a_pass == 1e6
    assert trial.saved_by_bf16("folded") == ""
    assert "--precision bf16 would be" in trial.saved_by_bf16("eager")


def test_little_work_is_done_as_it_is_and_so_is_what_is_asked_for():
    fitted = quick(epochs="1").fit(some_cells(), Session())
    assert fitted.facts()["engine"] == {"name": "eager", "reason": "too little work for a trial"}
    fitted.predict(some_cells(), Session())
    assert fitted.facts()["predicted_with"]["name"] == "eager"
    fitted.predict(some_cells(), Session(engine="folded"))
    assert fitted.facts()["predicted_with"] == {"name": "folded", "reason": "asked for"}


def test_an_engine_that_computes_something_else_is_not_taken(
    short_work_is_tried, monkeypatch: pytest.MonkeyPatch
):
    right = engines._BUILDERS["folded"]

    def wrong(module, recipe, example):
        forward = right(module, recipe, example)
        return lambda images: forward(images) + 0.01

    monkeypatch.setattr(engines, "_BUILDERS", {**engines._BUILDERS, "folded": wrong})
    fitted = quick(epochs="1").fit(some_cells(), Session())
    fitted.predict(some_cells(), Session(ahead=10_000))
    told = fitted.facts()["predicted_with"]
    assert told["name"] == "eager"
    assert told["missing"]["folded"].startswith("its logits differ by")


def test_where_memory_does_not_suffice_a_pass_is_halved_and_the_prediction_goes_on(
    caplog: pytest.LogCaptureFixture,
):
    fitted = quick(epochs="1").fit(some_cells(), Session())
    expected = fitted.predict(some_cells(), Session(engine="eager"))

    def greedy(_module, inputs):
        if len(inputs[0]) > 2:
            torch.empty(2**60, dtype=torch.uint8)  # more than any machine has

    fitted.module.register_forward_pre_hook(greedy)
    recipe, cells = fitted.recipe, some_cells()
    forward = calls(fitted.module.eval(), recipe, CPU)
    logits = mean_logits(forward, cells, recipe, Session(), "predicting", CPU)
    np.testing.assert_allclose(scores_of(logits), expected, atol=1e-6)
    said = [line.message for line in caplog.records if "not enough memory" in line.message]
    assert said == [f"not enough memory: {images} images go through the network at once" for images in (4, 2)]


def test_a_training_that_memory_does_not_suffice_for_says_which_setting_to_lower():
    training = loop.prepare(quick(epochs="1").approach(Session()), some_cells(), Session())
    training.network.module.register_forward_pre_hook(lambda *_: torch.empty(2**60, dtype=torch.uint8))
    with pytest.raises(SettingInvalid, match="a batch of 3 does not fit") as caught:
        training.run()
    assert "--set batch=" in caught.value.hint


def test_a_recipe_written_when_the_engine_was_a_setting_is_read():
    told = {**dataclasses.asdict(quick().settings), "compiled": True}
    assert Recipe.from_json(json.loads(json.dumps(told))) == quick().settings


def cuda(**session: object) -> Session:
    return Session(device="cuda", **session)


@on_cuda
@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_a_replayed_step_gives_the_weights_of_an_eager_one_to_the_bit(
    precision: str, monkeypatch: pytest.MonkeyPatch
):
    entry = quick(epochs="3", dropout="0.3", precision=precision)
    replayed = entry.fit(some_cells(), cuda(seed=2))
    monkeypatch.setattr(Step, "_record", lambda self, _images, _labels: setattr(self, "_recordable", False))
    eager = entry.fit(some_cells(), cuda(seed=2))
    assert weights_of(replayed) == weights_of(eager)


@on_cuda
def test_interruptions_on_a_gpu_change_no_bit_of_the_weights(tmp_path: Path):
    cells, entry = some_cells(), quick(dropout="0.3")
    alone = entry.fit(cells, cuda(seed=1))
    interrupted, stops = fit_with_interruptions(
        entry, cells, tmp_path, np.random.default_rng(0), seed=1, device="cuda"
    )
    assert stops >= 3
    assert weights_of(interrupted) == weights_of(alone)


@on_cuda
def test_crops_that_do_not_fit_on_the_gpu_are_read_batch_by_batch_with_the_same_result(
    monkeypatch: pytest.MonkeyPatch,
):
    def both() -> tuple[str, np.ndarray]:
        fitted: Fitted = quick().fit(some_cells(), cuda())
        return weights_of(fitted), fitted.predict(some_cells(9, seed=4), cuda())

    kept = both()
    monkeypatch.setattr(pixels, "_SHARE", 0.0)
    read = both()
    assert kept[0] == read[0]
    np.testing.assert_array_equal(kept[1], read[1])


@on_cuda
def test_a_network_that_cannot_be_recorded_learns_without_a_graph(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.WARNING)
    placed = loop.placed

    def looking(module, device, recipe):
        module.register_forward_hook(lambda _module, _inputs, output: print(float(output.detach().mean())))
        return placed(module, device, recipe)

    monkeypatch.setattr(loop, "placed", looking)
    fitted = quick(epochs="1").fit(some_cells(), cuda())
    assert np.isfinite(fitted.predict(some_cells(), cuda())).all()
    assert any("no CUDA graph" in line.message for line in caplog.records)
