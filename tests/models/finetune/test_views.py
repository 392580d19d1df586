"""The rotated views against Pillow itself."""

import numpy as np
import pytest
import torch
from PIL import Image

from models.finetune.views import rotation_table, turned
from tests.models.finetune.cells import real_crops

pytestmark = pytest.mark.training

ANGLES = [0, 45, 90, 135, 180, 225, 270, 315]


def views_of(crops: np.ndarray, views: int = 8) -> np.ndarray:
    found = turned(torch.from_numpy(crops), views).numpy()
    return found.reshape(len(crops), views, *crops.shape[1:])


def turned_by_pillow(crop: np.ndarray, angle: float) -> np.ndarray:
    return np.asarray(Image.fromarray(crop).rotate(angle, Image.Resampling.NEAREST))


@pytest.mark.parametrize("view", range(8))
def test_views_of_real_cells_equal_pillows_rotation_bit_for_bit(view):
    crops = np.stack([np.asarray(crop) for crop in real_crops(12)])
    ours = views_of(crops)[:, view]
    for crop, one in zip(crops, ours, strict=True):
        np.testing.assert_array_equal(one, turned_by_pillow(crop, ANGLES[view]))


def test_views_of_random_pixels_equal_pillows_rotation_bit_for_bit():
    crops = np.random.default_rng(5).integers(0, 256, (3, 300, 300, 3), dtype=np.uint8)
    ours = views_of(crops)
    for crop, views in zip(crops, ours, strict=True):
        for angle, one in zip(ANGLES, views, strict=True):
            np.testing.assert_array_equal(one, turned_by_pillow(crop, angle))


def test_other_numbers_of_views_share_the_circle_evenly():
    crops = np.random.default_rng(6).integers(0, 256, (1, 300, 300, 3), dtype=np.uint8)
    for one, angle in zip(views_of(crops, 3)[0], (0, 120, 240), strict=True):
        np.testing.assert_array_equal(one, turned_by_pillow(crops[0], angle))


def test_corners_of_a_view_by_45_degrees_are_black():
    white = np.full((1, 300, 300, 3), 255, dtype=np.uint8)
    corners = views_of(white)[0, 1][[0, 0, -1, -1], [0, -1, 0, -1]]
    assert not corners.any()


def test_one_view_is_the_crop_itself():
    crops = torch.zeros(2, 300, 300, 3, dtype=torch.uint8)
    assert turned(crops, 1) is crops


def test_the_table_of_sources_covers_every_pixel_of_every_view():
    table = rotation_table(8)
    assert table.shape == (8, 90_000)
    assert int(table.min()) == 0
    assert int(table.max()) == 90_000
