"""Training's augmentation against torchvision on Pillow images, and what it depends on."""

import dataclasses

import numpy as np
import pytest
import torch
import torchvision.transforms.functional as TF
from PIL import Image

from models.contract import Session
from models.finetune.augment import Moves, drawn, fixed_point_steps
from models.finetune.augment import moved as moved_by_steps
from models.finetune.recipe import Recipe
from tests.models.finetune.cells import real_crops

pytestmark = pytest.mark.training

RECIPE = Recipe()


def moved(crops: torch.Tensor, moves: Moves) -> torch.Tensor:
    return moved_by_steps(crops, torch.from_numpy(fixed_point_steps(moves, crops.shape[1])))


def published(crop: Image.Image, moves: Moves, at: int) -> np.ndarray:
    """The published program's steps: flips, then RandomAffine's affine on a Pillow image."""
    if moves.upside_down[at]:
        crop = TF.vflip(crop)
    if moves.mirrored[at]:
        crop = TF.hflip(crop)
    shift = [int(moves.right[at]), int(moves.down[at])]
    return np.asarray(TF.affine(crop, float(moves.angle[at]), shift, 1.0, [0.0, 0.0]))


def assert_equal_to_published(crops: list[Image.Image], moves: Moves) -> None:
    ours = moved(torch.from_numpy(np.stack([np.asarray(crop) for crop in crops])), moves).numpy()
    for at, crop in enumerate(crops):
        np.testing.assert_array_equal(ours[at], published(crop, moves, at))


def test_moves_of_real_cells_equal_torchvision_on_pillow_images_bit_for_bit():
    crops = real_crops(40)
    assert_equal_to_published(crops, drawn([str(i) for i in range(40)], 1, RECIPE, Session()))


def test_moves_of_random_pixels_equal_torchvision_on_pillow_images_bit_for_bit():
    generator = np.random.default_rng(1)
    crops = [Image.fromarray(generator.integers(0, 256, (300, 300, 3), dtype=np.uint8)) for _ in range(40)]
    assert_equal_to_published(crops, drawn([str(i) for i in range(40)], 2, RECIPE, Session(seed=9)))


def test_all_four_combinations_of_flips_come_up_about_equally_often():
    moves = drawn([str(i) for i in range(2000)], 1, RECIPE, Session())
    shares = np.bincount(moves.upside_down * 2 + moves.mirrored, minlength=4) / 2000
    np.testing.assert_allclose(shares, 0.25, atol=0.04)


def test_angles_fill_the_circle_and_shifts_reach_a_fifth_of_the_side():
    moves = drawn([str(i) for i in range(2000)], 1, RECIPE, Session())
    quarters = np.bincount((moves.angle // 90).astype(int), minlength=4) / 2000
    np.testing.assert_allclose(quarters, 0.25, atol=0.04)
    for shift in (moves.right, moves.down):
        assert (shift.min(), shift.max()) == (-60, 60)
        assert abs(shift.mean()) < 3


def test_moves_depend_on_seed_epoch_and_name_alone():
    names = ["a.bmp", "b.bmp", "c.bmp"]
    together = drawn(names, 3, RECIPE, Session(seed=4))
    for at, name in enumerate(names):
        alone = drawn([name], 3, RECIPE, Session(seed=4))
        for part in dataclasses.fields(Moves):
            assert getattr(alone, part.name)[0] == getattr(together, part.name)[at]


@pytest.mark.parametrize(("epoch", "seed", "name"), [(2, 0, "a.bmp"), (1, 1, "a.bmp"), (1, 0, "A.bmp")])
def test_another_epoch_seed_or_name_moves_a_cell_otherwise(epoch, seed, name):
    first = drawn(["a.bmp"], 1, RECIPE, Session())
    assert drawn([name], epoch, RECIPE, Session(seed=seed)).angle[0] != first.angle[0]


def test_a_recipe_without_augmentation_leaves_the_crops_as_they_are():
    still = dataclasses.replace(RECIPE, flips=False, rotation=False, translation=0.0)
    crops = torch.from_numpy(np.random.default_rng(2).integers(0, 256, (4, 300, 300, 3), dtype=np.uint8))
    assert torch.equal(moved(crops, drawn(list("abcd"), 1, still, Session())), crops)


def test_no_colour_is_made_up_and_what_was_outside_is_black():
    crops = torch.full((8, 300, 300, 3), 200, dtype=torch.uint8)
    found = moved(crops, drawn([str(i) for i in range(8)], 1, RECIPE, Session()))
    assert set(found.unique().tolist()) == {0, 200}
