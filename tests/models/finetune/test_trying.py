"""What cannot work is said before any work: networks, layers, sides, and weights that are not used."""

import pytest
import torch
from safetensors.torch import save_file

from models import registry
from models.contract import EntryUnavailable, SettingInvalid
from tests.models.finetune.weight_kinds import shapes, state, with_average

pytestmark = pytest.mark.training

SMALL = "timm:test_resnet"


def entry(name, **settings):
    return registry.find(name)[0].configured(settings)


@pytest.fixture
def file(tmp_path):
    save_file(state(), tmp_path / "w.safetensors")
    return tmp_path / "w.safetensors"


@pytest.mark.parametrize("name", ["tiny", "majority", "shape-svm", "shape-knn"])
@pytest.mark.parametrize("weights", ["{file}", "nowhere.pth"])
def test_weights_for_an_entry_that_uses_none_are_refused(name, weights, file):
    with pytest.raises(SettingInvalid, match=f"{name} uses no pre-trained weights"):
        entry(name).require_usable(weights.format(file=file))


@pytest.mark.parametrize("name", ["tiny", "majority", "shape-svm"])
@pytest.mark.parametrize("weights", ["hub", "none"])
def test_the_words_that_name_no_file_are_taken_by_every_entry(name, weights):
    entry(name).require_usable(weights)


def test_weights_that_fit_pass_and_what_is_taken_of_them_is_said(tmp_path, file, caplog):
    entry(SMALL).require_usable(str(file))
    assert not caplog.messages
    torch.save(with_average(), tmp_path / "w.pth")
    entry(SMALL).require_usable(str(tmp_path / "w.pth"))
    assert caplog.messages == [f"weights of {tmp_path / 'w.pth'}: part state_dict_ema (moving average, EMA)"]


def test_weights_of_another_network_are_refused_before_any_work(tmp_path):
    torch.save(shapes("resnet34"), tmp_path / "w.pth")
    with pytest.raises(EntryUnavailable, match="does not fit resnet18"):
        entry("timm:resnet18").require_usable(str(tmp_path / "w.pth"))


def test_weights_with_a_nan_are_refused_before_any_work(tmp_path):
    save_file({**state(), "bn1.bias": torch.full((32,), torch.nan)}, tmp_path / "w.safetensors")
    with pytest.raises(EntryUnavailable, match="not finite"):
        entry(SMALL).require_usable(str(tmp_path / "w.safetensors"))


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("seresnext", {"backbone": "legacy_seresnext5"}, "timm has no network"),
        ("seresnext", {"layers": "layer0,layer9,head"}, "is in no group of layers"),
        ("alexnet", {"side": "20"}, "does not take images of side 20: .*too small"),
        ("timm:test_resnet", {"backbone": "vit_tiny_patch16_224", "layers": "*", "learning_rates": "1",
          "side": "32"}, "does not take images of side 32: .*224"),
        ("frozen-cnn", {"backbones": "resnet5"}, "timm has no network"),
        ("frozen-cnn", {"backbones": "alexnet", "side": "20"}, "does not take images of side 20"),
        ("neighborhood-trust", {"backbone": "convnext_tiny"}, "no layer of convnext_tiny belongs to the"),
        ("timm:deit_tiny_distilled_patch16_224", {}, "no single last layer"),
    ],
)  # fmt: skip
def test_settings_that_no_network_can_follow_are_refused_before_any_work(name, settings, words):
    with pytest.raises(SettingInvalid, match=words):
        entry(name, **settings).require_usable("none")


def test_a_network_without_published_weights_is_refused_before_it_is_fetched():
    with pytest.raises(EntryUnavailable, match="hub has no weights for seresnet18") as told:
        entry("timm:seresnet18").require_usable("hub")
    assert "--weights none" in told.value.hint
    entry("timm:seresnet18").require_usable("none")


def test_files_in_a_folder_of_weights_that_no_network_takes_are_named(tmp_path, file):
    file.rename(tmp_path / "test_resnet.safetensors")
    frozen = entry("frozen-cnn", backbones="test_resnet", side="64")
    frozen.require_usable(str(tmp_path))
    save_file(state(), tmp_path / "resnet18.safetensors")
    with pytest.raises(EntryUnavailable, match=r"none of test_resnet takes: resnet18\.safetensors"):
        frozen.require_usable(str(tmp_path))


def test_a_folder_is_no_file_for_an_entry_of_one_network(tmp_path):
    with pytest.raises(EntryUnavailable, match="is a folder, not a file"):
        entry(SMALL).require_usable(str(tmp_path))
