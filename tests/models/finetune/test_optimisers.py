"""Any optimiser of torch by its name: resumed to the bit, recorded, and Adam is what it always was."""

import pytest
import torch

from models import registry
from models.contract import Session, SettingInvalid
from models.finetune import rehearsing, step
from models.finetune.optimisers import optimisers
from tests.models.finetune.cells import quick, some_cells
from tests.models.finetune.test_loop import fit_with_interruptions, weights_of

pytestmark = pytest.mark.training

OTHERS = [
    {"optimiser": "SGD", "momentum": "0.9", "weight_decay": "0.01"},
    {"optimiser": "NAdam"},
    {"optimiser": "Rprop"},
    {"optimiser": "Adafactor"},
    {"optimiser": "ASGD"},
]


def named(settings):
    return settings["optimiser"]


def plain_adam(groups, recipe, *, on_gpu):
    return torch.optim.Adam(groups, fused=on_gpu or None, capturable=on_gpu)


def test_without_settings_it_is_the_adam_of_the_reference_to_the_bit(monkeypatch):
    ours = weights_of(quick().fit(some_cells(), Session()))
    monkeypatch.setattr(step, "optimiser_of", plain_adam)
    assert weights_of(quick().fit(some_cells(), Session())) == ours


@pytest.mark.parametrize("settings", OTHERS, ids=named)
def test_an_interrupted_training_by_another_optimiser_comes_to_the_same_bits(settings, tmp_path, generator):
    cells, entry = some_cells(), quick(**settings)
    alone = entry.fit(cells, Session())
    interrupted, stops = fit_with_interruptions(entry, cells, tmp_path, generator)
    assert stops >= 2
    assert weights_of(interrupted) == weights_of(alone)
    assert weights_of(alone) != weights_of(quick().fit(cells, Session()))


@pytest.fixture
def generator():
    import numpy as np

    return np.random.default_rng(0)


@pytest.mark.parametrize("settings", OTHERS[1:3], ids=named)
def test_a_rehearsal_leaves_no_trace_in_what_an_optimiser_keeps(settings, monkeypatch):
    plain = quick(**settings).fit(some_cells(), Session(engine="eager"))
    monkeypatch.setattr(rehearsing, "_SECONDS_TO_COMPILE", 0.0)
    monkeypatch.setattr("models.finetune.engines.require_compiler", lambda _device: "not asked for here")
    assert weights_of(quick(**settings).fit(some_cells(), Session())) == weights_of(plain)


def test_what_learnt_is_recorded_with_the_decay_that_it_had():
    facts = quick(optimiser="AdamW", epochs="1").fit(some_cells(), Session()).facts()
    assert (facts["optimiser"], facts["weight_decay"]) == ("AdamW", 0.01)
    assert "momentum" not in facts


def test_an_optimiser_that_torch_has_not_or_that_cannot_learn_so_is_refused_with_the_list():
    assert {"Adam", "AdamW", "SGD", "RMSprop"} <= set(optimisers())
    for name in ("Adamm", "LBFGS", "SparseAdam", "Optimizer", "lr_scheduler"):
        with pytest.raises(SettingInvalid, match=f"no optimiser '{name}'") as refused:
            quick(optimiser=name).require_usable("none")
        assert "AdamW" in refused.value.hint


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"optimiser": "Rprop", "weight_decay": "0.1"}, "Rprop takes no weight_decay"),
        ({"momentum": "0.9"}, "Adam takes no momentum"),
        ({"optimiser": "Muon"}, "Muon does not take this network"),
    ],
)
def test_what_an_optimiser_does_not_take_is_refused_before_any_work(settings, words):
    with pytest.raises(SettingInvalid, match=words):
        quick(**settings).require_usable("none")


def test_one_rate_for_all_layers_is_one_setting():
    short = registry.find("seresnext")[0].configured({"learning_rate": "1e-4"})
    assert short.settings == registry.find("seresnext-nospeclr")[0].settings
    with pytest.raises(SettingInvalid, match="learning_rate is one rate for all layers"):
        short.configured({"learning_rate": "1e-4", "layers": "*"})
