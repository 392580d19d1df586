"""The reference entry against the tables of Prellberg and Kramer 2019."""

import numpy as np
import pytest
import torch
from torch import nn

from models.contract import Session
from models.finetune.networks import parameter_groups
from models.seresnext import NOROT, NOSPECLR, SERESNEXT
from tests.models.finetune.cells import some_cells

pytestmark = pytest.mark.training

PUBLISHED_FACTOR = {1: 1.0, 2: 1.0, 3: 0.1, 4: 0.1, 5: 0.01, 6: 0.01}
PUBLISHED_RATE = {
    "layer0": 1e-6,
    "layer1": 1e-6,
    "layer2": 1e-4,
    "layer3": 1e-4,
    "layer4": 1e-4,
    "last_linear": 1e-2,
}


def rates_by_name(entry, epoch: int) -> dict[str, float]:
    network = entry.network()
    groups = parameter_groups(network, entry.settings)
    names = {id(one): name for name, one in network.module.named_parameters()}
    rates = entry.settings.rates(epoch)
    return {
        names[id(one)]: rate for group, rate in zip(groups, rates, strict=True) for one in group["params"]
    }


def test_the_network_has_the_published_number_of_parameters():
    module = SERESNEXT.network().module
    assert sum(one.numel() for one in module.parameters()) == 25_512_945


def test_the_network_is_the_legacy_one_with_ceiling_pooling_and_without_dropout():
    module = SERESNEXT.network().module
    assert SERESNEXT.settings.backbone == "legacy_seresnext50_32x4d"
    assert [name for name, part in module.named_children() if list(part.parameters())] == list(PUBLISHED_RATE)
    assert (module.pool0.kernel_size, module.pool0.stride, module.pool0.ceil_mode) == (3, 2, True)
    assert module.drop_rate == 0.0
    assert not any(isinstance(part, nn.Dropout) and part.p for part in module.modules())
    assert [len(getattr(module, f"layer{i}")) for i in (1, 2, 3, 4)] == [3, 4, 6, 3]
    assert module.layer4[2].conv2.groups == 32
    assert module.layer4[2].se_module.fc1.weight.shape == (128, 2048, 1, 1)
    assert tuple(module.last_linear.weight.shape) == (1, 2048)


@pytest.mark.parametrize("epoch", range(1, 7))
def test_every_parameter_learns_at_the_published_rate_in_every_epoch(epoch):
    found = rates_by_name(SERESNEXT, epoch)
    assert len(found) == len(list(SERESNEXT.network().module.parameters()))
    for name, rate in found.items():
        assert rate == PUBLISHED_FACTOR[epoch] * PUBLISHED_RATE[name.split(".")[0]], name


@pytest.mark.parametrize("epoch", range(1, 7))
def test_nospeclr_has_one_rate_for_all_layers_on_the_same_schedule(epoch):
    assert set(rates_by_name(NOSPECLR, epoch).values()) == {PUBLISHED_FACTOR[epoch] * 1e-4}


def test_the_recipe_holds_the_published_values():
    recipe = SERESNEXT.settings
    assert (recipe.epochs, recipe.batch, recipe.views, recipe.side) == (6, 16, 8, 300)
    assert (recipe.flips, recipe.rotation, recipe.translation) == (True, True, 0.2)
    assert (recipe.normalisation, recipe.positive_weight, recipe.dropout) == ("none", None, 0.0)


def test_the_ablations_differ_from_the_reference_in_one_thing_each():
    reference = SERESNEXT.described_settings()
    norot, nospeclr = NOROT.described_settings(), NOSPECLR.described_settings()
    assert {name for name in reference if norot[name] != reference[name]} == {"views"}
    assert NOROT.settings.views == 1
    changed = {name for name in reference if nospeclr[name] != reference[name]}
    assert changed == {"layers", "learning_rates"}


def test_the_first_step_of_adam_moves_each_layer_by_its_published_rate():
    entry = SERESNEXT.configured({"epochs": "1", "side": "64"})
    cells = some_cells(3)
    torch.manual_seed(0)
    fitted = entry.fit(cells, Session(weights="none"))
    still = entry.configured({"learning_rates": "0,0,0"}).fit(cells, Session(weights="none"))
    before = dict(still.module.named_parameters())
    largest = dict.fromkeys(PUBLISHED_RATE, 0.0)
    for name, one in fitted.module.named_parameters():
        layer = name.split(".")[0]
        largest[layer] = max(largest[layer], float((one - before[name]).detach().abs().max()))
    for layer, rate in PUBLISHED_RATE.items():
        assert largest[layer] == pytest.approx(rate, rel=0.15), layer


def test_a_one_epoch_reference_training_predicts_probabilities_and_says_what_it_is():
    entry = NOROT.configured({"epochs": "1", "side": "64"})
    fitted = entry.fit(some_cells(4), Session(weights="none"))
    scores = fitted.predict(some_cells(3, labelled=False), Session())
    assert scores.shape == (3,)
    assert ((scores >= 0) & (scores <= 1)).all()
    facts = fitted.facts()
    assert facts["parameters"] == 25_512_945
    assert facts["first_weights"]["source"] == "none"
    assert "will not reach the published numbers" in facts["first_weights"]["remark"]
    assert np.isclose(facts["positive_weight"], 2 / 2)
