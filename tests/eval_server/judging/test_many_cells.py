"""A phase of very many cells is read, judged and hinted at in memory that grows with its cells alone.

100,000 cells; `HARNESS_TEST_CELLS=1000000` tries the largest phase.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

CELLS = int(os.environ.get("HARNESS_TEST_CELLS", "100000"))
START, PER_CELL = 160 * 2**20, 600
"""Python with NumPy and SciPy, and beside it the names, spellings, labels and scores of a cell."""
PROGRAM = """
import sys
from pathlib import Path
from eval_server.judging.hints import hints
from eval_server.judging.truth import read_truth
from eval_server.judging.verdict import judge
from submissions.tables import reading_of_table
truth = read_truth(Path("truth.csv"))
reading = reading_of_table("mine.csv", truth.phase)
verdict = judge(reading.predictions, truth)
found = hints(verdict.cells, truth.phase.cells)
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line)
print(int(peak.split()[1]) * 1024, len(verdict.cells.labels), len(found))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a process's own peak memory is read from /proc")
def test_memory_grows_with_the_cells_of_a_phase_and_with_nothing_else(tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    labels, calls = generator.integers(0, 2, (2, CELLS))
    rows = zip(labels.tolist(), calls.tolist(), generator.integers(0, 28, CELLS).tolist(), strict=True)
    with (tmp_path / "truth.csv").open("w") as truth, (tmp_path / "mine.csv").open("w") as mine:
        truth.write("cell,label,subject\n")
        mine.write("cell,score,label\n")
        for at, (label, call, subject) in enumerate(rows, 1):
            truth.write(f"{at}.bmp,{label},{subject}\n")
            mine.write(f"/data/cells/of/somebody/{at}.BMP,{0.25 + call / 2},{call}\n")
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"},
    )
    peak, cells, found = map(int, done.stdout.split())
    assert (cells, found) == (CELLS, 0)
    assert peak < START + PER_CELL * CELLS
