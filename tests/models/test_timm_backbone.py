"""Any network of timm: its recipe goes by the network's own stages; unknown names get near ones."""

import pytest
import torch

from models import registry
from models.contract import EntryUnavailable
from models.contract_tests import Trial, one_cell_is_predicted
from models.finetune.networks import parameter_groups, timm_network
from models.finetune.predict import as_input, normalised_by
from models.finetune.recipe import Recipe

pytestmark = pytest.mark.training


def test_the_reference_network_gets_the_reference_rates():
    recipe = registry.find("timm:legacy_seresnext50_32x4d")[0].settings
    assert recipe.layers == ("layer0 layer1", "*", "head")
    assert recipe.learning_rates == (1e-6, 1e-4, 1e-2)


@pytest.mark.parametrize(
    ("name", "first", "side"),
    [
        ("resnet18", {"conv1", "bn1", "layer1"}, 300),
        ("convnext_tiny", {"stem", "stages.0"}, 300),
        ("efficientnet_b0", {"conv_stem", "bn1", "blocks.0"}, 300),
        ("vit_tiny_patch16_224", {"cls_token", "pos_embed", "patch_embed", "blocks.0"}, 224),
    ],
)
def test_the_smallest_rate_is_for_the_stem_and_the_first_stage(name, first, side):
    recipe = registry.find(f"timm:{name}")[0].settings
    assert set(recipe.layers[0].split()) == first
    assert recipe.side == side


@pytest.mark.parametrize(
    ("name", "mean", "deviation"),
    [
        ("resnet18", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ("vit_tiny_patch16_224", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    ],
)
def test_the_input_is_normalised_as_the_network_was_trained(name, mean, deviation):
    entry = registry.find(f"timm:{name}")[0]
    assert normalised_by(entry.settings) == (mean, deviation)
    crops = torch.full((1, 300, 300, 3), 255, dtype=torch.uint8)
    white = as_input(crops, entry.settings)[0, :, 0, 0]
    assert white.tolist() == pytest.approx([(1 - m) / d for m, d in zip(mean, deviation, strict=True)])
    assert normalised_by(entry.configured({"normalisation": "none"}).settings) == ((0,) * 3, (1,) * 3)


@pytest.mark.parametrize(
    ("backbone", "weights"), [("resnet50", "resnet50.a1_in1k"), ("resnet50.tv_in1k", "resnet50.tv_in1k")]
)
def test_the_published_weights_have_a_name_that_says_whose_they_are(backbone, weights):
    with torch.device("meta"):
        network = timm_network(Recipe(backbone=backbone))
    assert network.weights == weights


def test_another_backbone_brings_its_own_mean_and_deviation():
    entry = registry.find("timm:resnet18")[0].configured({"backbone": "vit_tiny_patch16_224", "side": "224"})
    assert normalised_by(entry.settings) == ((0.5,) * 3, (0.5,) * 3)


def test_a_fit_of_before_goes_on_as_its_settings_say():
    entry, _ = registry.find("timm:resnet18")
    told = {**entry.described_settings(), "normalisation": "none"}
    new = ("mean", "deviation", "optimiser", "weight_decay", "momentum")
    before = entry.with_described({name: value for name, value in told.items() if name not in new})
    assert normalised_by(before.settings) == ((0,) * 3, (1,) * 3)
    assert (before.settings.optimiser, before.settings.weight_decay) == ("Adam", None)


@pytest.mark.parametrize("name", ["test_resnet", "test_vit", "test_efficientnet", "test_convnext"])
def test_every_parameter_learns_at_exactly_one_rate(name):
    recipe = registry.find(f"timm:{name}")[0].settings
    network = timm_network(recipe)
    groups = parameter_groups(network, recipe)
    counted = sum(parameter.numel() for group in groups for parameter in group["params"])
    assert counted == sum(parameter.numel() for parameter in network.module.parameters())


@pytest.mark.parametrize(("name", "side"), [("resnet18", "32"), ("vit_tiny_patch16_224", "224")])
def test_a_trial_takes_the_smallest_images_that_the_network_takes(name, side):
    assert registry.find(f"timm:{name}")[0].trial_settings["side"] == side


def test_a_network_with_a_side_of_its_own_keeps_the_contract(tmp_path):
    trial = Trial(registry.find("timm:vit_tiny_patch16_224")[0], tmp_path)
    one_cell_is_predicted(trial)


def test_an_unknown_name_is_answered_with_near_ones():
    with pytest.raises(EntryUnavailable, match="no network 'resnet19'") as told:
        registry.find("timm:resnet19")
    assert "timm:resnet18" in told.value.hint


def test_names_are_listed_by_pattern():
    names = {one.name for one in registry.matching("timm:*resnext50*")}
    assert {"timm:legacy_seresnext50_32x4d", "timm:resnext50_32x4d"} <= names
    assert all("resnext50" in name for name in names)
