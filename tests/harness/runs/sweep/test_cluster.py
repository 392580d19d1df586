"""A sweep on a real Dask cluster of this machine, whose workers and scheduler are killed with `kill -9`.

In short form three runs; `HARNESS_TEST_SWEEP_RUNS=6` is what the documentation promises.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.dataset import a_dataset
from tests.support.inside import harness_inside

pytestmark = pytest.mark.crash

RUNS = int(os.environ.get("HARNESS_TEST_SWEEP_RUNS", "3"))
SETTINGS = ("epochs=2", "side=32", "views=1", "batch=2", "checkpoint_minutes=0")
OPTIONS = (
    "--seeds",
    f"0-{RUNS - 1}",
    "--engine",
    "eager",
    *(word for one in SETTINGS for word in ("--set", one)),
)


def free_port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return int(opened.getsockname()[1])


def wait_for(reached: Callable[[], object], what: str, seconds: float = 300) -> None:
    until = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < until, what
        time.sleep(0.02)


@dataclass
class Dask:
    """A scheduler and workers, each a process of its own that is started again by hand."""

    folder: Path
    port: int = field(default_factory=free_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def start_scheduler(self) -> None:
        self._start("scheduler", "--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard")

    def start_worker(self, name: str) -> None:
        alone = ("--nthreads", "1", "--no-nanny", "--memory-limit", "0", "--no-dashboard")
        place = ("--local-directory", str(self.folder / name), "--death-timeout", "60")
        self._start(name, self.address, *alone, *place, kind="worker")

    def _start(self, name: str, *words: str, kind: str = "") -> None:
        command = [sys.executable, "-m", "distributed.cli.dask_" + (kind or name), *words]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        process.kill()
        assert process.wait() == -signal.SIGKILL

    def kept_up(self) -> None:
        """Start workers again that ended, as one does whose scheduler was lost."""
        for name in ("one", "two"):
            if self.processes[name].poll() is not None:
                self.start_worker(name)

    def end(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[Dask]:
    cluster = Dask(tmp_path)
    yield cluster
    cluster.end()


def weights(runs: Path) -> dict[str, bytes]:
    """What every finished run has learnt and predicted, by its name."""
    return {
        run.name: (run / "fitted/model.safetensors").read_bytes() + (run / "predictions.csv").read_bytes()
        for run in runs.glob("tiny-*")
    }


def fitting(runs: Path) -> set[str]:
    """The runs that have saved a checkpoint and are not fitted."""
    begun = {path.parents[1].name for path in runs.glob("tiny-*/checkpoints/last.safetensors")}
    return begun - {path.parent.name for path in runs.glob("tiny-*/fitted")}


@pytest.mark.timeout(900, func_only=True)
def test_runs_end_with_the_weights_of_runs_done_alone_though_a_worker_dies_twice_and_the_scheduler_once(
    dask: Dask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_DATA", str(a_dataset(tmp_path / "data")))
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    together, alone = tmp_path / "together", tmp_path / "alone"
    dask.start_scheduler()
    for name in ("one", "two"):
        dask.start_worker(name)
    command = [sys.executable, "-m", "harness", "sweep", "--model", "tiny", *OPTIONS, "--json"]
    command += ["--scheduler", dask.address, "--runs", str(together)]
    log = (tmp_path / "said").open("wb")
    with subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT) as sweeping:
        try:
            for _ in range(2):
                wait_for(lambda: fitting(together), "a run is at work")
                dask.kill("one")
                dask.start_worker("one")
                wait_for(lambda: "its worker died" in (tmp_path / "said").read_text(), "the death is told")
            wait_for(lambda: fitting(together), "a run is at work")
            dask.kill("scheduler")
            dask.start_scheduler()
            wait_for(lambda: dask.kept_up() or sweeping.poll() is not None, "the sweep ends", 600)
            assert sweeping.returncode == 0, (tmp_path / "said").read_text()
        finally:
            sweeping.kill()
            log.close()
    said = (tmp_path / "said").read_text()
    events = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert any(one.get("reason") == "the scheduler was lost" for one in events), said
    assert [one["end"] for one in events if one["event"] == "ended"] == ["done"] * RUNS
    one_by_one = harness_inside("sweep", "--model", "tiny", *OPTIONS, "--runs", alone, "--json")
    assert one_by_one.code == 0, one_by_one.err
    assert weights(together) == weights(alone)
    assert len(weights(alone)) == RUNS
