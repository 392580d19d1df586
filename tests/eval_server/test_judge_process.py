"""The judge's process: it is replaced when it dies, and ends with the server however that went."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from eval_server.judge_process import DrawingFailed, JudgeProcess
from eval_server.settings import VARIABLE, Settings
from eval_server.store.phases import Rules
from eval_server.store.store import Store
from tests.support.desk import NOON
from tests.support.server import a_server, a_zip, small_truth


def judge_of(server: int) -> int:
    """The process id of the judge that this server started."""
    while True:
        for children in Path(f"/proc/{server}/task").glob("*/children"):
            for child in children.read_text().split():
                if b"eval_server.judge_process" in Path(f"/proc/{child}/cmdline").read_bytes():
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


def test_a_board_is_drawn_by_the_judge_that_follows_one_that_died(tmp_path: Path) -> None:
    with a_server(tmp_path) as server:
        handed_in = server.hand_in(a_zip(1))["id"]
        os.kill(judge_of(server.process.pid), signal.SIGKILL)
        assert [row["submission"] for row in server.board()["standings"]] == [handed_in]


def test_a_board_that_cannot_be_drawn_says_so_and_the_next_one_is_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, Settings(data_dir=tmp_path).to_json())
    store = Store.open(tmp_path)
    store.phases.add("small", small_truth(), Rules(), NOON)
    judge = JudgeProcess(store)
    judge.start()
    try:
        with pytest.raises(DrawingFailed, match="nowhere could not be drawn: LookupError"):
            judge.draw("nowhere")
        assert judge.draw("small").rows == ()
    finally:
        judge.stop()
    with pytest.raises(DrawingFailed, match="the server stops"):
        judge.draw("small")
    store.close()


def test_the_judge_ends_with_a_server_that_was_killed(tmp_path: Path) -> None:
    with a_server(tmp_path) as server:
        judge = judge_of(server.process.pid)
        server.kill()
        until_gone(judge)
