"""Every entry that is a network leaves in each form that it has; a file that says something else does not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from models import registry
from models.contract import Entry, EntryUnavailable
from models.exports import AGREE, ENDINGS, Export, Exported

pytestmark = pytest.mark.training

ALL = [
    ("tiny", {}),
    ("timm:test_vit", {}),
    ("timm:test_efficientnet", {"side": "96"}),
    ("timm:test_convnext", {"normalisation": "none"}),
]
LARGE = [
    ("seresnext", {}),
    ("seresnext-norot", {}),
    ("alexnet", {}),
    ("timm:resnet18", {}),
    ("timm:convnext_atto", {}),
]
if "HARNESS_TEST_ALL_EXPORTS" in os.environ:
    ALL += LARGE


def random_network(entry: Entry):
    """The entry's network with random weights whose logits are of ordinary size."""
    import torch

    from models.finetune.fitted import FittedNetwork

    torch.manual_seed(0)
    network = entry.network()
    head = network.module.get_submodule(network.head)
    with torch.no_grad():
        head.weight.normal_(0, 0.3)
    return FittedNetwork(network.module, entry.settings, {})


def written(name: str, form: str, folder: Path, settings: dict[str, str], *, views: bool = False) -> Exported:
    entry, _ = registry.find(name)
    entry = entry.configured(settings)
    file = folder / f"network{ENDINGS[form]}"
    return entry.exported(random_network(entry), Export(form, file, file.name, {}, views))


@pytest.mark.parametrize(("name", "settings"), ALL, ids=[name for name, _ in ALL])
@pytest.mark.parametrize("form", ["timm", "onnx", "state-dict"])
def test_the_file_computes_what_the_network_computes(name, settings, form, tmp_path):
    if (name, form) == ("alexnet", "timm"):
        with pytest.raises(EntryUnavailable, match="timm has no network alexnet"):
            written(name, form, tmp_path, settings)
        return
    assert written(name, form, tmp_path, settings).facts["largest_difference"] <= AGREE


def test_the_reference_network_is_timm_s_own(tmp_path):
    made = written("seresnext", "timm", tmp_path, {})
    assert made.facts["network"] == 'timm.create_model("legacy_seresnext50_32x4d", num_classes=1)'
    assert made.facts["largest_difference"] == 0


def test_alexnet_is_no_network_of_timm_and_says_which_forms_it_has(tmp_path):
    with pytest.raises(EntryUnavailable, match="timm has no network alexnet: it is torchvision") as refused:
        written("alexnet", "timm", tmp_path, {})
    assert "--to state-dict" in refused.value.hint


@pytest.mark.parametrize("name", ["frozen-cnn", "neighborhood", "neighborhood-trust", "shape-svm"])
def test_an_entry_that_is_more_or_less_than_a_network_says_so(name, tmp_path):
    entry, _ = registry.find(name)
    with pytest.raises(EntryUnavailable, match=f"{name} is not one network") as refused:
        entry.exported(None, Export("onnx", tmp_path / "none.onnx", "none.onnx", {}))
    assert "timm:NAME" in refused.value.hint


def test_a_file_that_computes_something_else_is_not_handed_out(tmp_path, monkeypatch):
    monkeypatch.setattr("models.finetune.graphs.normalised_by", lambda recipe: ((0.5,) * 3, (0.2,) * 3))
    with pytest.raises(EntryUnavailable, match="computes other logits"):
        written("tiny", "onnx", tmp_path, {})


def test_bilinear_resampling_is_the_matrix_that_the_graph_holds():
    import torch
    import torch.nn.functional as F

    from models.finetune.graphs import sizing

    images = torch.rand(1, 3, 300, 300)
    for side in (32, 224, 384):
        ours = F.interpolate(images, size=(side, side), mode="bilinear", antialias=True)
        assert torch.allclose(sizing(side) @ images @ sizing(side).T, ours, atol=1e-5)
