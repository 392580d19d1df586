"""The commands that the submit page shows do what they say, as they are copied from it."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import harness
from tests.support.server import (
    FREE,
    Server,
    a_server,
    a_zip,
    administer,
    decided,
    started,
    truth_table,
)

BIN = Path(sys.executable).parent


def copied(server: Server, phase: str) -> list[str]:
    """The lines of the page's code block, as a browser copies them."""
    with server.client() as client:
        text = client.get(f"/phases/{phase}/submit", headers={"Accept": "text/html"}).text
    (block,) = re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", text, re.S)
    return html.unescape(re.sub(r"<[^>]+>", "", block)).splitlines()


def run(command: str, folder: Path, **values: str) -> subprocess.CompletedProcess[str]:
    """Run a copied command in a shell, with what stands in capitals filled in."""
    for name, value in values.items():
        command = re.sub(rf"\b{name}\b", value, command)
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        command, shell=True, cwd=folder, capture_output=True, text=True, check=False, env=environment
    )


def test_the_commands_of_an_open_server_hand_in(tmp_path: Path) -> None:
    (tmp_path / "submission.zip").write_bytes(a_zip(1))
    with a_server(tmp_path / "data") as server:
        upload, curl = copied(server, "small")
        (tmp_path / "predictions.csv").write_bytes(truth_table())
        done = run(upload, tmp_path, NAME="theirs", TEAM="blue")
        assert done.returncode == 0, done.stderr
        assert "weighted F1" in done.stdout
        done = run(curl, tmp_path, NAME="mine", TEAM="red")
        assert done.returncode == 0, done.stderr
        with server.client() as client:
            assert decided(client, re.findall(r'"id": "([0-9a-f]+)"', done.stdout)[0])["entry"] == "mine"


def test_the_commands_of_a_server_with_tokens_hand_in(tmp_path: Path) -> None:
    (tmp_path / "submission.zip").write_bytes(a_zip(1))
    data = tmp_path / "data"
    data.mkdir()
    administer(data, None, "token", "add", "--role", "host")
    secret = administer(data, None, "token", "add", "--team", "red")["token"]
    with a_server(data, None, "--access", "tokens", "--public-name", "board.example") as server:
        upload, curl = copied(server, "small")
        (tmp_path / "predictions.csv").write_bytes(truth_table())
        done = run(upload, tmp_path, NAME="theirs", TOKEN=secret)
        assert done.returncode == 0, done.stderr
        done = run(curl, tmp_path, NAME="mine", TOKEN=secret)
        assert done.returncode == 0, done.stderr
        assert '"status": "received"' in done.stdout


@pytest.fixture
def official(tmp_path: Path) -> Iterator[Server]:
    """A server with the phase `prelim` of a drawn data set in the folder `data`."""
    assert harness("data", "draw", tmp_path / "data", "--scale", "0.02").code == 0
    (labels,) = (tmp_path / "data").rglob("*prelim_phase_data_labels.csv")
    administer(tmp_path / "server", None, "phase", "add", "prelim", "--truth", str(labels), *FREE)
    server = started(tmp_path / "server")
    yield server
    server.stop()


def test_the_commands_of_an_official_phase_hand_in(tmp_path: Path, official: Server) -> None:
    submit, upload, curl = copied(official, "prelim")
    assert submit.startswith("harness submit ")
    assert upload.startswith("harness upload ")
    assert curl.startswith("curl ")
    done = run(submit, tmp_path, NAME="majority", TEAM="red")
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = (tmp_path / "runs").rglob("submission.zip")
    (tmp_path / "submission.zip").write_bytes(made.read_bytes())
    done = run(curl, tmp_path, NAME="mine", TEAM="blue")
    assert done.returncode == 0, done.stderr
    with official.client() as client:
        assert decided(client, re.findall(r'"id": "([0-9a-f]+)"', done.stdout)[0])["status"] == "scored"
