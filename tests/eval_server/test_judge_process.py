"""The judge's process: it is replaced when it dies, and ends with the server however that went."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from tests.support.server import a_server, a_zip


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


def test_the_judge_ends_with_a_server_that_was_killed(tmp_path: Path) -> None:
    with a_server(tmp_path) as server:
        judge = judge_of(server.process.pid)
        server.kill()
        until_gone(judge)
