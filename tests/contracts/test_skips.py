"""Where nothing may be missing, a skipped test ends the run as failed unless its reason is on the list."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.skips import VARIABLE, allowed

ROOT = Path(__file__).resolve().parents[2]
LIST = ROOT / "tests" / "allowed_skips.txt"
SKIPPING = """
import pytest

def test_runs():
    pass

@pytest.mark.skipif(True, reason={reason!r})
def test_is_skipped():
    pass
"""


def exit_code(folder: Path, reason: str, *options: str, **environment: str) -> int:
    """How pytest ends over a file with one test that runs and one that is skipped."""
    (folder / "test_it.py").write_text(SKIPPING.format(reason=reason))
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.support.skips",
        "-p",
        "no:cacheprovider",
        *options,
    ]
    outside = {name: value for name, value in os.environ.items() if name != VARIABLE}
    outside["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # they take most of the time
    done = subprocess.run(
        [*command, "--rootdir", str(folder), "-c", os.devnull, str(folder)],
        cwd=ROOT, env={**outside, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode


@pytest.mark.parametrize("options", [(), ("-p", "xdist", "-n", "1")])
def test_a_skip_for_a_reason_that_is_not_on_the_list_fails_the_run(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    assert exit_code(tmp_path, "PostgreSQL is not installed", *options) == 0
    forbidding = {VARIABLE: str(LIST)}
    assert exit_code(tmp_path, "PostgreSQL is not installed", *options, **forbidding) == 1
    assert exit_code(tmp_path, "needs a CUDA GPU", *options, **forbidding) == 0


def test_every_reason_on_the_list_is_one_that_a_test_gives() -> None:
    sources = [path.read_text() for path in (ROOT / "tests").rglob("*.py") if path != Path(__file__)]
    assert len(allowed(LIST)) <= 5
    for reason in allowed(LIST):
        assert any(reason in source for source in sources), reason
