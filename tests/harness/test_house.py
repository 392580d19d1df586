"""A folder of the user's may hold `models/`, `submissions/` and what not: ours are found all the same."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command import Answer

STRANGERS = ("models", "submissions", "eval_server")
MODULES = ("random", "secrets", "signal", "torch", "click")
SCRIPT = str(Path(sys.executable).with_name("harness"))


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A working folder with packages of our names, and files that are called like modules of others."""
    folder = tmp_path / "my work"
    folder.mkdir()
    for name in STRANGERS:
        (folder / name).mkdir()
    (folder / "models" / "__init__.py").write_text("raise RuntimeError('a stranger')\n")
    (folder / "models" / "mine.py").write_text("")
    return folder


def with_modules(folder: Path) -> Path:
    for name in MODULES:
        (folder / f"{name}.py").write_text("raise RuntimeError('a stranger')\n")
    return folder


def answer(*command: str, cwd: Path, **environment: str) -> Answer:
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=cwd, env={**os.environ, **environment}, check=False
    )
    return Answer(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("command", [(SCRIPT,), (sys.executable, "-m", "harness")], ids=["script", "-m"])
def test_the_command_line_takes_nothing_from_the_working_folder(odd, command):
    assert "origin       built-in" in answer(*command, "models", "majority", cwd=with_modules(odd)).out


def test_a_folder_with_our_names_on_pythonpath_comes_behind_ours(odd):
    found = answer(SCRIPT, "models", "majority", cwd=odd.parent, PYTHONPATH=str(odd))
    assert "origin       built-in" in found.out


def test_with_harness_imported_first_the_documented_imports_work_in_this_process_and_its_workers(odd):
    code = (
        "import harness\nfrom models.contract import Entry\nfrom submissions.cells import cell_number\n"
        "from joblib import Parallel, delayed\n"
        "print(Entry.__module__, *Parallel(n_jobs=2)(delayed(cell_number)(f'{at}.bmp') for at in (7, 8)))\n"
    )
    found = answer(sys.executable, "-c", code, cwd=odd)
    assert (found.out, found.err) == ("models.contract 7 8\n", "")


def test_what_was_imported_before_is_named_with_its_folder(odd):
    (odd / "models" / "__init__.py").write_text("")
    found = answer(sys.executable, "-c", "import models, harness", cwd=odd)
    assert f"the package 'models' that was imported before is {odd / 'models'}" in found.err
    assert "Write `import harness` before anything that imports models" in found.err


def test_windows_is_refused_in_a_sentence_before_anything_is_loaded(tmp_path):
    code = (
        "import sys\nfrom harness.cli.main import main\nsys.platform = 'win32'\n"
        "for lock in ('fcntl', 'resource'): sys.modules[lock] = None\nmain(['check', 'x.zip'])\n"
    )
    found = answer(sys.executable, "-c", code, cwd=tmp_path)
    assert (found.code, found.out) == (4, "")
    assert found.err.startswith("harness: Windows is not supported")
    assert "WSL 2" in found.err
    assert "Traceback" not in found.err
