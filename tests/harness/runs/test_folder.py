"""A run's folder: nothing half-written, one process at a time, a history without doubles."""

import json
import subprocess
import sys

import pytest

from harness.errors import DataWrong
from harness.runs.folder import RunFolder, Status


def test_a_folder_written_aside_appears_only_when_all_went_well(tmp_path):
    folder = RunFolder(tmp_path)
    with pytest.raises(ZeroDivisionError), folder.written_aside(folder.fitted) as aside:
        (aside / "half").write_text("half")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
    with folder.written_aside(folder.fitted) as aside:
        (aside / "whole").write_text("whole")
    assert (folder.fitted / "whole").read_text() == "whole"


def test_an_event_of_the_same_epoch_replaces_the_earlier_one_also_after_a_restart(tmp_path):
    folder = RunFolder(tmp_path)
    record = folder.recorder()
    record({"epoch": 1, "loss": 3.0})
    record({"epoch": 2, "loss": 2.0})
    folder.recorder()({"epoch": 2, "loss": 1.0})
    assert folder.events() == [{"epoch": 1, "loss": 3.0}, {"epoch": 2, "loss": 1.0}]
    lines = [json.loads(line) for line in folder.history.read_text().splitlines()]
    assert [(line["epoch"], line["loss"]) for line in lines] == [(1, 3.0), (2, 1.0)]


def test_a_history_of_another_run_or_with_one_number_changed_is_refused(tmp_path):
    folder = RunFolder(tmp_path, "a" * 64)
    folder.recorder()({"epoch": 1, "loss": 3.0})
    with pytest.raises(DataWrong, match="belongs to another run"):
        RunFolder(tmp_path, "b" * 64).recorder()
    folder.history.write_text(folder.history.read_text().replace("3.0", "2.0"))
    with pytest.raises(DataWrong, match="its SHA-256 is not the one"):
        folder.recorder()


@pytest.mark.parametrize("content", [b'{"status": "half-', b"[1]", b"\xff", b'{"status": [1]}', b"{}"])
def test_a_status_file_that_makes_no_sense_is_named(tmp_path, content):
    (tmp_path / "status.json").write_bytes(content)
    with pytest.raises(DataWrong, match=r"status\.json"):
        RunFolder(tmp_path).status()


def test_a_fit_that_nobody_is_at_work_on_was_interrupted(tmp_path):
    folder = RunFolder(tmp_path)
    with folder.locked():
        folder.mark(Status.FITTING)
        assert folder.status() is Status.FITTING
    assert folder.status() is Status.INTERRUPTED


@pytest.mark.parametrize(("old", "new"), [("packed", "failed"), ("a" * 64, "b" * 64)])
def test_a_document_that_was_changed_or_is_that_of_another_run_is_refused(tmp_path, old, new):
    folder = RunFolder(tmp_path, "a" * 64)
    folder.mark(Status.PACKED)
    assert folder.status() is Status.PACKED
    file = tmp_path / "status.json"
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(DataWrong, match=r"status\.json was changed"):
        folder.status()
    RunFolder(tmp_path, "b" * 64).mark(Status.PACKED)
    with pytest.raises(DataWrong, match=r"status\.json belongs to another run"):
        folder.status()


@pytest.mark.parametrize("content", [b'{"epoch": 1}\n{"ep', b"[1]\n", b"\xff\n"])
def test_a_damaged_history_is_named_with_the_way_out(tmp_path, content):
    folder = RunFolder(tmp_path)
    folder.history.write_bytes(content)
    with pytest.raises(DataWrong, match=r"history.jsonl is damaged") as refused:
        folder.recorder()
    assert "--fresh" in refused.value.hint


def test_a_second_process_on_the_same_run_is_told_and_the_lock_goes_with_its_holder(tmp_path):
    code = "import sys; from pathlib import Path; from harness.runs.folder import RunFolder\n"
    code += "with RunFolder(Path(sys.argv[1])).locked():\n    print('held', flush=True); sys.stdin.read()"
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(DataWrong, match="another process"), RunFolder(tmp_path).locked():
        pass
    holder.kill()
    holder.communicate()
    with RunFolder(tmp_path).locked():
        pass


def test_starting_over_leaves_nothing_of_the_earlier_try(tmp_path):
    folder = RunFolder(tmp_path)
    folder.checkpoints.mkdir()
    (folder.checkpoints / "last").write_text("x")
    folder.mark(Status.FITTED)
    folder.start_over()
    assert list(tmp_path.iterdir()) == []
