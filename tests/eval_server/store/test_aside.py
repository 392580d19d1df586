"""What is written aside: locked while its process lives, and gone with the next one when it was killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from eval_server.store import backup, scratch
from eval_server.store.aside import folder_aside
from eval_server.store.store import Store
from tests.support.desk import NOON, a_place
from tests.support.sentences import ROOT

UNFINISHED = ".unfinished-"
WAITING = f"""
import sys, time
from pathlib import Path
from eval_server.store.aside import folder_aside

with folder_aside(Path(sys.argv[1]), {UNFINISHED!r}) as aside:
    (aside / "scores.csv").write_text("private")
    print(aside.name, flush=True)
    time.sleep(600)
"""


def test_a_folder_is_left_alone_while_its_process_lives_and_removed_once_it_was_killed(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-c", WAITING, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        other = tmp_path / process.stdout.readline().strip()
        with folder_aside(tmp_path, UNFINISHED) as aside:
            assert sorted(tmp_path.iterdir()) == sorted([aside, other])
        process.kill()
        process.wait()
    assert (other / "scores.csv").exists()
    with folder_aside(tmp_path, UNFINISHED) as aside:
        assert list(tmp_path.iterdir()) == [aside]
        assert aside.stat().st_mode & 0o777 == 0o700
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_removed_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("precious")
    (tmp_path / f"{UNFINISHED}link").symlink_to(tmp_path / "mine")
    with folder_aside(tmp_path, UNFINISHED) as aside:
        assert aside.is_dir()
        assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.tex"]
    assert not aside.exists()


@pytest.mark.parametrize("kind", [backup.UNFINISHED, scratch.UNFINISHED])
def test_a_backup_and_what_brings_it_back_remove_what_a_killed_one_left(tmp_path: Path, kind: str) -> None:
    with a_place(tmp_path / "server") as place:
        place.phase()
        place.hand_in()
        left = (tmp_path if kind == backup.UNFINISHED else tmp_path / "server") / f"{kind}left"
        left.mkdir()
        (left / "rows").write_text("private")
        backup.dump(place.desk.store, tmp_path / "saved.tar", NOON)
    store = Store.open(tmp_path / "server")
    backup.load(store, tmp_path / "saved.tar")
    store.close()
    assert not list(tmp_path.rglob(f"{kind}*"))
    assert (tmp_path / "saved.tar").stat().st_mode & 0o777 == 0o600
