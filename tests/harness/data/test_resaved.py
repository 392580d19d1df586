"""Images saved again: with the published pixels they are the published cells, else they are told apart."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harness.data.audit import SplitAudit, audit
from harness.data.crops import open_crops
from harness.data.dataset import open_dataset
from harness.data.pixels import shown_by
from harness.data.published import published
from harness.errors import DataWrong
from tests.support import few_images, stored, whole_sample
from tests.support.damage import harms
from tests.support.dataset import a_dataset
from tests.support.inside import harness_inside

TRAINING = "cnmc/C-NMC_Leukemia/training_data/fold_0/all"
PRELIM = "cnmc/C-NMC_Leukemia/validation_data/C-NMC_test_prelim_phase_data"


def other_header(path: Path) -> Path:
    """Two bytes of the header (the resolution) become others, as some programs write them."""
    content = bytearray(path.read_bytes())
    content[38:40] = b"\x12\x0b"
    path.write_bytes(content)
    return path


def as_png(path: Path) -> Path:
    with Image.open(path) as image:
        image.save(path.with_suffix(".png"))
    path.unlink()
    return path.with_suffix(".png")


def in_capitals(path: Path) -> Path:
    return path.rename(path.with_suffix(".BMP"))


def by_pillow(path: Path) -> Path:
    with Image.open(path) as image:
        image.load()
    image.save(path)
    return path


def other_pixel(path: Path) -> Path:
    content = bytearray(path.read_bytes())
    content[300_000] ^= 1
    path.write_bytes(content)
    return path


def other_pixel_and_header(path: Path) -> Path:
    return other_pixel(other_header(path))


SAME = [other_header, as_png, in_capitals, by_pillow]


@pytest.fixture
def real(tmp_path: Path) -> Path:
    """Three real training cells and three real preliminary ones."""
    root = tmp_path / "real"
    for source, place in ((TRAINING, "fold_0/all"), (PRELIM, "prelim")):
        (root / place).mkdir(parents=True)
        for path in sorted(stored(source).glob("*.bmp"))[:3]:
            shutil.copy(path, root / place)
    return root


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return a_dataset(tmp_path / "small", cells=24)


def every_image(root: Path, change: Callable[[Path], Path]) -> Path:
    for path in sorted(root.rglob("*.bmp")):
        change(path)
    return root


def all_of(parts: Iterable[SplitAudit], standing: str) -> int:
    return sum(len(getattr(part, standing)) for part in parts)


@pytest.mark.parametrize("change", SAME)
def test_real_images_saved_again_with_the_same_pixels_are_the_published_cells(
    change: Callable[[Path], Path], real: Path, tmp_path: Path
) -> None:
    original = open_dataset(real)
    crops = open_crops(original.records, tmp_path / "crops")
    copy = shutil.copytree(real, tmp_path / "copy")
    resaved = open_dataset(every_image(copy, change), cache=tmp_path / "another cache")
    assert len(resaved.records) == 6
    assert resaved.key == original.key
    assert [cell.sha256 for cell in resaved.records] == [cell.sha256 for cell in original.records]
    assert resaved.resaved["pixels_not_known"] == 0
    again = open_crops(resaved.records, tmp_path / "other crops")
    assert again.path.name == crops.path.name
    assert again.path.read_bytes() == crops.path.read_bytes()


def test_the_audit_says_what_was_saved_again_apart_from_what_is_damaged(real: Path) -> None:
    first, second, third = sorted((real / "fold_0/all").iterdir())
    other_header(first)
    other_pixel_and_header(second)
    as_png(third)
    answer = harness_inside("data", "audit", real, "--accept-resaved")
    same = f"Saved again, same pixels, used as they are: 2 images of train (fold_0/all/{first.name}, "
    assert same in answer.out
    assert f"{second.name}: corrupt in train" in answer.out
    assert "damaged: its pixels are not the published ones" in answer.out
    assert "pixels not known" not in answer.out


@pytest.mark.parametrize(("folder", "count"), [(few_images, 24), (whole_sample, 332)])
def test_every_real_image_is_its_pixels_under_a_published_header(
    folder: Callable[[], Path], count: int
) -> None:
    images = sorted(folder().rglob("*.bmp"))
    assert len(images) == count
    for path in images:
        content = path.read_bytes()
        assert hashlib.sha256(content).hexdigest() in shown_by(content, with_forms=True).forms, path.name


def test_the_list_holds_the_pixels_of_every_image_of_the_sample() -> None:
    listed = {cell.sha256: cell.pixels for cell in published().cells if cell.pixels}
    assert len(listed) == 332
    name = "UID_1_1_1_all.bmp"
    cell = published().find("train", name)
    assert cell is not None
    assert shown_by((stored(TRAINING) / name).read_bytes()).pixels == listed[cell.sha256]


@pytest.mark.parametrize("change", SAME)
def test_a_drawn_set_saved_again_is_complete(change: Callable[[Path], Path], small: Path) -> None:
    report = audit(every_image(small, change))
    assert report.complete
    assert all_of(report.splits.values(), "resaved") == (0 if change is in_capitals else 24)
    assert len(report.other_case) == (24 if change is in_capitals else 0)


def test_a_pixel_changed_under_the_published_header_is_damage_whatever_is_accepted(small: Path) -> None:
    report = audit(every_image(small, other_pixel), accept_resaved=True)
    assert all_of(report.splits.values(), "corrupt") == 24
    assert all_of(report.splits.values(), "intact") == 0


def test_images_saved_again_with_unknown_pixels_are_used_only_where_that_is_accepted(small: Path) -> None:
    every_image(small, other_pixel_and_header)
    report = audit(small)
    assert all_of(report.splits.values(), "unproven") == 24
    assert all_of(report.splits.values(), "corrupt") == all_of(report.splits.values(), "intact") == 0
    assert not report.complete
    dataset = open_dataset(small, accept_resaved=True)
    assert dataset.audit.complete
    assert dataset.resaved == {"same_pixels": 0, "pixels_not_known": 24}
    published_ones = {
        cell.sha256 for cell in open_dataset(a_dataset(small.parent / "again", cells=24)).records
    }
    assert not published_ones & {cell.sha256 for cell in dataset.records}
    first = dataset.records[0]
    with Image.open(first.path) as image:
        assert np.array_equal(
            open_crops(dataset.records)[np.array([0])][0], np.asarray(image)[75:375, 75:375]
        )


def test_an_audit_that_has_seen_the_originals_tells_other_pixels_in_any_later_copy(small: Path) -> None:
    copy = shutil.copytree(small, small.parent / "copy")
    audit(small)
    report = audit(every_image(copy, other_pixel_and_header), accept_resaved=True)
    assert all_of(report.splits.values(), "corrupt") == 24
    assert "damaged: its pixels are not" in report.splits["final"].corrupt[0].reason


def test_an_image_of_another_size_or_of_another_cell_is_never_accepted(small: Path) -> None:
    cells = sorted(small.rglob("fold_1/*/*.bmp"))
    with Image.open(cells[0]) as image:
        smaller = image.resize((300, 300))
    smaller.save(cells[0])
    shutil.copy(cells[2], cells[1])
    other_header(cells[1])
    report = audit(small, accept_resaved=True).splits["train"]
    assert report.unproven == ()
    assert {finding.name for finding in report.corrupt} == {cells[0].name, cells[1].name}
    assert any(f"its pixels are those of {cells[2].name}" in finding.reason for finding in report.corrupt)


def test_a_run_on_accepted_images_says_so_on_everything_and_without_the_option_names_it(
    small: Path, tmp_path: Path
) -> None:
    every_image(small, other_pixel_and_header)
    command = ("submit", "--model", "majority", "--split", "fold0", "--data", small, "--runs", tmp_path / "r")
    refused = harness_inside(*command, "--allow-partial")
    assert refused.code == 3
    assert "--accept-resaved takes them" in refused.err
    done = harness_inside(*command, "--accept-resaved", "--json")
    assert done.code == 0, done.err
    assert "24 images, pixels not known" in done.err
    (run,) = (tmp_path / "r").iterdir()
    told = json.loads((run / "manifest.json").read_text())
    told = told.get("content", told)
    assert "images saved again, pixels not known" in told["remarks"]
    assert told["data"]["resaved"]["pixels_not_known"] == 24
    assert "images saved again, pixels not known" in (run / "card.md").read_text()


def test_a_run_that_lacks_one_such_image_is_pointed_to_the_option(small: Path, tmp_path: Path) -> None:
    other_pixel_and_header(sorted(small.rglob("fold_0/all/*.bmp"))[0])
    command = ("submit", "--model", "majority", "--split", "fold0", "--data", small, "--runs", tmp_path / "r")
    refused = harness_inside(*command)
    assert refused.code == 3
    assert "\n1 images were saved again, and nobody has seen" in refused.err
    assert "--allow-partial" in refused.err


@pytest.mark.parametrize("which", ["audit-*.json", "pixels.json"])
def test_harmed_memories_of_an_audit_are_made_anew_and_said_to_be(
    which: str, small: Path, cache: Path, tmp_path: Path
) -> None:
    every_image(small, other_pixel_and_header)
    audit(a_dataset(tmp_path / "original", cells=24))
    right = audit(small).to_json()
    audit(a_dataset(tmp_path / "other", cells=24, seed=1), cache=tmp_path / "elsewhere")
    harmed = sorted(cache.glob(which))[0]
    foreign = sorted((tmp_path / "elsewhere").glob(which))[0].read_bytes()
    content = harmed.read_bytes()
    for words, bytes_then in harms(content, foreign if which != "pixels.json" else b"[]"):
        harmed.write_bytes(bytes_then)
        audit(tmp_path / "original")
        report = audit(small)
        assert {**report.to_json(), "remarks": []} == right, words
        assert audit(small).remarks == (), words


def test_archives_and_lossy_copies_are_named_for_what_they_are(small: Path) -> None:
    cell = sorted(small.rglob("fold_1/*/*.bmp"))[0]
    with zipfile.ZipFile(small / "fold_9.zip", "w") as archive:
        archive.write(cell, f"fold_9/{cell.name}")
    (small / "damaged.zip").write_bytes(b"PK")
    (small / "test.tar.gz").write_bytes(b"\x1f\x8b")
    with Image.open(cell) as image:
        image.save(cell.with_suffix(".jpg"))
    (small / "holiday.jpg").write_bytes(b"sea")
    report = audit(small)
    assert report.complete
    said = {finding.name: finding.reason for finding in report.other_forms}
    assert said["fold_9.zip"] == "a zip archive with 1 images: unpack it here and audit again"
    assert said["damaged.zip"].startswith("a damaged zip archive")
    assert said["test.tar.gz"].startswith("a packed archive")
    assert said[f"{cell.stem}.jpg"].startswith("a JPG copy has lost pixels")
    assert report.stray == ("holiday.jpg",)


def test_a_folder_with_nothing_but_a_zip_of_images_says_to_unpack_it(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "C-NMC.zip", "w") as archive:
        archive.writestr("fold_0/all/UID_1_1_1_all.bmp", b"BM")
    with pytest.raises(DataWrong, match=r"C-NMC\.zip: a zip archive with 1 images: unpack it here"):
        audit(tmp_path)


def test_numbered_images_in_a_folder_that_names_no_test_set_say_so(tmp_path: Path) -> None:
    for number in range(1, 4):
        (tmp_path / f"{number}.bmp").write_bytes(b"BM")
    with pytest.raises(DataWrong, match=r"1\.bmp: a numbered image, .* name one of them prelim or final"):
        audit(tmp_path)


def test_pixels_that_are_not_opaque_or_not_of_8_bits_prove_nothing() -> None:
    for image in (Image.new("RGBA", (450, 450), (1, 2, 3, 200)), Image.new("I;16", (450, 450), 700)):
        file = io.BytesIO()
        image.save(file, "PNG")
        assert shown_by(file.getvalue()).pixels == ""
