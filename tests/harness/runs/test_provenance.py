"""Where numbers came from: the commit, also of an installed copy, and what changed on the way."""

import shutil
import subprocess
import sys
from pathlib import Path

import harness
from harness.runs.provenance import _described, _written, changes, environment, told

CHECKOUT = Path(harness.__file__).parent.parent

PYPROJECT = """
[project]
name = "a-small-copy"
version = "1"
[tool.setuptools]
packages = ["harness"]
"""


def git(*arguments: str, cwd: Path) -> str:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    done = subprocess.run(["git", *who, *arguments], cwd=cwd, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_what_is_built_from_a_checkout_carries_its_commit(tmp_path: Path) -> None:
    (tmp_path / "harness").mkdir()
    (tmp_path / "harness" / "__init__.py").write_text("")
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    shutil.copy(CHECKOUT / "setup.py", tmp_path)
    git("init", "--quiet", cwd=tmp_path)
    git("add", ".", cwd=tmp_path)
    git("commit", "--quiet", "-m", "One", cwd=tmp_path)
    build = (sys.executable, "setup.py", "--quiet", "build_py", "--build-lib", "built")
    subprocess.run(build, cwd=tmp_path, capture_output=True, check=True)
    commit = git("rev-parse", "--short=12", "HEAD", cwd=tmp_path)
    assert _written(tmp_path / "built" / "harness") in (commit, f"{commit}-dirty")
    assert _described(tmp_path) is not None


def test_an_installed_copy_is_not_named_by_the_commit_of_the_project_it_lies_in(tmp_path: Path) -> None:
    git("init", "--quiet", cwd=tmp_path)
    git("commit", "--quiet", "--allow-empty", "-m", "Somebody else's", cwd=tmp_path)
    installed = tmp_path / ".venv" / "site-packages" / "harness"
    installed.mkdir(parents=True)
    assert _described(installed.parent) is None
    assert _written(installed) is None


def test_only_what_an_entry_imports_and_the_machine_count_as_changes() -> None:
    now = environment("cpu", ["sklearn"])
    before = {**now, "device": "cuda", "packages": {**now["packages"], "scikit-learn": "1.0", "timm": "0.1"}}
    found = changes(before, now, ["sklearn"])
    assert found == {
        "device": ["cuda", "cpu"],
        "scikit-learn": ["1.0", now["packages"]["scikit-learn"]],
    }
    assert told(found).startswith("device cuda, now cpu, scikit-learn 1.0, now ")
    assert changes(now, now, ["sklearn"]) == {}
