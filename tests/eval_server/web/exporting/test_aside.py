"""What an export writes aside: nothing stays of it, whether it ends, fails, or is killed."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from eval_server.web.exporting.writing import UNFINISHED, export_course, zipped_course
from tests.support.desk import a_place
from tests.support.sentences import ROOT

WAITING = """
import sys, time
from pathlib import Path
from eval_server.service.desk import Desk
from eval_server.service.settings import Settings
from eval_server.web.exporting import writing

def waits(*_):
    print("all but the report is written", flush=True)
    time.sleep(600)

writing.report_page = waits
data, folder = map(Path, sys.argv[1:])
writing.export_course(Desk.open(Settings(data_dir=data)), folder)
"""


@contextmanager
def an_export(data: Path, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has written most of a course aside, and goes no further."""
    command = [sys.executable, "-c", WAITING, str(data), str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "all but the report is written\n"
            yield process
        finally:
            process.kill()


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith(UNFINISHED))


def test_the_next_export_removes_what_a_killed_one_left_and_not_what_a_living_one_writes(
    tmp_path: Path,
) -> None:
    with a_place(tmp_path / "server") as place:
        place.phase()
        place.hand_in()
    data = tmp_path / "server"
    with an_export(data, tmp_path / "one") as killed:
        of_killed = left_in(tmp_path)
        assert (tmp_path / of_killed[0] / "small" / "teams.csv").is_file()
        with an_export(data, tmp_path / "two"), a_place(data) as place:
            killed.kill()
            killed.wait()
            of_both = left_in(tmp_path)
            export_course(place.desk, tmp_path / "course")
            assert (len(of_both), left_in(tmp_path)) == (2, [one for one in of_both if one not in of_killed])
    with a_place(data) as place:
        export_course(place.desk, tmp_path / "again")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again", "course", "server"]
    assert (tmp_path / "course" / "report.html").is_file()


def test_a_download_removes_what_a_killed_one_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    left = tmp_path / "temporary" / f"{UNFINISHED}left"
    left.mkdir(parents=True)
    (left / "course.zip").write_bytes(b"private scores")
    with a_place(tmp_path / "server") as place, zipped_course(place.desk) as archive:
        assert archive.is_file()
        assert left_in(tmp_path / "temporary") == [archive.parent.name]
        assert archive.parent.stat().st_mode & 0o777 == 0o700
    assert list((tmp_path / "temporary").iterdir()) == []
