"""Images of one's own: what each of them gets, from a lossless copy to a photograph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harness.data.appearance import Look, look_of, reference_of, unlike, unlike_together
from harness.data.crops import centre_crop
from harness.data.own_images import OwnFile, OwnImage, background_of, own_files, own_image, read_own
from harness.errors import DataWrong
from tests.support import few_images


def real() -> list[Path]:
    return sorted(few_images().rglob("*.bmp"))


def saved(folder: Path, image: Image.Image, name: str, **options: object) -> OwnImage:
    image.save(folder / name, **options)
    return read_own(OwnFile(name, folder / name))


@pytest.mark.parametrize("ending", ["png", "tiff", "bmp"])
def test_a_lossless_copy_has_the_crop_of_the_original_and_is_recognised(tmp_path: Path, ending: str) -> None:
    for path in real()[::4]:
        with Image.open(path) as image:
            found = saved(tmp_path, image.convert("RGB"), f"mine.{ending}")
            np.testing.assert_array_equal(found.crop, centre_crop(image))
        assert found.cell is not None
        assert found.cell.name == path.name


@pytest.mark.parametrize("side", [600, 500, 800])
def test_black_padding_changes_nothing(side: int) -> None:
    for path in real()[::6]:
        with Image.open(path) as image:
            padded = Image.new("RGB", (side, side))
            padded.paste(image, ((side - 450) // 2, (side - 450) // 2))
            found = own_image("padded", np.asarray(padded))
            np.testing.assert_array_equal(found.crop, centre_crop(image))
        assert found.cell is not None
        assert found.cell.name == path.name


@pytest.mark.parametrize(("side", "at"), [(450, None), (600, (50, 70)), (700, (10, 249))])
def test_a_training_image_gets_its_crop_wherever_it_lies(side: int, at: tuple[int, int] | None) -> None:
    for path in real()[::6]:
        with Image.open(path) as image:
            pixels, expected = np.asarray(image.convert("RGB")), centre_crop(image)
        found = own_image("moved", moved(pixels, side, at))
        np.testing.assert_array_equal(found.crop, expected)
        assert found.remarks == ("cropped as the published image that it shows",)
        assert found.cell is not None
        assert found.cell.name == path.name


def moved(pixels: np.ndarray, side: int, at: tuple[int, int] | None) -> np.ndarray:
    """A whole image pasted at this row and column, or without one its cell alone, near a corner."""
    if at is None:
        rows, columns = (np.flatnonzero(pixels.any(axis=(1 - axis, 2))) for axis in (0, 1))
        pixels, at = pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], (3, 4)
    canvas = np.zeros((side, side, 3), dtype=np.uint8)
    canvas[at[0] : at[0] + len(pixels), at[1] : at[1] + pixels.shape[1]] = pixels
    return canvas


def test_a_grey_background_is_made_black_and_that_is_said() -> None:
    path = real()[0]
    with Image.open(path) as image:
        pixels, expected = np.asarray(image.convert("RGB")), centre_crop(image)
    outside = background_of(pixels)[0]
    assert outside is not None
    grey = np.where(outside[..., None], (180, 182, 178), pixels).astype(np.uint8)
    found = own_image("grey", grey)
    np.testing.assert_array_equal(found.crop, expected)
    assert found.remarks[0] == "background of colour (180, 182, 178) made black"
    assert found.cell is not None
    assert found.cell.name == path.name


def test_a_jpeg_loses_pixels_keeps_its_cell_and_says_so(tmp_path: Path) -> None:
    with Image.open(real()[0]) as image:
        found = saved(tmp_path, image.convert("RGB"), "mine.jpg", quality=90)
        expected = centre_crop(image)
    assert found.crop is not None
    assert found.remarks == ("JPEG has lost pixels; its background made black",)
    assert found.cell is None
    black = (expected.max(axis=2) == 0) & (found.crop.max(axis=2) == 0)
    assert black.sum() > 0.95 * (expected.max(axis=2) == 0).sum()


def a_cell(side: int, box: tuple[int, int, int, int]) -> np.ndarray:
    pixels = np.zeros((side, side, 3), dtype=np.uint8)
    top, left, height, width = box
    pixels[top : top + height, left : left + width] = (120, 60, 140)
    return pixels


def test_a_cell_beside_the_middle_of_a_large_image_is_cropped_around_it() -> None:
    found = own_image("aside", a_cell(1000, (20, 40, 200, 220)))
    assert found.crop is not None
    assert found.remarks == ("cropped around the cell, which is not in the middle",)
    assert (found.width, found.height) == (220, 200)
    assert found.crop.any(axis=2).sum() == 200 * 220


@pytest.mark.parametrize("side", [450, 600])
def test_a_cell_beside_the_middle_of_an_image_of_a_published_size_is_cropped_around_it(side: int) -> None:
    found = own_image("aside", a_cell(side, (3, 4, 200, 220)))
    assert found.crop is not None
    assert found.crop.any(axis=2).sum() == 200 * 220
    assert found.remarks == ("cropped around the cell, which is not in the middle",)


def test_a_cell_that_the_middle_holds_is_left_where_it_is() -> None:
    pixels = a_cell(450, (80, 90, 200, 220))
    found = own_image("held", pixels)
    np.testing.assert_array_equal(found.crop, pixels[75:375, 75:375])
    assert found.remarks == ()


def test_what_is_still_cut_is_said_with_what_is_lost() -> None:
    speck = a_cell(450, (150, 150, 150, 150)) + a_cell(450, (2, 2, 5, 5))
    found = own_image("speck", speck)
    np.testing.assert_array_equal(found.crop, speck[75:375, 75:375])
    assert found.remarks == ("cut: 25 of its 22,525 pixels lie outside of the 300x300 that are used",)
    far = own_image("far", a_cell(450, (2, 2, 150, 150)) + a_cell(450, (445, 445, 3, 3)))
    assert far.crop is not None
    assert far.crop.any(axis=2).sum() == 150 * 150
    assert far.remarks[0] == "cropped around the cell, which is not in the middle"
    assert "larger than 300 pixels" not in far.remarks[1]
    edge = own_image("edge", a_cell(450, (0, 100, 150, 150)))
    assert edge.remarks[1:] == ("reaches the edge of the image, where it may be cut off",)


def test_a_small_image_is_padded_and_a_large_cell_cut_with_a_word() -> None:
    small = own_image("small", a_cell(120, (20, 20, 80, 80)))
    assert small.crop is not None
    assert small.crop.shape == (300, 300, 3)
    assert small.crop.any(axis=2).sum() == 80 * 80
    large = own_image("large", a_cell(700, (100, 100, 500, 480)))
    assert large.remarks == ("larger than 300 pixels, so its edge is cut",)


def test_what_shows_no_cell_gets_none_and_the_reason(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    rows, columns = np.mgrid[:400, :600]
    photograph = np.stack([columns * 255 / 600, rows * 255 / 400, (rows + columns) % 256], axis=-1)
    photograph += generator.normal(0, 10, photograph.shape)
    found = {
        "photograph": own_image("photograph", photograph.clip(0, 255).astype(np.uint8)),
        "black": own_image("black", np.zeros((450, 450, 3), dtype=np.uint8)),
        "plain": own_image("plain", np.full((450, 450, 3), 90, dtype=np.uint8)),
    }
    (tmp_path / "cut.bmp").write_bytes(real()[0].read_bytes()[:2000])
    (tmp_path / "text.png").write_text("no image")
    for name in ("cut.bmp", "text.png", "absent.png"):
        found[name] = read_own(OwnFile(name, tmp_path / name))
    assert all(one.crop is None for one in found.values())
    assert "no even background" in found["photograph"].problem
    assert "nothing but background" in found["black"].problem
    assert "nothing but background" in found["plain"].problem
    assert "cannot be read" in found["cut.bmp"].problem
    assert "is no BMP, PNG, TIFF or JPEG" in found["text.png"].problem
    assert "FileNotFoundError" in found["absent.png"].problem


def test_odd_kinds_of_images_are_read_with_a_word(tmp_path: Path) -> None:
    pixels = a_cell(300, (50, 60, 100, 120))
    grey = saved(tmp_path, Image.fromarray(pixels).convert("L"), "grey.png")
    assert grey.remarks == ("without colour",)
    deep = Image.fromarray(pixels[..., 0].astype(np.uint16) * 257)
    sixteen = saved(tmp_path, deep, "deep.tiff")
    assert sixteen.remarks == ("16 bits, without colour",)
    assert sixteen.crop is not None
    np.testing.assert_array_equal(sixteen.crop[..., 0], pixels[..., 0])
    pages = [Image.fromarray(pixels), Image.fromarray(pixels)]
    several = saved(tmp_path, pages[0], "pages.tiff", save_all=True, append_images=pages[1:])
    assert several.remarks == ("the first of 2 pages",)
    clear = np.dstack([np.where(pixels == 0, 255, pixels), pixels.max(axis=2, keepdims=True) * 2])
    glass = saved(tmp_path, Image.fromarray(clear.astype(np.uint8)), "glass.png")
    assert glass.remarks == ("transparent pixels taken for background",)
    two = a_cell(300, (20, 20, 100, 100)) + a_cell(300, (180, 180, 90, 90))
    assert own_image("two", two).remarks == ("shows more than one object",)


def test_the_images_of_a_folder_come_by_name_with_numbers_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("10.png", "9.PNG", "b/2.tif", ".hidden.png", "notes.txt"):
        (tmp_path / name).touch()
    assert [one.name for one in own_files(tmp_path)] == ["9.PNG", "10.png", "b/2.tif"]
    assert [one.name for one in own_files(tmp_path / "10.png")] == ["10.png"]
    with pytest.raises(DataWrong, match="there is no folder"):
        own_files(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataWrong, match="holds no image"):
        own_files(tmp_path / "empty")


def test_cells_twice_as_large_as_the_training_cells_are_told_and_equal_ones_are_not() -> None:
    generator = np.random.default_rng(1)
    sizes = generator.normal(200, 20, 200)
    training = [Look(float(size), 0.5, 80.0, 40.0, 90.0) for size in sizes]
    reference = reference_of(training)
    twice = [Look(2 * one.size, 0.5, 80.0, 40.0, 90.0) for one in training]
    assert unlike_together(training, reference) == ()
    (said,) = unlike_together(twice, reference)
    assert said.startswith("these cells are 2.0 times as large as the training cells (median 4")
    assert unlike(twice[0], reference)[0].startswith("size in pixels ")
    bright = [Look(one.size, 0.5, 160.0, 40.0, 90.0) for one in training]
    (said,) = unlike_together(bright, reference)
    assert said == "mean red: median 160, of four fifths of the training cells 80 to 80"


def test_a_look_measures_box_background_and_colour() -> None:
    look = look_of(a_cell(300, (50, 60, 100, 120)))
    assert look.size == pytest.approx((100 * 120) ** 0.5)
    assert look.background == pytest.approx(1 - 100 * 120 / 90000)
    assert (look.red, look.green, look.blue) == (120, 60, 140)
    assert look_of(np.zeros((300, 300, 3), dtype=np.uint8)).background == 1
