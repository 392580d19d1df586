"""Frozen networks: computed once per crop and weights, their files found, nothing in them learnt."""

import numpy as np
import pytest

from models.contract import EntryUnavailable, Session, SettingInvalid
from models.drawn_cells import drawn_cells
from models.frozen_cnn import FROZEN_CNN
from models.weights_folder import weights_of

pytestmark = pytest.mark.training

ENTRY = FROZEN_CNN.configured({"backbones": "test_resnet", "side": "64"})


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file of weights for timm's test_resnet, in a folder of such files."""
    import timm
    import torch

    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(5)
    torch.save(timm.create_model("test_resnet").state_dict(), folder / "test_resnet.pth")
    return folder


def test_it_learns_drawn_cells_apart_without_changing_the_network(weights):
    cells = drawn_cells(40)
    fitted = ENTRY.fit(cells.take(np.arange(28)), Session(weights=str(weights)))
    asked = cells.take(np.arange(28, 40))
    assert ((fitted.predict(asked, Session()) > 0.5) == asked.labels).mean() >= 0.75
    import torch

    given = torch.load(weights / "test_resnet.pth", weights_only=True)
    for name, tensor in fitted.extractors[0].module.state_dict().items():
        assert torch.equal(tensor, given[name]), name


def test_features_are_kept_by_the_weights_that_saw_them(weights, tmp_path):
    cells = drawn_cells(12)
    for source in (str(weights), str(weights), "none"):
        ENTRY.fit(cells, Session(weights=source, cache=tmp_path))
    stores = sorted((tmp_path / "features").iterdir())
    assert len(stores) == 2
    assert all(len(list(store.glob("*.npy"))) == 1 for store in stores)


def test_the_features_of_several_networks_stand_side_by_side():
    entry = FROZEN_CNN.configured({"backbones": "alexnet,test_resnet", "side": "64"})
    fitted = entry.fit(drawn_cells(8), Session(weights="none"))
    assert fitted.projection[0].n_features_in_ == 4096 + 96
    assert list(fitted.facts()["backbones"]) == ["alexnet", "test_resnet"]


def test_a_single_network_takes_a_single_file(weights):
    fitted = ENTRY.fit(drawn_cells(12), Session(weights=str(weights / "test_resnet.pth")))
    assert fitted.facts()["backbones"]["test_resnet"]["source"] == "file"


def test_a_missing_file_is_named(weights):
    entry = FROZEN_CNN.configured({"backbones": "test_resnet,resnet18", "side": "64"})
    with pytest.raises(EntryUnavailable, match=r"neither resnet18\.safetensors nor resnet18\.pth"):
        entry.fit(drawn_cells(12), Session(weights=str(weights)))


def test_a_file_may_be_named_without_the_name_of_its_weights(weights):
    assert weights_of("test_resnet.r160_in1k", ("alexnet",), str(weights)).endswith("test_resnet.pth")


def test_one_file_is_not_enough_for_two_networks(weights):
    with pytest.raises(
        EntryUnavailable, match=r"expected a folder with the weights of alexnet, resnet50\.tv_in1k"
    ):
        FROZEN_CNN.fit(drawn_cells(12), Session(weights=str(weights / "test_resnet.pth")))


def test_no_network_at_all_is_refused():
    with pytest.raises(SettingInvalid, match="at least one name in backbones"):
        FROZEN_CNN.configured({"backbones": ","})
