"""Class-activation maps: highest where the cell's signal is, the same twice, none without a last picture."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from models.contract import Cells, Session
from models.finetune.fitted import FittedNetwork
from models.finetune.maps import last_feature_map
from models.finetune.recipe import Recipe
from tests.models.finetune.cells import quick, some_cells

pytestmark = pytest.mark.training

PLACES = ((60, 60), (60, 220), (220, 140))
"""Where each cell is blue, for ALL, or red: rows and columns of its middle."""


class LooksForBlue(nn.Module):
    """A network whose logit for ALL is how much more blue than red there is."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Conv2d(3, 2, 15, stride=10, padding=7, bias=False)
        self.head = nn.Linear(2, 1, bias=False)
        with torch.no_grad():
            self.features.weight.zero_()
            self.features.weight[0, 2] = 1  # blue
            self.features.weight[1, 0] = 1  # red
            self.head.weight.copy_(torch.tensor([[1.0, -1.0]]))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.head(self.features(images).mean(dim=(2, 3)))
        return logits


def spotted(colour: int) -> Cells:
    """A cell with one spot of a colour at each of the places."""
    crops = np.zeros((len(PLACES), 300, 300, 3), dtype=np.uint8)
    for crop, (row, column) in zip(crops, PLACES, strict=True):
        crop[row - 20 : row + 20, column - 20 : column + 20, colour] = 200
    return Cells(tuple(f"{at}.bmp" for at in range(len(PLACES))), (None,) * len(PLACES), crops)


@pytest.mark.parametrize("colour", [2, 0], ids=["blue, called ALL", "red, called HEM"])
def test_a_map_is_highest_where_that_lies_which_spoke_for_the_class_that_was_called(colour: int) -> None:
    maps = FittedNetwork(LooksForBlue(), Recipe(views=1), {}).maps(spotted(colour), Session())
    assert maps is not None
    assert maps.shape == (3, 300, 300)
    for one, (row, column) in zip(maps, PLACES, strict=True):
        inside = one[row - 20 : row + 20, column - 20 : column + 20]
        assert one.max() == pytest.approx(1)
        assert inside.max() == pytest.approx(1)
        assert inside.mean() > 10 * one.mean()


def test_a_cell_in_which_nothing_speaks_for_its_class_has_an_empty_map() -> None:
    maps = FittedNetwork(LooksForBlue(), Recipe(views=1), {}).maps(spotted(1), Session())
    assert maps is not None
    assert not maps.any()


def test_the_maps_of_a_trained_network_are_the_same_twice_and_leave_its_scores_alone() -> None:
    fitted = quick(epochs="1", side="100").fit(some_cells(), Session())
    cells = some_cells(3, seed=4, labelled=False)
    before = fitted.predict(cells, Session())
    first, again = (fitted.maps(cells, Session()) for _ in range(2))
    assert first is not None
    assert first.shape == (3, 300, 300)
    assert first.max() <= 1
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(fitted.predict(cells, Session()), before)


@pytest.mark.parametrize(
    ("backbone", "there"), [("test_resnet", True), ("test_convnext", True), ("test_vit", False)]
)
def test_the_last_picture_of_a_network_is_found_and_none_where_tokens_follow(
    backbone: str, there: bool
) -> None:
    import timm

    network = timm.create_model(backbone, num_classes=1).eval()
    assert (last_feature_map(network, torch.zeros(1, 3, 160, 160)) is not None) is there
