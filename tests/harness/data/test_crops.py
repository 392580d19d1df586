"""Crops equal Pillow's decoding, and a killed build leaves nothing that is mistaken for them."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harness.data import crops
from harness.data.crops import CropSource, cells_of, open_crops
from harness.data.dataset import Dataset, open_dataset
from harness.errors import DataWrong
from tests.support import few_images


@pytest.fixture
def dataset(drawn: Path) -> Dataset:
    return open_dataset(drawn)


def by_pillow(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        edge = (image.width - 300) // 2
        return np.asarray(image.convert("RGB"))[edge : edge + 300, edge : edge + 300]


def test_crops_of_real_images_are_the_middle_of_what_pillow_decodes() -> None:
    records = open_dataset(few_images()).records
    chosen = (*records[:3], *records[-3:])
    source = open_crops(chosen)
    for row, cell in enumerate(chosen):
        assert np.array_equal(source[np.array([row])][0], by_pillow(cell.path))


def test_a_final_image_gives_the_crop_of_the_field_it_pads(dataset: Dataset) -> None:
    final = dataset.of("final")
    source = open_crops(dataset.records)
    cell = final[0]
    with Image.open(cell.path) as image:
        assert image.size == (600, 600)
    assert np.array_equal(source[np.array([source.row_of(cell)])][0], by_pillow(cell.path))


def test_cells_carry_names_subjects_labels_and_pixels_of_their_records(dataset: Dataset) -> None:
    source = open_crops(dataset.records)
    records = dataset.of("prelim")
    cells = cells_of(records, source, labelled=True)
    assert cells.names == tuple(f"{number}.bmp" for number in range(1, 29))
    assert cells.subjects == tuple(cell.subject for cell in records)
    assert cells.require_labels().tolist() == [cell.label for cell in records]
    pixels = cells.crops(np.array([5, 2]))
    assert pixels.dtype == np.uint8
    assert pixels.shape == (2, 300, 300, 3)
    assert np.array_equal(pixels[1], by_pillow(records[2].path))
    assert cells_of(records, source, labelled=False).labels is None


def test_cells_of_unknown_class_cannot_be_learnt_from(dataset: Dataset) -> None:
    with pytest.raises(DataWrong, match=r"label of 1\.bmp is not known"):
        cells_of(dataset.of("final"), open_crops(dataset.records), labelled=True)


def test_the_file_is_made_once_and_follows_what_it_is_made_from(dataset: Dataset, cache: Path) -> None:
    first = open_crops(dataset.records)
    written = first.path.stat().st_mtime_ns
    assert open_crops(dataset.records).path.stat().st_mtime_ns == written
    assert open_crops(dataset.records[1:]).path != first.path
    assert len(list(cache.glob("crops-*.npy"))) == 2


def test_a_source_travels_to_another_process_as_a_path(dataset: Dataset) -> None:
    source = open_crops(dataset.records)
    letter = pickle.dumps(source)
    assert len(letter) < 20_000
    arrived: CropSource = pickle.loads(letter)
    assert np.array_equal(arrived[np.array([3])], source[np.array([3])])


def test_an_image_that_changed_since_the_audit_is_refused(drawn: Path, tmp_path: Path) -> None:
    root = shutil.copytree(drawn, tmp_path / "copy")
    dataset = open_dataset(root)
    dataset.records[4].path.write_bytes(b"BM")
    with pytest.raises(DataWrong, match="changed since it was audited"):
        open_crops(dataset.records)
    assert nothing_left(tmp_path / "cache")


def nothing_left(folder: Path) -> bool:
    return not list(folder.glob("crops-*"))


def test_without_any_intact_image_there_is_nothing_to_decode() -> None:
    with pytest.raises(DataWrong, match="no intact image"):
        open_crops(())


def test_a_disk_without_room_is_said_before_any_work(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    monkeypatch.setattr(crops, "_SPARE", 10**18)
    with pytest.raises(DataWrong, match=r"GB are free") as caught:
        open_crops(dataset.records)
    assert "HARNESS_CACHE" in caught.value.hint
    assert nothing_left(cache)


BUILD = """
import sys
from pathlib import Path
from contextlib import contextmanager
from harness.data.dataset import open_dataset
from harness.data.crops import open_crops

@contextmanager
def told(description, total):
    done = 0
    def advance(steps=1):
        nonlocal done
        done += steps
        if done == total // 2:
            print("half", flush=True)
            sys.stdin.read()
    yield advance

dataset = open_dataset(Path(sys.argv[1]))
open_crops(dataset.records, progress=told)
"""


def test_a_killed_build_leaves_nothing_that_is_mistaken_for_whole(
    drawn: Path, dataset: Dataset, cache: Path
) -> None:
    environment = {**os.environ, "HARNESS_CACHE": str(cache)}
    with subprocess.Popen(
        [sys.executable, "-c", BUILD, str(drawn)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "half\n"
        process.send_signal(signal.SIGKILL)
    assert [path.suffix for path in cache.glob("crops-*")] == [".part"]
    source = open_crops(dataset.records)
    assert {path.name for path in cache.glob("crops-*")} == {source.path.name, f"{source.path.name}.seal"}
    last = dataset.records[-1]
    assert np.array_equal(source[np.array([len(source) - 1])][0], by_pillow(last.path))
