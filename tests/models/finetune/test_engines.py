"""Ways to compute one step: what a compiler and a CUDA GPU change, and what they must not."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path

import numpy as np
import pytest
import torch

from models.contract import Fitted, Session
from models.finetune import compiling, loop, pixels
from models.finetune.step import Step
from tests.models.finetune.cells import quick, some_cells
from tests.models.finetune.test_loop import fit_with_interruptions, weights_of

on_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")


@pytest.fixture
def no_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A machine without a C++ compiler, and without what an earlier one compiled."""
    compiling._compiler_works.cache_clear()
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    yield
    compiling._compiler_works.cache_clear()
    torch.compiler.reset()


def test_where_nothing_can_be_compiled_the_network_learns_as_it_is_and_says_so_once(
    no_compiler, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.WARNING)
    eager = quick(epochs="1").fit(some_cells(), Session())
    asked = quick(epochs="1", compiled="true").fit(some_cells(), Session())
    assert weights_of(asked) == weights_of(eager)
    assert sum("nothing is compiled here" in line.message for line in caplog.records) == 1


def test_a_compiled_network_keeps_the_names_of_its_weights_and_scores_as_the_eager_one():
    cells = some_cells()
    fitted = quick(epochs="1").fit(cells, Session())
    names, scores = list(fitted.module.state_dict()), fitted.predict(cells, Session())
    fitted.recipe = dataclasses.replace(fitted.recipe, compiled=True)
    np.testing.assert_allclose(fitted.predict(cells, Session()), scores, atol=1e-5)
    assert list(fitted.module.state_dict()) == names
    assert fitted.module._compiled_call_impl is not None


def test_a_compiled_training_goes_on_after_a_stop_to_the_same_bits(tmp_path: Path):
    cells, entry = some_cells(), quick(compiled="true", dropout="0.3")
    alone = entry.fit(cells, Session(seed=1))
    interrupted, stops = fit_with_interruptions(entry, cells, tmp_path, np.random.default_rng(0), seed=1)
    assert stops >= 3
    assert weights_of(interrupted) == weights_of(alone)


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
