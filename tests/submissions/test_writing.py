"""Files appear whole or not at all."""

import errno

import numpy as np
import pytest

from submissions.writing import naming, write_whole
from tests.support.disk import no_file_above


def test_a_file_is_replaced_whole_and_nothing_stays_beside_it(tmp_path):
    write_whole(tmp_path / "new" / "a.txt", b"one")
    write_whole(tmp_path / "new" / "a.txt", "two")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.txt"]
    assert (tmp_path / "new" / "a.txt").read_text() == "two"


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    write_whole(tmp_path / "a.txt", "old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(tmp_path / "a.txt", "\ud800")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_a_disk_without_room_is_an_error_that_names_the_file_and_leaves_the_old_one(tmp_path):
    write_whole(tmp_path / "a.txt", "old")
    with no_file_above(1000), pytest.raises(OSError, match=r"a\.txt"):
        write_whole(tmp_path / "a.txt", bytes(5000))
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_without_room_the_file_is_named_and_the_old_one_stays_whole(tmp_path):
    write_whole(tmp_path / "a.txt", "old")
    with no_file_above(1000), pytest.raises(OSError) as refused:
        write_whole(tmp_path / "a.txt", "new" * 1000)
    assert refused.value.errno == errno.EFBIG
    assert refused.value.filename == str(tmp_path / "a.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_what_numpy_cannot_write_names_its_file_too(tmp_path):
    with no_file_above(1000), pytest.raises(OSError) as refused, naming(tmp_path / "a.npy"):
        np.save(tmp_path / "a.npy", np.zeros(10_000))
    assert refused.value.filename == str(tmp_path / "a.npy")
    assert refused.value.errno is not None
