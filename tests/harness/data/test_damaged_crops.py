"""A damaged file of crops is made anew, or refused; it never gives another crop."""

from __future__ import annotations

import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from harness.data.crops import CropSource, open_crops
from harness.data.dataset import Dataset, open_dataset
from harness.errors import DataWrong
from models.contract import Crops
from submissions.sealing import SealBroken
from tests.support.damage import harms
from tests.support.dataset import a_dataset
from tests.support.disk import no_file_above


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_dataset(tmp_path_factory.mktemp("drawn") / "data", cells=24)


@pytest.fixture
def dataset(root: Path) -> Dataset:
    return open_dataset(root)


@pytest.fixture
def source(dataset: Dataset) -> CropSource:
    return open_crops(dataset.records)


@pytest.fixture
def other(tmp_path: Path) -> CropSource:
    """The crops of as many cells of another data set, in a cache of its own."""
    records = open_dataset(a_dataset(tmp_path / "other", cells=24, seed=1)).records
    return open_crops(records, tmp_path / "elsewhere")


def every(source: CropSource) -> Crops:
    return source[np.arange(len(source))]


def seal_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.seal")


@pytest.mark.parametrize("which", ["crops", "seal"])
def test_harmed_crops_are_made_anew_and_said_to_be(
    which: str, dataset: Dataset, source: CropSource, other: CropSource, capsys: pytest.CaptureFixture[str]
) -> None:
    right = every(source)
    place = {"crops": Path, "seal": seal_of}[which]
    harmed = place(source.path)
    content = harmed.read_bytes()
    for words, bytes_then in harms(content, place(other.path).read_bytes()):
        harmed.write_bytes(bytes_then)
        again = open_crops(dataset.records)
        assert np.array_equal(every(again), right), words
        assert "made anew" in capsys.readouterr().err, words
        assert harmed.read_bytes() == content, words


def test_crops_and_seal_of_another_data_set_are_not_taken(
    dataset: Dataset, source: CropSource, other: CropSource, capsys: pytest.CaptureFixture[str]
) -> None:
    right = every(source)
    shutil.copy(other.path, source.path)
    shutil.copy(seal_of(other.path), seal_of(source.path))
    assert np.array_equal(every(open_crops(dataset.records)), right)
    assert "was made from another cells" in capsys.readouterr().err


def test_crops_of_an_earlier_version_without_a_seal_are_made_anew_once(
    dataset: Dataset, source: CropSource, capsys: pytest.CaptureFixture[str]
) -> None:
    seal_of(source.path).unlink()
    open_crops(dataset.records)
    assert "the crops are made anew" in capsys.readouterr().err
    open_crops(dataset.records)
    assert capsys.readouterr().err == ""


def test_crops_that_are_damaged_while_in_use_give_the_right_ones_all_the_same(source: CropSource) -> None:
    right = every(source)
    content = source.path.read_bytes()
    for words, bytes_then in harms(content, content[::-1]):
        with source.path.open("r+b") as file:  # the same file, not another one of its name
            file.truncate(len(bytes_then))
            file.write(bytes_then)
        assert np.array_equal(every(source), right), words


def test_damage_in_use_that_cannot_be_mended_is_refused_by_name(
    dataset: Dataset, source: CropSource, tmp_path: Path
) -> None:
    travelled = pickle.loads(pickle.dumps(source))
    right = every(travelled)
    with source.path.open("r+b") as file:
        file.seek(300_000)
        file.write(b"\xff" * 5000)
    with pytest.raises(DataWrong, match=rf"{source.path.name} was changed between bytes"):
        every(travelled)
    with pytest.raises(SealBroken):
        pickle.loads(pickle.dumps(travelled))
    assert np.array_equal(every(open_crops(dataset.records)), right)


def test_damaged_crops_without_the_images_they_came_from_are_refused(root: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(root, tmp_path / "copy")
    dataset = open_dataset(copy)
    path = open_crops(dataset.records).path
    path.write_bytes(os.urandom(path.stat().st_size))
    shutil.rmtree(copy)
    for _ in range(2):
        with pytest.raises(DataWrong, match="cannot be read"):
            every(open_crops(dataset.records))


def test_a_disk_without_room_for_the_crops_is_said_and_leaves_nothing(dataset: Dataset, cache: Path) -> None:
    with no_file_above(1_000_000), pytest.raises(DataWrong, match=r"crops-.*cannot be written") as caught:
        open_crops(dataset.records)
    assert "HARNESS_CACHE" in caught.value.hint
    assert not list(cache.glob("crops-*"))
