"""A submission is the same bytes every time, and everybody's reader understands them."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from submissions.packing import pack, packed, zipped
from submissions.phases import FINAL, MEMBER, OFFICIAL, PRELIM, phase_of
from submissions.predictions import Predictions
from submissions.reading import read
from tests.support.submissions import some_predictions, text_of

ALL_POSITIVE_PRELIM = "45287fe75d3dc97ff04afba7b20e60bd25ff618585a4b6ca28a485e93a7562d1"
ALTERNATING_FINAL = "f898d9ddddf3a8e9dcc9ea53870138c1921482d560160ff9f74364eaf589e901"
OTHER_FILES = "dea79d1d4f1fbb0f0cd3a14efe430d26d5e10ffc366587dacfd9dc7e3b0802e3"
"""What Python 3.11.7 and 3.15.2 (with another zlib) both wrote."""
PACK_IN_ANOTHER_PROCESS = """
import sys
from submissions.packing import pack
from tests.support.submissions import some_predictions
print(pack(some_predictions(seed=3), sys.argv[1]))
"""


def test_the_zip_holds_one_member_at_the_root_that_the_standard_library_reads() -> None:
    predictions = some_predictions(FINAL)
    with zipfile.ZipFile(io.BytesIO(packed(predictions))) as archive:
        (member,) = archive.infolist()
        assert archive.testzip() is None
        assert archive.read(member) == text_of(predictions)
    assert (member.filename, member.compress_type) == (MEMBER, zipfile.ZIP_STORED)
    assert (member.create_system, member.create_version, member.extract_version) == (3, 20, 20)
    assert member.date_time == (1980, 1, 1, 0, 0, 0)
    assert member.external_attr >> 16 == 0o100644


def test_the_bytes_are_the_same_in_two_processes_and_ten_years_later(tmp_path: Path) -> None:
    here = tmp_path / "here.zip"
    sha256 = pack(some_predictions(seed=3), here)
    command = [sys.executable, "-c", PACK_IN_ANOTHER_PROCESS, str(tmp_path / "there.zip")]
    root = Path(__file__).resolve().parents[2]
    there = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.strip()
    assert (tmp_path / "there.zip").read_bytes() == here.read_bytes()
    assert sha256 == there == hashlib.sha256(here.read_bytes()).hexdigest()


def test_the_bytes_are_pinned_so_that_no_later_version_of_ours_or_of_python_changes_them() -> None:
    everything_all = Predictions(PRELIM, np.ones(len(PRELIM), np.uint8))
    alternating = Predictions(FINAL, np.tile(np.array([0, 1], np.uint8), len(FINAL) // 2))
    others = zipped({"ä/b.csv": b"x" * 70_000, "c": b""})
    written = [packed(everything_all), packed(alternating), others]
    digests = [hashlib.sha256(content).hexdigest() for content in written]
    assert digests == [ALL_POSITIVE_PRELIM, ALTERNATING_FINAL, OTHER_FILES]


def test_nothing_but_the_zip_lies_in_the_folder_afterwards(tmp_path: Path) -> None:
    pack(some_predictions(), tmp_path / "new" / "submission.zip")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["submission.zip"]


def test_a_zip_that_cannot_be_put_in_place_leaves_nothing_half_written(tmp_path: Path) -> None:
    (tmp_path / "submission.zip").mkdir()
    with pytest.raises(OSError):
        pack(some_predictions(), tmp_path / "submission.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["submission.zip"]


def test_more_text_than_fits_into_64_kib_is_packed_whole() -> None:
    phase = phase_of("many", (f"{number}.bmp" for number in range(1, 40_001)))
    predictions = some_predictions(phase)
    assert (read(packed(predictions), phase).predictions.labels == predictions.labels).all()
    with zipfile.ZipFile(io.BytesIO(packed(predictions))) as archive:
        assert archive.read(MEMBER) == text_of(predictions)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(OFFICIAL)), st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_what_is_packed_is_read_back(name: str, seed: int, share: float) -> None:
    phase = OFFICIAL[name]
    labels = (np.random.default_rng(seed).random(len(phase)) < share).astype(np.uint8)
    reading = read(packed(Predictions(phase, labels)))
    assert reading.predictions.phase is phase
    assert reading.predictions.labels.tolist() == labels.tolist()
    assert reading.passed_over == ()
