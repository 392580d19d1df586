"""Every import contract is broken by one import in the wrong room, so none of them is empty."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("harness", "models", "submissions", "eval_server")
CONTRACTS = tuple(
    contract["name"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
)
WRONG = {
    "submissions is the treaty": ("submissions/rows.py", "import pandas"),
    "eval_server knows the treaty only": ("eval_server/judging/truth.py", "import models.contract"),
    "models knows the treaty only": ("models/tiny.py", "import eval_server.scoring.auc"),
    "rooms of the judge": ("eval_server/scoring/auc.py", "import eval_server.judging.verdict"),
    "rooms of the judge, one beside them": ("eval_server/tools.py", "import eval_server.scoring.auc"),
    "the workshop opens": ("harness/reports/page.py", "import eval_server.store.store"),
    "torch, torchvision, timm and ONNX": ("harness/doctor.py", "def late():\n    import torch"),
    "torch, torchvision, timm and ONNX, one more": ("harness/doctor.py", "def late():\n    import onnx"),
    "click and rich": ("harness/runs/plan.py", "import click"),
    "httpx": ("harness/doctor.py", "import httpx"),
    "FastAPI and Starlette": ("eval_server/service/desk.py", "from starlette.requests import Request"),
    "Dask": ("harness/runs/plan.py", "import dask"),
    "vl-convert": ("harness/reports/page.py", "def late():\n    import vl_convert"),
    "pydantic": ("eval_server/web/routes/answers.py", "import pydantic"),
    "SQLAlchemy and Alembic": ("eval_server/service/desk.py", "import sqlalchemy"),
    "Dask lives": ("harness/runs/plan.py", "import distributed"),
    "pydantic lives": ("eval_server/service/desk.py", "from pydantic import BaseModel"),
    "markdown-it lives": ("eval_server/web/routes/pages.py", "import markdown_it"),
    "no circle of imports": ("models/finetune/recipe.py", "import models.finetune.loop"),
}
"""For the contract that begins so (", one" says which of its rules): a module, and a line too many."""


def beginning(case: str) -> str:
    """The beginning of a contract's name."""
    return case.partition(", one ")[0]


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the packages with the contracts, to be spoilt."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=only_modules)
    return folder


def only_modules(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not name.endswith(".py") and not (Path(folder) / name).is_dir()]


@contextmanager
def with_line(path: Path, line: str) -> Iterator[None]:
    """The module with one line more, and then as it was."""
    before = path.read_text() if path.exists() else None
    path.write_text(f"{before or ''}\n{line}\n")
    try:
        yield
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_text(before)


def broken(folder: Path) -> list[str]:
    """The contracts that `lint-imports` calls broken."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=folder,
        env={**os.environ, "COLUMNS": "400"},
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.findall(r"^(.+) BROKEN(?: \(.*\))?$", done.stdout, re.MULTILINE)
    assert (done.returncode == 0) == (not found), done.stdout + done.stderr
    return found


def test_every_contract_has_a_case() -> None:
    for name in CONTRACTS:
        assert [case for case in WRONG if name.startswith(beginning(case))], name
    assert all(any(name.startswith(beginning(case)) for name in CONTRACTS) for case in WRONG)


def test_the_packages_as_they_are_break_nothing(copied: Path) -> None:
    assert broken(copied) == []


@pytest.mark.parametrize("case", WRONG)
def test_one_import_in_the_wrong_room_breaks_its_contract(copied: Path, case: str) -> None:
    path, line = WRONG[case]
    with with_line(copied / path, line):
        assert [name for name in broken(copied) if name.startswith(beginning(case))]
