"""Is what was handed in on the board, for the first who reads it after a quiet time? On loopback.

    python benchmarks/freshness.py --times 20 --database postgresql://user@host/name --workers 2

For each wait (1, 8 and 30 seconds): hand in, wait without reading anything, read `leaderboard.csv` once, and
see whether the entry is there; so many times, each wait in a phase of its own, all waits at the same time.
An entry that is not there was missed where its verdict was a second old; else the judge was late.
Then the truth is replaced while the board is read without pause: it must never be without a team. Starts a
server of its own in a temporary folder. Prints one JSON document; the exit code says whether all was seen.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from submissions.packing import packed
from submissions.phases import Phase
from submissions.predictions import Predictions

SUBJECTS, CELLS = 12, 120
WAITS = (1.0, 8.0, 30.0)
TEAMS = 20
"""Teams on the board of the phase whose truth is replaced."""
PHASE = Phase("cells", tuple(f"{number}.bmp" for number in range(1, CELLS + 1)))


def a_truth(folder: Path, name: str, seed: int = 0) -> Path:
    """A label file; another seed labels a few cells otherwise."""
    labels = np.arange(CELLS) % 2
    if seed:
        labels[np.random.default_rng(seed).choice(CELLS, 5, replace=False)] ^= 1
    lines = [f"{cell},{labels[at]},S{at % SUBJECTS}" for at, cell in enumerate(PHASE.cells)]
    path = folder / f"{name}-{seed}.csv"
    path.write_text("cell,label,subject\n" + "\n".join(lines) + "\n")
    return path


def a_zip(seed: int) -> bytes:
    """Predictions of which a few are wrong, drawn from a seed."""
    return packed(Predictions(PHASE, (np.random.default_rng(seed).random(CELLS) < 0.5).astype(np.uint8)))


def hand_in(client: httpx.Client, phase: str, team: str, seed: int) -> tuple[str, str]:
    """Hand in for a team; returns the entry's name and the submission."""
    entry = f"entry {seed} of {team}"
    answer = client.post(
        f"/api/phases/{phase}/submissions",
        files={"file": ("s.zip", a_zip(seed))},
        data={"entry": entry, "team": team},
    )
    answer.raise_for_status()
    return entry, answer.json()["id"]


def was_decided(client: httpx.Client, submission: str, by: datetime) -> bool:
    """Whether a submission had its verdict at a moment."""
    at = client.get(f"/api/submissions/{submission}").json()["decided_at"]
    return at is not None and datetime.fromisoformat(at) <= by


def seen_after(url: str, wait: float, times: int, found: dict[str, Any]) -> None:
    """How often the first reader after this wait saw the entry, and how long he waited for his answer."""
    phase, seconds, seen, missed = f"wait-{wait:g}", [], 0, 0
    with httpx.Client(base_url=url, timeout=60) as client:
        for number in range(times):
            entry, submission = hand_in(client, phase, f"team {number}", number)
            time.sleep(wait)
            began, at = time.monotonic(), datetime.now(UTC)
            there = entry in client.get(f"/api/phases/{phase}/leaderboard.csv").text
            seconds.append(time.monotonic() - began)
            seen += there
            missed += not there and was_decided(client, submission, at - timedelta(seconds=1))
    found[f"after {wait:g} s"] = {
        "seen": seen,
        "of": times,
        "missed": missed,
        "slowest_read_s": round(max(seconds), 3),
    }


def while_replaced(url: str, changes: int, options: list[str], folder: Path, found: dict[str, Any]) -> None:
    """The fewest teams that a reader saw while the truth was replaced several times, and how many reads."""
    counts: list[int] = []
    states: set[str] = set()
    stop = threading.Event()

    def read() -> None:
        with httpx.Client(base_url=url, timeout=60) as client:
            while not stop.is_set():
                board = client.get("/api/phases/replaced/leaderboard").json()
                counts.append(len(board["standings"]))
                states.add(board["state"])

    with httpx.Client(base_url=url, timeout=60) as client:
        for number in range(TEAMS):
            hand_in(client, "replaced", f"team {number}", number)
        while len(client.get("/api/phases/replaced/leaderboard").json()["standings"]) < TEAMS:
            time.sleep(0.05)
    reader = threading.Thread(target=read)
    reader.start()
    for seed in range(1, changes + 1):
        harness("phase", "truth", "replaced", "--truth", str(a_truth(folder, "replaced", seed)), *options)
        time.sleep(1.0)
    stop.set()
    reader.join()
    found["while the truth is replaced"] = {
        "changes": changes,
        "reads": len(counts),
        "fewest_teams": min(counts),
        "of": TEAMS,
        "states": sorted(states),
    }


def harness(*arguments: str) -> None:
    subprocess.run([sys.executable, "-P", "-m", "harness", *arguments], check=True, stdout=subprocess.DEVNULL)


def looked_at(url: str, asked: argparse.Namespace, options: list[str], folder: Path) -> dict[str, Any]:
    """Everything that is to be seen, at the same time where it does not disturb."""
    found: dict[str, Any] = {}
    threads = [
        threading.Thread(target=seen_after, args=(url, wait, asked.times, found)) for wait in asked.waits
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while_replaced(url, asked.changes, options, folder, found)
    return found


def right(found: dict[str, Any]) -> bool:
    """Whether no first reader missed an entry, and nobody saw a board without its teams."""
    replaced = found["while the truth is replaced"]
    missed = sum(one.get("missed", 0) for one in found.values())
    return not missed and replaced["fewest_teams"] == replaced["of"]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--waits", type=float, nargs="+", default=list(WAITS), help="seconds")
    parser.add_argument("--changes", type=int, default=10, help="of the truth")
    parser.add_argument("--database")
    parser.add_argument("--workers", default="1")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        options = ["--data-dir", str(folder / "data")]
        options += ["--database", asked.database] if asked.database else []
        for phase in (*(f"wait-{wait:g}" for wait in asked.waits), "replaced"):
            harness(
                "phase", "add", phase, "--truth", str(a_truth(folder, phase)), "--per-day", "none", *options
            )
        serve = [sys.executable, "-P", "-m", "harness", "serve", "--port", "0", "--json"]
        serve += ["--workers", asked.workers, *options]
        with (folder / "log").open("w") as log:
            server = subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            assert server.stdout is not None
            url = json.loads(server.stdout.readline())["url"]
            found = looked_at(url, asked, options, folder)
        finally:
            server.terminate()
            server.wait(timeout=30)
    print(json.dumps(found, indent=2))
    return 0 if right(found) else 1


if __name__ == "__main__":
    sys.exit(main())
