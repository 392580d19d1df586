"""A command forked from a process that has its modules says and ends as one that a new Python runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command import harness
from tests.support.nursery import forked


@pytest.mark.parametrize(
    "arguments",
    [
        ("--version",),
        ("--help",),
        ("nonsense",),
        ("check", "nothing.csv"),
        ("check", "nothing.csv", "--json"),
        ("models", "majority", "--json"),
        ("score", "mine.csv", "--truth", "truth.csv"),
    ],
)
def test_what_is_printed_and_the_exit_code_are_the_same(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "truth.csv").write_text("cell,label\na.bmp,1\nb.bmp,0\n")
    (tmp_path / "mine.csv").write_text("cell,label\na.bmp,1\nb.bmp,0\n")
    found = harness(*arguments, cwd=tmp_path, COLUMNS="70")
    expected = subprocess.run(
        [sys.executable, "-m", "harness", *arguments],
        cwd=tmp_path, env={**os.environ, "COLUMNS": "70"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (found.code, found.out, found.err) == (expected.returncode, expected.stdout, expected.stderr)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_signal_reaches_the_command_and_is_told(tmp_path: Path, number: signal.Signals) -> None:
    with Path(os.devnull).open("r+") as nothing:
        files = (nothing.fileno(),) * 3
        server = ("serve", "--port", "0", "--data-dir", str(tmp_path / "data"))
        running = forked(server, os.environ, tmp_path, files)
    while not (tmp_path / "data" / "serve.lock").exists():
        assert running.poll() is None
    running.send_signal(number)
    code = running.wait(timeout=60)
    assert code == -number if number == signal.SIGKILL else code >= 0
    assert not Path(f"/proc/{running.pid}").exists()
