"""Descriptors agree with geometry on known shapes, do not change with a quarter turn, stay finite."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.descriptors.measures import NAMES, describe, measure, outline, parted
from models.drawn_cells import drawn_cells

Y, X = np.mgrid[:300, :300] - 149.5
DISC = X**2 + Y**2 < 80**2
ELLIPSE = (X / 100) ** 2 + (Y / 50) ** 2 < 1
SQUARE = (np.abs(X) < 60) & (np.abs(Y) < 60)
ELLIPSE_AROUND = 484.42  # Ramanujan's formula for half axes 100 and 50


@pytest.mark.parametrize(
    ("mask", "expected", "tolerance"),
    [
        (DISC, {"area": np.pi * 80**2, "major_axis": 160, "minor_axis": 160}, 0.001),
        (DISC, {"perimeter": 2 * np.pi * 80, "compactness": 1, "roundness": 1, "solidity": 1}, 0.01),
        (DISC, {"rectangularity": np.pi / 4, "convexity": 1}, 0.01),
        (ELLIPSE, {"area": np.pi * 100 * 50, "eccentricity": np.sqrt(0.75), "elongation": 0.5}, 0.001),
        (ELLIPSE, {"perimeter": ELLIPSE_AROUND, "roundness": 4 * np.pi**2 * 5000 / ELLIPSE_AROUND**2}, 0.01),
        (SQUARE, {"area": 120**2, "solidity": 1, "rectangularity": 1, "convexity": 1}, 1e-9),
        # Crofton's four directions see an upright square's perimeter 5.4 % short
        (SQUARE, {"perimeter": 480}, 0.06),
        (SQUARE, {"compactness": np.pi / 4, "roundness": np.pi / 4}, 0.12),
    ],
)
def test_descriptors_agree_with_geometry_on_known_shapes(mask, expected, tolerance):
    measured = outline(mask)
    for name, value in expected.items():
        assert measured[name] == pytest.approx(value, rel=tolerance), name


@pytest.mark.parametrize("mask", [DISC, SQUARE])
def test_shapes_as_long_as_wide_have_no_eccentricity(mask):
    assert outline(mask)["eccentricity"] == pytest.approx(0, abs=1e-6)
    assert outline(mask)["elongation"] == pytest.approx(0, abs=1e-9)


def test_a_dent_lowers_solidity_and_compactness_but_not_roundness():
    dented = DISC & ~((np.abs(X) < 10) & (Y < 0))
    assert outline(dented)["solidity"] < 0.93
    assert outline(dented)["compactness"] < 0.6
    assert outline(dented)["roundness"] == pytest.approx(0.93, abs=0.07)


def test_area_and_axes_are_those_of_regionprops():
    from skimage.measure import regionprops

    cell = parted(drawn_cells(1).crops()[0]).cell
    region, measured = regionprops(cell.astype(np.uint8))[0], outline(cell)
    assert measured["area"] == region.area
    assert measured["eccentricity"] == region.eccentricity
    assert measured["solidity"] == pytest.approx(region.solidity, rel=1e-12)


def test_the_nucleus_is_found_inside_the_cell():
    crop = np.zeros((300, 300, 3), np.uint8)
    crop[DISC] = (150, 90, 160)
    nucleus = X**2 + Y**2 < 60**2
    crop[nucleus] = (75, 35, 95)
    measured = measure(crop)
    assert measured["nucleus_area"] == nucleus.sum()
    assert measured["nucleus_share"] == pytest.approx((60 / 80) ** 2, rel=0.01)
    assert measured["nucleus_to_cytoplasm"] == pytest.approx(60**2 / (80**2 - 60**2), rel=0.01)
    assert measured["nucleus_pieces"] == 1
    assert measured["cell_red_mean"] > measured["nucleus_red_mean"] == 75
    assert measured["cytoplasm_green_mean"] == 90


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_quarter_turn_changes_no_descriptor(turns):
    crops = drawn_cells(6).crops()
    turned = np.ascontiguousarray(np.rot90(crops, turns, axes=(1, 2)))
    np.testing.assert_allclose(describe(turned), describe(crops), rtol=1e-9, atol=1e-7)


def test_a_cell_that_touches_the_border_is_measured():
    crop = np.full((300, 300, 3), 90, np.uint8)
    row = dict(zip(NAMES, describe(crop[None])[0], strict=True))
    assert row["cell_area"] == 300 * 300
    assert row["nucleus_area"] == 0
    assert np.isfinite(list(row.values())).all()


def test_a_black_crop_measures_zero_everywhere():
    assert not describe(np.zeros((2, 300, 300, 3), np.uint8)).any()


def test_no_crops_give_no_rows():
    assert describe(np.zeros((0, 300, 300, 3), np.uint8)).shape == (0, len(NAMES))


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_whatever_is_drawn_descriptors_are_finite(data):
    height, width = data.draw(st.integers(1, 40)), data.draw(st.integers(1, 40))
    seed, levels = data.draw(st.integers(0, 999)), data.draw(st.sampled_from([1, 2, 256]))
    patch = np.random.default_rng(seed).integers(0, levels, (height, width, 3), dtype=np.uint8)
    crop = np.zeros((300, 300, 3), np.uint8)
    crop[:height, :width] = patch if levels > 1 else 200
    assert np.isfinite(describe(crop[None])).all()
