"""A server as its users meet it: a process of its own, on loopback, on either database."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from eval_server.judging.truth import Truth, read_truth
from submissions.packing import packed
from submissions.predictions import Predictions
from tests.support.command import harness

DATABASES = ("sqlite", "postgresql")
FREE = ("--feedback", "full", "--per-day", "none")
"""A phase that tells everything, and takes as many uploads as come."""
SUBJECTS = {"A": ("1", 9), "B": ("1", 6), "C": ("1", 12), "X": ("0", 8), "Y": ("0", 5), "Z": ("0", 10)}
"""Three leukemic and three normal subjects, with 50 cells in all."""


def truth_table(subjects: Mapping[str, tuple[str, int]] = SUBJECTS) -> bytes:
    """A label file ``cell,label,subject`` with numbered cells."""
    lines, number = ["cell,label,subject"], 1
    for subject, (label, cells) in subjects.items():
        for _ in range(cells):
            lines.append(f"{number}.bmp,{label},{subject}")
            number += 1
    return "\n".join(lines).encode() + b"\n"


def small_truth(name: str = "small") -> Truth:
    """The truth of `truth_table`, as a phase of this name."""
    found = read_truth(truth_table())
    return Truth(type(found.phase)(name, found.phase.cells), found.labels, found.subjects)


def turned_truth(name: str = "small") -> Truth:
    """The same with the cells of one subject labelled the other way round."""
    found = small_truth(name)
    labels = found.labels.copy()
    labels[[subject == "Z" for subject in found.subjects or ()]] ^= 1
    return Truth(found.phase, labels, found.subjects)


def a_zip(wrong: int = 0, seed: int = 0, truth: Truth | None = None) -> bytes:
    """A submission with so many cells wrong, drawn from a seed."""
    truth = truth or small_truth()
    labels = truth.labels.copy()
    chosen = np.random.default_rng(seed).choice(len(labels), wrong, replace=False)
    labels[chosen] ^= 1
    return packed(Predictions(truth.phase, labels))


def a_wrapped_zip(folder: str) -> bytes:
    """The same with its file in a folder, which the reader passes over."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(a_zip())) as found, zipfile.ZipFile(target, "w") as archive:
        for name in found.namelist():
            archive.writestr(f"{folder}/{name}", found.read(name))
    return target.getvalue()


@dataclass
class Server:
    """A running `harness serve`, and how to speak with it."""

    url: str
    process: subprocess.Popen[str]
    data_dir: Path
    database: str | None

    def client(self, token: str | None = None, **settings: Any) -> httpx.Client:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, **settings)

    def hand_in(
        self,
        data: bytes,
        entry: str = "entry",
        team: str | None = None,
        phase: str = "small",
        token: str | None = None,
    ) -> dict[str, Any]:
        """Upload, wait until it is decided, and return the submission; a team's token names the team."""
        named = {} if token and team is None else {"team": team or "team"}
        with self.client(token) as client:
            answer = client.post(
                f"/api/phases/{phase}/submissions",
                files={"file": ("submission.zip", data)},
                data={"entry": entry, **named},
            )
            assert answer.status_code in (200, 202), answer.text
            return decided(client, answer.json()["id"])

    def board(self, phase: str = "small") -> dict[str, Any]:
        with self.client() as client:
            found: dict[str, Any] = client.get(f"/api/phases/{phase}/leaderboard").json()
            return found

    def board_once(
        self, holds: Callable[[list[dict[str, Any]]], bool], phase: str = "small", within: float = 60
    ) -> dict[str, Any]:
        """The board once this holds of its standings.

        A change is on the board within a second at best, and on a busy machine later; until then readers are
        given the last one.
        """
        until, found = time.monotonic() + within, self.board(phase)
        while "standings" not in found or not holds(found["standings"]):
            assert time.monotonic() < until, found
            time.sleep(0.05)
            found = self.board(phase)
        return found

    def kill(self) -> None:
        """The power goes out."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask it to stop, and wait for its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)


def decided(client: Any, submission: str, within: float = 30) -> dict[str, Any]:
    """The submission once it is scored, refused or failed."""
    until = time.monotonic() + within
    while True:
        found: dict[str, Any] = client.get(f"/api/submissions/{submission}").json()
        if found.get("status") not in ("received", "checking"):
            return found
        assert time.monotonic() < until, found
        time.sleep(0.01)


def administer(data_dir: Path, database: str | None, *arguments: str) -> dict[str, Any]:
    """Run an administering command with ``--json`` and return its document."""
    options = ["--data-dir", str(data_dir), *(["--database", database] if database else []), "--json"]
    done = harness(*arguments, *options)
    assert done.code == 0, done.err + done.out
    document: dict[str, Any] = done.document()
    return document


def add_phase(data_dir: Path, database: str | None, name: str = "small", *options: str) -> None:
    """Add a phase with the small truth before or while a server runs; without limit, and told in full."""
    data_dir.mkdir(parents=True, exist_ok=True)
    table = data_dir / f"{name}-truth.csv"
    table.write_bytes(truth_table())
    administer(data_dir, database, "phase", "add", name, "--truth", str(table), *FREE, *options)


HARNESS = (sys.executable, "-m", "harness")
SCRIPT = (str(Path(sys.executable).parent / "harness"),)
"""The command as it is installed, which does not look into the working folder."""


def started(
    data_dir: Path,
    database: str | None = None,
    *options: str,
    program: Sequence[str] = HARNESS,
    **settings: Any,
) -> Server:
    """Start `harness serve` and wait for its ready line; `settings` are those of its process."""
    command = [*program, "serve", "--port", "0", "--json", "--data-dir", str(data_dir)]
    command += ["--database", database] if database else []
    log = data_dir / "server.log"
    with log.open("a") as words:
        process = subprocess.Popen(
            [*command, *options],
            stdout=subprocess.PIPE,
            stderr=words,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            **settings,
        )
    assert process.stdout is not None
    with process.stdout as out:
        line = out.readline()
    if not line:
        process.wait()
        raise AssertionError(log.read_text())
    return Server(json.loads(line)["url"], process, data_dir, database)


@contextmanager
def a_server(data_dir: Path, database: str | None = None, *options: str, **settings: Any) -> Iterator[Server]:
    """A server with the phase `small`, stopped at the end however the test goes."""
    add_phase(data_dir, database)
    server = started(data_dir, database, *options, **settings)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.process.terminate()
            try:
                server.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                server.kill()
