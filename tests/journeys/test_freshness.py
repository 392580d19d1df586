"""The first reader after a quiet time sees what was handed in, and a replaced truth empties no board.

The full form is `python benchmarks/freshness.py`; this is the same with fewer and shorter waits.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.postgres import a_database
from tests.support.server import DATABASES

pytestmark = pytest.mark.crash

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "freshness.py"
SHORT = ("--times", "2", "--waits", "1", "3", "--changes", "2")


@pytest.mark.parametrize("kind", DATABASES)
def test_the_first_reader_after_a_quiet_time_sees_the_entry_and_no_board_loses_its_teams(kind: str) -> None:
    options = [] if kind == "sqlite" else ["--database", a_database(), "--workers", "2"]
    done = subprocess.run(
        [sys.executable, str(PROGRAM), *SHORT, *options],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
