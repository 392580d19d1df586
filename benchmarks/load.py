"""How fast the server is: uploads scored a second, and the leaderboard read meanwhile; on loopback.

    python benchmarks/load.py --entries 200 --seconds 15 --clients 8 --reads 50

Starts a server of its own in a temporary folder, fills the board, starts it again, then measures.
Everything is bounded: the time, the clients, the rate of reads. Prints one JSON document.
"""

from __future__ import annotations

import argparse
import http.client
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

SUBJECTS = 28
CELLS = 1867
READERS = 5
PHASE = "/api/phases/prelim"
WRK_CONNECTIONS = 8
WRK_REPORT = """
done = function(summary, latency, requests)
  local e = summary.errors
  local errors = e.connect + e.read + e.write + e.timeout + e.status
  io.write(string.format(
    '\\n{"requests": %d, "per_second": %.1f, "p50_ms": %.1f, "p95_ms": %.1f, "p99_ms": %.1f, "errors": %d}',
    summary.requests, summary.requests / summary.duration * 1e6, latency:percentile(50) / 1e3,
    latency:percentile(95) / 1e3, latency:percentile(99) / 1e3, errors))
end
"""
"""What wrk says at its end, as the others do."""
BOUNDARY = "one-of-many-submissions"
FREE = ("--feedback", "full", "--per-day", "none")
MOST_PER_SECOND = 250
"""Uploads that are made ready beforehand; more than the server takes."""


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


class Client:
    """A kept connection and nothing above it: the load generator shares the cores with the server."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=120)

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, str]:
        headers = {} if body is None else {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read().decode()

    def get(self, path: str) -> str:
        status, text = self.ask("GET", path)
        if status != 200:
            raise RuntimeError(text)
        return text

    def upload(self, body: bytes) -> str:
        status, text = self.ask("POST", f"{PHASE}/submissions", body)
        if status != 202:
            raise RuntimeError(text)
        return str(json.loads(text)["id"])


class Bench:
    """A server, and submissions to send it."""

    def __init__(self, url: str, labels: np.ndarray, generator: np.random.Generator) -> None:
        self.url = url
        self.labels = labels
        self.generator = generator
        self.lock = threading.Lock()

    def a_zip(self) -> bytes:
        from submissions.packing import packed
        from submissions.phases import PRELIM
        from submissions.predictions import Predictions

        with self.lock:
            wrong = self.generator.random(len(self.labels)) < self.generator.uniform(0.08, 0.3)
        return packed(Predictions(PRELIM, (self.labels ^ wrong).astype(np.uint8)))

    def a_body(self, team: str) -> bytes:
        """The multipart body that hands in another zip for this team."""
        fields = "".join(
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in (("entry", "load"), ("team", team))
        )
        file = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="s.zip"\r\n\r\n'
        return (fields + file).encode() + self.a_zip() + f"\r\n--{BOUNDARY}--\r\n".encode()

    def counted(self) -> dict[str, int]:
        """Submissions by status, as Prometheus is told."""
        lines = Client(self.url).get("/metrics").splitlines()
        found = (line for line in lines if line.startswith("harness_submissions{"))
        return {line.split('"')[1]: int(float(line.rpartition(" ")[2])) for line in found}

    def settled(self) -> float:
        """Wait until nothing is left to judge; returns the moment."""
        while True:
            counts = self.counted()
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


def uploading(url: str, bodies: list[bytes], stop: float, measured: Measured) -> None:
    client = Client(url)
    while time.monotonic() < stop and bodies:
        began = time.monotonic()
        try:
            client.upload(bodies.pop())
            measured.seconds.append(time.monotonic() - began)
        except (http.client.HTTPException, OSError, RuntimeError) as error:
            measured.errors.append(str(error))


def reading(url: str, stop: float, rate: float, measured: Measured) -> None:
    """Read the board at a fixed rate; an answer that comes late counts from when it was due."""
    client = Client(url)
    due = time.monotonic()
    while due < stop:
        time.sleep(max(0.0, due - time.monotonic()))
        try:
            client.get(f"{PHASE}/leaderboard")
            measured.seconds.append(time.monotonic() - due)
        except (http.client.HTTPException, OSError, RuntimeError) as error:
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


def until_on_board(bench: Bench, client: Client, team: str) -> float:
    """Seconds from an acknowledged upload until the board shows it."""
    submission = client.upload(bench.a_body(team))
    began = time.monotonic()
    while submission not in client.get(f"{PHASE}/leaderboard"):
        time.sleep(0.005)
    return time.monotonic() - began


def fill(bench: Bench, entries: int) -> dict[str, Any]:
    """Hand in as many entries, each of a team of its own, and look at the board for the first time."""
    client = Client(bench.url)
    began = time.monotonic()
    for number in range(entries):
        client.upload(bench.a_body(f"team {number}"))
    filled = bench.settled() - began
    first, board = first_board(bench)
    return {
        "entries": len(json.loads(board)["standings"]),
        "filled_s": round(filled, 1),
        "first_board_s": first,
    }


def first_board(bench: Bench) -> tuple[float, str]:
    """Seconds until the board is there for somebody who asks a server that has made none, and the board."""
    began = time.monotonic()
    board = Client(bench.url).get(f"{PHASE}/leaderboard")
    return round(time.monotonic() - began, 2), board


def measure(bench: Bench, seconds: float, clients: int, reads: float) -> dict[str, Any]:
    client = Client(bench.url)
    on_board = [until_on_board(bench, client, f"fresh {number}") for number in range(5)]
    alone = Measured()
    joined(readers(bench.url, time.monotonic() + seconds / 3, reads, alone))
    most = int(MOST_PER_SECOND * seconds / clients)
    bodies = [[bench.a_body(f"load {one} {number % 5}") for number in range(most)] for one in range(clients)]
    before = bench.counted()["scored"]
    began, cpu = time.monotonic(), time.process_time()
    uploads, board_reads = Measured(), Measured()
    stop = began + seconds
    senders = [threading.Thread(target=uploading, args=(bench.url, each, stop, uploads)) for each in bodies]
    joined([*senders, *readers(bench.url, stop, reads, board_reads)])
    cpu = time.process_time() - cpu
    ended = bench.settled()
    scored = bench.counted()["scored"] - before
    return {
        "on_board_after_s": [round(one, 3) for one in on_board],
        "reads_alone": alone.summary(seconds / 3),
        "uploads": uploads.summary(seconds),
        "scored_per_second": round(scored / (ended - began), 1),
        "reads_meanwhile": board_reads.summary(seconds),
        "cores_of_this_program": round(cpu / seconds, 2),
    }


def hammered(bench: Bench, folder: Path, seconds: float) -> dict[str, Any] | None:
    """Reads of the board as fast as they are answered, by wrk; None where it is not installed."""
    if shutil.which("wrk") is None:
        return None
    script = folder / "report.lua"
    script.write_text(WRK_REPORT)
    options = ["-t", "1", "-c", str(WRK_CONNECTIONS), "-d", f"{max(1, round(seconds))}s", "-s", str(script)]
    command = ["wrk", *options, f"{bench.url}{PHASE}/leaderboard"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    return found


@contextmanager
def served(
    command: list[str], folder: Path, labels: np.ndarray, generator: np.random.Generator
) -> Iterator[Bench]:
    """A running server."""
    with (folder / "log").open("a") as log:
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        assert server.stdout is not None
        yield Bench(json.loads(server.stdout.readline())["url"], labels, generator)
    finally:
        server.terminate()
        server.wait(timeout=30)


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
        subprocess.run(
            [*run, "phase", "add", "prelim", "--truth", str(path), *FREE, *options], check=True, stdout=2
        )
        serve = [*run, "serve", "--port", "0", "--json", "--workers", asked.workers, *options]
        generator = np.random.default_rng(1)
        with served(serve, folder, labels, generator) as bench:
            found = fill(bench, asked.entries)
        with served(serve, folder, labels, generator) as bench:
            found["first_board_after_a_restart_s"] = first_board(bench)[0]
            found |= measure(bench, asked.seconds, asked.clients, asked.reads)
            found["reads_by_wrk"] = hammered(bench, folder, asked.seconds / 3)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
