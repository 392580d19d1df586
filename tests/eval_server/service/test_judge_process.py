"""The judge's process: it is replaced when it dies, and ends with the server however that went."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from eval_server.judging.division import DIVIDED, TruthPart
from eval_server.service.jobs import Judge
from eval_server.service.judge_process import STARTS, BoardFailed, JudgeProcess, made
from eval_server.service.settings import VARIABLE, Settings
from eval_server.service.verdicts import Verdicts
from eval_server.store.records import Rules
from eval_server.store.store import Store
from tests.support.desk import NOON
from tests.support.parts import divided_truth
from tests.support.postgres import a_database
from tests.support.server import SCRIPT, Server, a_server, a_zip, add_phase, small_truth

pytestmark = pytest.mark.crash


def judge_of(server: int) -> int:
    """The process id of the judge that this server started."""
    while True:
        for children in Path(f"/proc/{server}/task").glob("*/children"):
            for child in children.read_text().split():
                if b"eval_server.service.judge_process" in Path(f"/proc/{child}/cmdline").read_bytes():
                    return int(child)
        time.sleep(0.05)


def until_gone(process: int) -> None:
    while Path(f"/proc/{process}").exists():
        time.sleep(0.02)


def test_a_judge_that_dies_is_followed_by_another_that_judges_what_arrives(tmp_path: Path) -> None:
    with a_server(tmp_path) as server:
        assert server.hand_in(a_zip(1))["status"] == "scored"
        first = judge_of(server.process.pid)
        os.kill(first, signal.SIGKILL)
        until_gone(first)
        assert server.hand_in(a_zip(2))["status"] == "scored"
        assert judge_of(server.process.pid) != first


def test_a_board_is_made_by_the_judge_that_follows_one_that_died(tmp_path: Path) -> None:
    with a_server(tmp_path) as server:
        handed_in = server.hand_in(a_zip(1))["id"]
        os.kill(judge_of(server.process.pid), signal.SIGKILL)
        server.board_once(lambda standings: [row["submission"] for row in standings] == [handed_in])


def test_a_board_that_cannot_be_made_says_so_and_the_next_one_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, Settings(data_dir=tmp_path).to_json())
    store = Store.open(tmp_path)
    store.phases.add("small", small_truth(), Rules(), NOON)
    judge = JudgeProcess(store)
    judge.start()
    try:
        with pytest.raises(BoardFailed, match="nowhere could not be made: LookupError"):
            judge.make_board("nowhere")
        assert judge.make_board("small").rows == ()
        store.phases.add("parts", divided_truth("parts"), Rules(), NOON)
        for part in DIVIDED:
            assert judge.make_board("parts", part).record.part is part
        assert judge.make_board("parts").record.part is TruthPart.PUBLIC
    finally:
        judge.stop()
    with pytest.raises(BoardFailed, match="the server stops"):
        judge.make_board("small")
    store.close()


class Unsendable(Judge):
    """A judge whose boards no pipe can carry."""

    def make_board(self, phase: str, part: TruthPart | None = None) -> Any:
        return lambda: phase


def test_a_board_that_cannot_be_sent_is_answered_for_instead_of_waited_for(tmp_path: Path) -> None:
    with closing(Store.open(tmp_path)) as store:
        answer = pickle.loads(made(Unsendable(store, Verdicts(store), lambda: NOON), "small", None))
    assert answer in ("AttributeError", "PicklingError")


def test_the_judge_ends_with_a_server_that_was_killed(tmp_path: Path) -> None:
    with a_server(tmp_path) as server:
        judge = judge_of(server.process.pid)
        server.kill()
        until_gone(judge)


RAISES = "raise RuntimeError('a file of the folder where the server was started was run')\n"
IN_THE_WAY = ("secrets.py", "submissions.py", "models/__init__.py", "torch.py", "selectors.py", "pickle.py")
"""Names of the standard library, of ours, and of others, as they lie in people's folders."""


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A folder whose Python files must not be run."""
    folder = tmp_path / "work"
    for name in IN_THE_WAY:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(RAISES)
    return folder


def test_no_python_file_of_the_folder_where_the_server_is_started_is_run(
    tmp_path: Path, hostile: Path
) -> None:
    with a_server(tmp_path / "data", program=SCRIPT, cwd=hostile) as server:
        handed_in = server.hand_in(a_zip(1))
        assert handed_in["status"] == "scored"
        with server.client() as client:
            assert client.get("/healthz").json() == {"status": "ok", "troubles": []}
    assert "was run" not in (tmp_path / "data" / "server.log").read_text()


def test_nor_do_several_workers_run_one_nor_take_ours_from_the_path(
    tmp_path: Path, hostile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "submissions.py").write_text(RAISES)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "beside"))
    workers = ("--workers", "2")
    with a_server(tmp_path / "data", a_database(), *workers, program=SCRIPT, cwd=hostile) as server:
        assert server.hand_in(a_zip(1))["status"] == "scored"
    assert "was run" not in (tmp_path / "data" / "server.log").read_text()


UNGUARDED = """
from pathlib import Path
from eval_server.service.settings import Settings
from eval_server.web.running import run

with open("times.txt", "a") as times:
    print("run", file=times)
run(Settings(data_dir=Path("data")), 0, lambda url: print(url, flush=True))
"""


def test_the_judge_does_not_run_the_program_again_that_started_the_server(tmp_path: Path) -> None:
    (tmp_path / "start.py").write_text(UNGUARDED)
    add_phase(tmp_path / "data", None)
    command = [sys.executable, "start.py"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        server = Server(process.stdout.readline().strip(), process, tmp_path / "data", None)
        assert server.hand_in(a_zip(1))["status"] == "scored"
        server.stop()
    assert (tmp_path / "times.txt").read_text().split() == ["run"]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_server_whose_judge_cannot_start_ends_with_a_message(tmp_path: Path, workers: int) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "sitecustomize.py").write_text(
        "import sys\n"
        "if 'eval_server.service.judge_process' in sys.orig_argv: sys.exit('the judge is broken')\n"
    )
    database = a_database() if workers > 1 else None
    add_phase(tmp_path, database)
    command = [*SCRIPT, "serve", "--port", "0", "--data-dir", str(tmp_path), "--json"]
    command += ["--database", database, "--workers", str(workers)] if database else []
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(broken)}
    )
    assert done.returncode == 6
    assert "no judge could be started" in done.stderr
    assert "the judge is broken" in done.stderr


def test_judges_that_die_at_their_work_again_and_again_do_not_end_the_server(tmp_path: Path) -> None:
    with a_server(tmp_path) as server:
        for number in range(STARTS + 1):
            judge = judge_of(server.process.pid)
            server.hand_in(a_zip(1, seed=number))
            os.kill(judge, signal.SIGKILL)
            until_gone(judge)
        assert server.hand_in(a_zip(2))["status"] == "scored"
