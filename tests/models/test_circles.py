"""The import contract that forbids circles in `models`, tried on a copy."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
CONTRACT = """\
[importlinter]
root_packages =
    models
    submissions

[importlinter:contract:circles]
name = {name}
type = {type}
ancestors =
    models
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """`models` and what it imports, with its own contract alone."""
    for package in ("models", "submissions"):
        shutil.copytree(HOUSE / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    contracts = tomllib.loads((HOUSE / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    found = next(one for one in contracts if "models" in one.get("ancestors", []))
    (tmp_path / ".importlinter").write_text(CONTRACT.format(name=found["name"], type=found["type"]))
    return tmp_path


def checked(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()"]
    surroundings = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(
        [*command, "--no-cache"], cwd=folder, env=surroundings, capture_output=True, text=True, timeout=120
    )


def test_one_import_that_closes_a_circle_in_the_toolkit_breaks_the_contract(copy: Path):
    before = checked(copy)
    assert before.returncode == 0, before.stdout + before.stderr
    loop = copy / "models" / "finetune" / "loop.py"
    loop.write_text(loop.read_text() + "\nfrom models.finetune import entry\n")
    after = checked(copy)
    assert after.returncode == 1
    assert ".loop -> .entry" in after.stdout
