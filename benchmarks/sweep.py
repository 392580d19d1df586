"""What a sweep costs beside its runs: many runs of `majority`, which learns in no time, on drawn cells.

    python benchmarks/sweep.py [RUNS] [--jobs 1 | --local-cluster 2]

Prints the seconds of the whole command by the number of runs (so a run's own work, about 0.05 s, and the
start of Python are in it), and the memory of all its processes after a tenth and at the end of the runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def memory(process: int) -> int:
    """Resident MiB of a process and all that it started."""
    threads = Path(f"/proc/{process}/task").iterdir()
    children = [child for one in threads for child in (one / "children").read_text().split()]
    status = Path(f"/proc/{process}/status").read_text()
    own = next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")), 0)
    return own // 1024 + sum(memory(int(child)) for child in children)


def main(runs: int, place: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HARNESS_CACHE"] = f"{folder}/cache"
        harness = [sys.executable, "-m", "harness"]
        draw = [*harness, "data", "draw", f"{folder}/data", "--scale", "0.01"]
        subprocess.run(draw, check=True, stdout=subprocess.DEVNULL)
        asked = ["--model", "majority", "--seeds", f"0-{runs - 1}", "--weights", "none", *place, "--json"]
        rooms = ["--data", f"{folder}/data", "--runs", f"{folder}/runs"]
        started, ended, seen = time.monotonic(), 0, {}
        with subprocess.Popen([*harness, "sweep", *asked, *rooms], stdout=subprocess.PIPE) as sweep:
            assert sweep.stdout is not None
            for line in sweep.stdout:
                ended += b'"ended"' in line
                if ended in (runs // 10, runs) and ended not in seen:
                    seen[ended] = memory(sweep.pid)
        seconds = time.monotonic() - started
    print(f"{runs} runs {' '.join(place)}: {seconds:.1f} s, {seconds / runs:.3f} s a run")
    print(", ".join(f"{mib} MiB after {count} runs" for count, mib in seen.items()))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200, sys.argv[2:])
