"""`harness new-model` writes a package that installs, is listed, keeps the contract, trains and submits."""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from harness.errors import DataWrong, UsageWrong
from harness.new_model import write_package
from tests.support.command import harness
from tests.support.dataset import a_dataset


def an_environment(folder: Path) -> Path:
    """The Python of a fresh environment that sees, behind its own packages, those of this one."""
    venv.EnvBuilder(with_pip=False, symlinks=True).create(folder)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    behind = sysconfig.get_path("purelib")
    (site / "behind.pth").write_text(f"import site; site.addsitedir({behind!r})\n")
    return folder / "bin" / "python"


def run(*command: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HARNESS_CACHE": str(cwd / "cache")}
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, cwd=cwd, timeout=200, env=environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_a_package_installs_is_listed_keeps_the_contract_trains_and_submits_in_a_fresh_environment(tmp_path):
    (tmp_path / "models").mkdir()  # half of all working folders have one
    (tmp_path / "models" / "__init__.py").write_text("raise RuntimeError('a stranger')")
    package = write_package("colour-logit", tmp_path / "colour-logit").folder
    python = an_environment(tmp_path / "fresh")
    offline = ("--no-index", "--no-deps", "--no-build-isolation", "--quiet")
    run(sys.executable, "-m", "pip", "--python", python, "install", *offline, "-e", package, cwd=tmp_path)

    shown = run(python, "-m", "harness", "models", "colour-logit", cwd=tmp_path).stdout
    assert "origin       harness-colour-logit" in shown
    tested = run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", package, cwd=tmp_path).stdout
    assert "11 passed" in tested
    data = a_dataset(tmp_path / "data")
    submit = ("submit", "--model", "colour-logit", "--data", data)
    scored = run(python, "-m", "harness", *submit, cwd=tmp_path).stdout
    assert "weighted_f1" in scored
    assert list(tmp_path.glob("runs/*/submission*.zip"))


def test_outside_that_environment_it_is_unknown():
    assert harness("models", "colour-logit").code == 4


def test_the_command_writes_where_it_is_told_and_says_what(tmp_path):
    answer = harness("new-model", "my-net", "--folder", tmp_path / "here", "--json")
    assert answer.code == 0
    document = answer.document()
    assert document["folder"] == str(tmp_path / "here")
    assert document["files"] == ["pyproject.toml", "README.md", "my_net.py", "tests/test_my_net.py"]
    assert all((tmp_path / "here" / file).is_file() for file in document["files"])
    assert "$" not in "".join((tmp_path / "here" / file).read_text() for file in document["files"])


def test_without_a_folder_the_package_lies_beside_the_user(tmp_path):
    assert harness("new-model", "my-net", cwd=tmp_path).code == 0
    assert (tmp_path / "my-net" / "my_net.py").is_file()
    spaced = harness("new-model", "my-net", "--folder", "my work/my-net", cwd=tmp_path)
    assert "pip install -e 'my work/my-net'" in spaced.err


def test_an_existing_folder_is_left_alone(tmp_path):
    (tmp_path / "mine").mkdir()
    with pytest.raises(DataWrong, match="is there already"):
        write_package("my-net", tmp_path / "mine")
    assert list((tmp_path / "mine").iterdir()) == []
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("My Net", "cannot name an entry"),
        ("1net", "cannot name an entry"),
        ("class", "cannot name an entry"),
        ("../net", "cannot name an entry"),
        ("shape-svm", "there is an entry"),
        ("numpy", "there is a Python module"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused(tmp_path, name, reason):
    with pytest.raises(UsageWrong, match=reason):
        write_package(name, tmp_path / "x")
    assert not list(tmp_path.iterdir())
