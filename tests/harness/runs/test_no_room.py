"""A run on a disk without room: the file is named, exit code 3, and with room it goes on."""

from pathlib import Path

import pytest

from tests.support.dataset import a_dataset
from tests.support.disk import no_file_above
from tests.support.inside import harness_inside

QUICK = ("--set", "side=32", "--set", "views=1", "--set", "batch=8", "--set", "epochs=1")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    a_dataset(folder / "data")
    return folder


@pytest.mark.parametrize(
    ("model", "size", "named"),
    [
        ("tiny", 300 * 1024, "checkpoints/last"),
        ("majority", 900, ".json"),
    ],
)
def test_a_run_without_room_names_the_file_and_goes_on_when_there_is_some(
    drawn, tmp_path, monkeypatch, model, size, named
):
    monkeypatch.setenv("HARNESS_DATA", str(drawn / "data"))
    monkeypatch.setenv("HARNESS_CACHE", str(drawn / "cache"))
    changes = QUICK if model == "tiny" else ()
    command = ("submit", "--model", model, *changes, "--runs", tmp_path, "--json")
    assert harness_inside("train", "--model", "majority", "--runs", drawn / "runs").code == 0
    with no_file_above(size):
        answer = harness_inside(*command)
    assert answer.code == 3, answer.err
    assert "there is no room" in answer.err
    assert named in answer.err
    assert "Traceback" not in answer.err
    assert not [file for file in tmp_path.rglob("*") if file.suffix in (".tmp", ".part")]
    answer = harness_inside(*command)
    assert answer.code == 0, answer.err
    assert Path(answer.document()["submission"]).exists()
