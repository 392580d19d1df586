"""A wheel in a fresh environment does what the checkout does: nothing that it needs was left behind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.support import stored
from tests.support.truth import LABEL_FILE

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("harness", "models", "submissions", "eval_server")
BUILD = "from setuptools import build_meta; print(build_meta.build_wheel('dist'))"
"""What `python -m build --wheel` asks of the build backend, without a connection."""


def run(*command: object, cwd: Path) -> str:
    """The output of a program that knows nothing of this checkout."""
    stranger = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [str(one) for one in command], cwd=cwd, env={**stranger, "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def tracked() -> list[str]:
    """What the repository holds and is not removed here."""
    names = run("git", "ls-files", *PACKAGES, "pyproject.toml", "setup.py", "README.md", "LICENSE", cwd=ROOT)
    return [name for name in names.splitlines() if (ROOT / name).exists()]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the files that the repository holds, not from what lies about in the checkout."""
    source = tmp_path_factory.mktemp("source")
    for name in tracked():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    name = run(sys.executable, "-c", BUILD, cwd=source).splitlines()[-1]
    return source / "dist" / name


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel; what it depends on is found where these tests find it."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    run(folder / "bin" / "pip", "install", "--quiet", "--no-deps", "--no-index", wheel, cwd=folder)
    (site,) = folder.glob("lib/python*/site-packages")
    borrowed = [path for path in sys.path if path.endswith("site-packages")]
    (site / "borrowed.pth").write_text("\n".join(borrowed) + "\n")
    return folder


def test_every_file_of_the_packages_is_in_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    assert {name for name in tracked() if name.partition("/")[0] in PACKAGES} - held == set()


def test_the_demo_runs_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    python, harness = installed / "bin" / "python", installed / "bin" / "harness"
    place = run(
        python, "-c", "import harness, models; print(harness.__file__, models.__file__)", cwd=tmp_path
    )
    assert all(Path(file).is_relative_to(installed) for file in place.split())
    document = json.loads(run(harness, "demo", "--scale", "0.008", "--json", cwd=tmp_path))
    assert {one["name"] for one in document["leaderboard"]["entries"]} == {"tiny", "shape-knn", "majority"}


def test_a_new_entry_and_a_server_are_made_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    harness = installed / "bin" / "harness"
    run(harness, "new-model", "mine", cwd=tmp_path)
    assert list(tmp_path.rglob("pyproject.toml"))
    listed = run(harness, "phase", "add", "prelim", "--truth", stored(LABEL_FILE), "--json", cwd=tmp_path)
    assert "prelim" in listed
