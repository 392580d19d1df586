"""How fast the server is: uploads scored a second, and the leaderboard read meanwhile; on loopback.

    python benchmarks/load.py --entries 200 --seconds 15 --clients 8 --reads 50

Starts a server of its own in a temporary folder, fills the board, then measures. Everything is bounded:
the time, the clients, the rate of reads. Prints one JSON document.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np

SUBJECTS = 28
CELLS = 1867
READERS = 5
PHASE = "/api/phases/prelim"


@dataclass
class Measured:
    """Seconds of every answer, and what was no answer."""

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def summary(self, wall: float) -> dict[str, Any]:
        found = sorted(self.seconds) or [float("nan")]
        quantiles = {
            f"p{q}_ms": round(1000 * found[int(q / 100 * (len(found) - 1))], 1) for q in (50, 95, 99)
        }
        return {
            "requests": len(self.seconds),
            "per_second": round(len(self.seconds) / wall, 1),
            **quantiles,
        } | {"errors": len(self.errors)}


class Bench:
    """A server, and submissions to send it."""

    def __init__(self, url: str, labels: np.ndarray, cells: int) -> None:
        self.url = url
        self.labels = labels
        self.generator = np.random.default_rng(1)
        self.lock = threading.Lock()
        self.cells = cells

    def a_zip(self) -> bytes:
        from submissions.packing import packed
        from submissions.phases import PRELIM
        from submissions.predictions import Predictions

        with self.lock:
            wrong = self.generator.random(self.cells) < self.generator.uniform(0.08, 0.3)
        return packed(Predictions(PRELIM, (self.labels ^ wrong).astype(np.uint8)))

    def upload(self, client: httpx.Client, data: bytes, team: str) -> str:
        answer = client.post(
            f"{PHASE}/submissions", files={"file": ("s.zip", data)}, data={"entry": "load", "team": team}
        )
        if answer.status_code != 202:
            raise RuntimeError(answer.text)
        return str(answer.json()["id"])

    def counted(self, client: httpx.Client) -> dict[str, int]:
        """Submissions by status, as Prometheus is told."""
        lines = client.get("/metrics").text.splitlines()
        found = (line for line in lines if line.startswith("harness_submissions{"))
        return {line.split('"')[1]: int(float(line.rpartition(" ")[2])) for line in found}

    def settled(self, client: httpx.Client) -> float:
        """Wait until nothing is left to judge; returns the moment."""
        while True:
            counts = self.counted(client)
            if not counts["received"] + counts["checking"]:
                return time.monotonic()
            time.sleep(0.02)


def a_label_file(folder: Path) -> tuple[Path, np.ndarray]:
    """1,867 cells of 13 leukemic and 15 normal subjects of uneven size."""
    generator = np.random.default_rng(0)
    share = generator.dirichlet(np.full(SUBJECTS, 0.8))
    subject = np.sort(generator.choice(SUBJECTS, CELLS, p=share))
    subject[:SUBJECTS] = np.arange(SUBJECTS)
    labels = (subject < 13).astype(np.uint8)
    rows = (
        f"{at + 1}.bmp,{label},S{who}\n" for at, (label, who) in enumerate(zip(labels, subject, strict=True))
    )
    path = folder / "truth.csv"
    path.write_text("cell,label,subject\n" + "".join(rows))
    return path, labels


def uploading(bench: Bench, stop: float, name: int, measured: Measured) -> None:
    with httpx.Client(base_url=bench.url, timeout=30) as client:
        ready = [bench.a_zip() for _ in range(50)]
        number = 0
        while time.monotonic() < stop:
            data = ready.pop() if ready else bench.a_zip()
            began = time.monotonic()
            try:
                bench.upload(client, data, f"load {name} {number % 5}")
                measured.seconds.append(time.monotonic() - began)
            except (httpx.HTTPError, RuntimeError) as error:
                measured.errors.append(str(error))
            number += 1


def reading(url: str, stop: float, rate: float, measured: Measured) -> None:
    """Read the board at a fixed rate; an answer that comes late counts from when it was due."""
    with httpx.Client(base_url=url, timeout=30) as client:
        due = time.monotonic()
        while due < stop:
            time.sleep(max(0.0, due - time.monotonic()))
            try:
                answer = client.get(f"{PHASE}/leaderboard")
                if answer.status_code != 200:
                    measured.errors.append(answer.text)
                measured.seconds.append(time.monotonic() - due)
            except httpx.HTTPError as error:
                measured.errors.append(str(error))
            due += 1 / rate


def readers(url: str, stop: float, reads: float, measured: Measured) -> list[threading.Thread]:
    """Several readers that share the rate, so that one slow answer holds up only its own reader."""
    if not reads:
        return []
    arguments = (url, stop, reads / READERS, measured)
    return [threading.Thread(target=reading, args=arguments) for _ in range(READERS)]


def joined(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def until_on_board(bench: Bench, client: httpx.Client, team: str) -> float:
    """Seconds from an acknowledged upload until the board shows it."""
    submission = bench.upload(client, bench.a_zip(), team)
    began = time.monotonic()
    while submission not in client.get(f"{PHASE}/leaderboard").text:
        time.sleep(0.005)
    return time.monotonic() - began


def measure(bench: Bench, entries: int, seconds: float, clients: int, reads: float) -> dict[str, Any]:
    with httpx.Client(base_url=bench.url, timeout=120) as client:
        began = time.monotonic()
        for number in range(entries):
            bench.upload(client, bench.a_zip(), f"team {number}")
        filled = bench.settled(client) - began
        began = time.monotonic()
        board = client.get(f"{PHASE}/leaderboard")
        first = time.monotonic() - began
        on_board = [until_on_board(bench, client, f"fresh {number}") for number in range(5)]
        alone = Measured()
        joined(readers(bench.url, time.monotonic() + seconds / 3, reads, alone))
        before = bench.counted(client)["scored"]
        began = time.monotonic()
        uploads, board_reads = Measured(), Measured()
        stop = began + seconds
        threads = [threading.Thread(target=uploading, args=(bench, stop, n, uploads)) for n in range(clients)]
        joined([*threads, *readers(bench.url, stop, reads, board_reads)])
        ended = bench.settled(client)
        scored = bench.counted(client)["scored"] - before
        return {
            "entries": len(board.json()["standings"]),
            "filled_s": round(filled, 1),
            "first_board_s": round(first, 2),
            "on_board_after_s": [round(one, 3) for one in on_board],
            "reads_alone": alone.summary(seconds / 3),
            "uploads": uploads.summary(seconds),
            "scored_per_second": round(scored / (ended - began), 1),
            "reads_meanwhile": board_reads.summary(seconds),
        }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--entries", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--reads", type=float, default=50, help="leaderboard reads a second")
    parser.add_argument("--database")
    parser.add_argument("--workers", default="1")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path, labels = a_label_file(folder)
        options = [
            "--data-dir",
            str(folder / "data"),
            *(["--database", asked.database] if asked.database else []),
        ]
        run = [sys.executable, "-m", "harness"]
        subprocess.run([*run, "phase", "add", "prelim", "--truth", str(path), *options], check=True, stdout=2)
        serve = [*run, "serve", "--port", "0", "--json", "--workers", asked.workers, *options]
        with (folder / "log").open("w") as log:
            server = subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            assert server.stdout is not None
            bench = Bench(json.loads(server.stdout.readline())["url"], labels, len(labels))
            print(
                json.dumps(measure(bench, asked.entries, asked.seconds, asked.clients, asked.reads), indent=2)
            )
        finally:
            server.terminate()
            server.wait(timeout=30)


if __name__ == "__main__":
    main()
