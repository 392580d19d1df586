"""What a whole `harness submit` takes by the number of cells: seconds, processor seconds, peak memory.

    python -m benchmarks.submitting [--cells 1000 2000 4000]

The memory is that of the command and all its processes together (proportional set size, so that what they
share counts once), looked at ten times a second; the page cache is not in it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

SUBMIT = ("submit", "--model", "tiny", "--split", "fold0", "--weights", "none")
SETTINGS = ("epochs=1", "side=32", "views=1")
ALL = 15_114


@dataclass(frozen=True, slots=True)
class Cost:
    """What one submit took."""

    cells: int
    wall: float
    processor: float
    mebibytes: float

    def row(self) -> str:
        return f"| {self.cells:,} | {self.wall:.1f} | {self.processor:.1f} | {self.mebibytes:.0f} |"


def submitted(cells: int, below: Path) -> Cost:
    """Draw so many cells, and submit them once with an empty cache."""
    data, runs = below / "data", below / "runs"
    harness = [sys.executable, "-m", "harness"]
    subprocess.run([*harness, "data", "draw", str(data), "--scale", f"{cells / ALL:.6f}"], check=True)
    settings = [part for each in SETTINGS for part in ("--set", each)]
    command = [*harness, *SUBMIT, *settings, "--data", str(data), "--runs", str(runs)]
    surroundings = {**os.environ, "HARNESS_CACHE": str(below / "cache")}
    before, started = os.times(), time.perf_counter()
    running = subprocess.Popen(command, env=surroundings, stdout=subprocess.DEVNULL)
    peak = max(_watched(running))
    after = os.times()
    if running.returncode:
        raise SystemExit(f"submit ended with {running.returncode}")
    spent = sum(after[2:4]) - sum(before[2:4])
    return Cost(cells, time.perf_counter() - started, spent, peak / 1024)


def _watched(running: subprocess.Popen[bytes]) -> Iterator[int]:
    """KiB of the process and its descendants, while it runs."""
    yield 0
    while running.poll() is None:
        yield sum(_kibibytes(process) for process in _tree(running.pid))
        time.sleep(0.1)


def _tree(root: int) -> list[int]:
    parents = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(place.parent.name)] = int(place.read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue
    found = [root]
    for one in found:
        found.extend(process for process, parent in parents.items() if parent == one)
    return found


def _kibibytes(process: int) -> int:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.submitting")
    parser.add_argument("--cells", type=int, nargs="+", default=[1000, 2000, 4000])
    chosen = parser.parse_args(arguments)
    print("| drawn cells | seconds | processor seconds | peak MiB |", "| --- | --- | --- | --- |", sep="\n")
    for cells in chosen.cells:
        with tempfile.TemporaryDirectory() as below:
            print(submitted(cells, Path(below)).row(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
