"""Features are computed once per crop, whatever cell or run it comes from, and survive a stop."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from models.contract import FitInterrupted, Session
from models.descriptors.store import Measurement, features_of
from models.drawn_cells import drawn_cells
from tests.support.damage import harms
from tests.support.disk import no_file_above


def counted(dtype="float64", name="mean-1", **more):
    """A measurement that remembers how many crops it was asked for."""
    seen = []

    def mean_colour(crops):
        seen.append(len(crops))
        return crops.mean(axis=(1, 2))

    return Measurement(name, 3, mean_colour, dtype=dtype, batch=4, **more), seen


def test_features_come_in_the_order_of_the_cells(tmp_path):
    measurement, _ = counted()
    cells = drawn_cells(10)
    found = features_of(cells, measurement, Session(cache=tmp_path))
    np.testing.assert_allclose(found, cells.crops().mean(axis=(1, 2)))


def test_a_second_run_computes_nothing_and_gives_the_same_bits(tmp_path):
    measurement, seen = counted("float32")
    session = Session(cache=tmp_path)
    first = features_of(drawn_cells(10), measurement, session)
    computed = sum(seen)
    again = features_of(drawn_cells(10).take(np.arange(9, -1, -1)), measurement, session)
    assert computed == sum(seen) == 10
    assert np.array_equal(again, first[::-1])


def test_cells_with_the_same_pixels_are_computed_once(tmp_path):
    measurement, seen = counted()
    twice = drawn_cells(4).take(np.array([0, 1, 1, 0, 2]))
    found = features_of(twice, measurement, Session(cache=tmp_path))
    assert sum(seen) == 3
    assert np.array_equal(found[0], found[3])


def test_another_version_is_another_store(tmp_path):
    session = Session(cache=tmp_path)
    features_of(drawn_cells(4), counted()[0], session)
    newer, seen = counted(name="mean-2")
    features_of(drawn_cells(4), newer, session)
    assert sum(seen) == 4


def test_without_a_cache_nothing_is_written(tmp_path):
    measurement, _ = counted()
    features_of(drawn_cells(4), measurement, Session())
    assert not list(tmp_path.iterdir())


def test_a_stopped_run_keeps_what_it_computed(tmp_path):
    measurement, seen = counted()
    with pytest.raises(FitInterrupted):
        features_of(drawn_cells(10), measurement, Session(checkpoints=tmp_path, stopping=lambda: True))
    assert sum(seen) == 4
    found = features_of(drawn_cells(10), measurement, Session(checkpoints=tmp_path))
    assert sum(seen) == 10
    np.testing.assert_allclose(found, drawn_cells(10).crops().mean(axis=(1, 2)))


def test_half_written_and_foreign_files_in_the_store_are_passed_over(tmp_path):
    measurement, seen = counted()
    session = Session(cache=tmp_path)
    features_of(drawn_cells(4), measurement, session)
    folder = tmp_path / "features" / "mean-1"
    (folder / ".half.part").write_bytes(b"\x93NUMPY")
    (folder / "torn.npy").write_bytes(b"\x93NUMPY\x01\x00v")
    np.save(folder / "other.npy", np.zeros(3))
    features_of(drawn_cells(4), measurement, session)
    assert sum(seen) == 4


def test_worker_processes_give_the_same_descriptors_as_this_one(monkeypatch):
    from models.descriptors import store, table

    cells = drawn_cells(8)
    here = table.descriptors_of(cells, Session())
    monkeypatch.setattr(store, "_WORTH_PROCESSES", 0)
    assert np.array_equal(table.descriptors_of(cells, Session()), here)


def test_a_stop_while_worker_processes_measure_keeps_what_came_back(tmp_path, monkeypatch):
    from models.descriptors import store, table

    monkeypatch.setattr(store, "_WORTH_PROCESSES", 0)
    cells, session = drawn_cells(40), Session(cache=tmp_path)
    with pytest.raises(FitInterrupted):
        table.descriptors_of(cells, Session(cache=tmp_path, stopping=lambda: True))
    (kept,) = (tmp_path / "features").rglob("*.npy")
    assert len(np.load(kept)) == 32
    assert table.descriptors_of(cells, session).shape == (40, table.DESCRIPTORS.width)


def tables(root):
    return sorted((root / "features").rglob("*.npy"))


def seal_of(table):
    return table.with_name(f"{table.name}.seal")


@pytest.mark.parametrize("which", ["table", "seal"])
def test_a_harmed_table_is_measured_anew_and_said_to_be(which, tmp_path, caplog):
    measurement, seen = counted()
    cells, session = drawn_cells(40), Session(cache=tmp_path)
    right = features_of(cells, measurement, session)
    features_of(drawn_cells(40, seed=1), measurement, Session(cache=tmp_path / "other"))
    (table,), (other,) = tables(tmp_path), tables(tmp_path / "other")
    place = {"table": lambda file: file, "seal": seal_of}[which]
    content = place(table).read_bytes()
    for words, bytes_then in harms(content, place(other).read_bytes()):
        place(table).write_bytes(bytes_then)
        caplog.clear()
        seen.clear()
        assert np.array_equal(features_of(cells, measurement, session), right), words
        assert sum(seen) == 40, words
        assert "1 kept tables are measured anew" in caplog.text, words
        assert place(table).read_bytes() == content, words


def test_features_kept_without_a_seal_or_by_other_code_are_measured_anew(tmp_path, caplog):
    session = Session(cache=tmp_path)
    features_of(drawn_cells(4), counted()[0], session)
    seal_of(tables(tmp_path)[0]).unlink()
    for kinds in ({}, {"made_by": {"code": "other"}}):
        for expected in (4, 0):
            measurement, seen = counted(**kinds)
            features_of(drawn_cells(4), measurement, session)
            assert sum(seen) == expected
    assert "made from another code" in caplog.text


def test_features_of_another_measurement_are_not_taken(tmp_path):
    session = Session(cache=tmp_path)
    right = features_of(drawn_cells(4), counted()[0], session)
    features_of(drawn_cells(4), counted(name="other")[0], session)
    mine, other = tables(tmp_path)
    shutil.copy(other, mine)
    shutil.copy(seal_of(other), seal_of(mine))
    measurement, seen = counted()
    assert np.array_equal(features_of(drawn_cells(4), measurement, session), right)
    assert sum(seen) == 4


def test_a_disk_without_room_for_features_is_an_error_that_names_the_table(tmp_path):
    measurement, _ = counted()
    with no_file_above(100), pytest.raises(OSError, match=r"features/mean-1/[0-9a-f]{32}\.npy"):
        features_of(drawn_cells(10), measurement, Session(cache=tmp_path))
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_worker_processes_run_no_python_file_of_the_working_folder(tmp_path: Path) -> None:
    for name in ("joblib.py", "secrets.py", "models.py", "pickle.py", "numpy.py"):
        (tmp_path / name).write_text("raise RuntimeError('a file of the working folder was run')\n")
    code = (
        "import numpy as np; from models.descriptors.store import _in_processes;"
        "print([float(one) for one in _in_processes(np.sum, [np.ones(2), np.ones(3)])])"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.strip() == "[2.0, 3.0]", done.stderr
