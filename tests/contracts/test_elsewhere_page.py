"""The page for those who train elsewhere does what it says: from the split's table to a score and a zip.

Keras is none of our packages: of its program all that needs no Keras is run, and the rest is compiled.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests.support.dataset import a_dataset
from tests.support.inside import harness_inside

PAGE = Path(__file__).parents[2] / "docs" / "elsewhere.md"
PYTORCH, KERAS = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a drawn data set, the table of a split, and the cells that are tested."""
    folder = tmp_path_factory.mktemp("elsewhere")
    a_dataset(folder / "data", cells=60)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_CACHE", str(folder / "cache"))
        patch.chdir(folder)
        for more in (("--out", "split.csv"), ("--out", "test.csv", "--part", "test")):
            answer = harness_inside("data", "table", "data", "--split", "fold1", *more)
            assert answer.code == 0, answer.err
        yield folder


def test_the_pytorch_program_makes_a_table_that_is_scored_and_packed(place: Path) -> None:
    (place / "train.py").write_text(PYTORCH)
    done = subprocess.run(
        [sys.executable, "train.py"], cwd=place, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    tested = pd.read_csv(place / "test.csv")
    scored = harness_inside("score", "predictions.csv", "--truth", "test.csv", "--json")
    assert sum(scored.document()["confusion"].values()) == len(tested)
    assert "auc" in scored.document()["metrics"]
    packed = harness_inside("pack", "predictions.csv", "--cells", "test.csv", "--phase", "mine", "--json")
    assert packed.document()["predictions"] == len(tested)
    checked = harness_inside("check", "submission.zip", "--cells", "test.csv", "--json")
    assert checked.document()["accepted"]
    table = pd.read_csv(place / "predictions.csv")
    board = harness_inside(
        "compare", "predictions.csv", "zip=submission.zip", "--truth", "test.csv", "--json"
    )
    first, second = (one["weighted_f1"] for one in board.document()["entries"])
    assert first == second
    assert sorted(table["cell"]) == sorted(tested["cell"])


def test_of_the_keras_program_all_that_needs_no_keras_runs(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    compile(KERAS, str(PAGE), "exec")
    known: dict[str, object] = {}
    exec(compile(ast.Module(list(without_keras(KERAS)), []), str(PAGE), "exec"), known)
    table = pd.read_csv("split.csv")
    assert getattr(known["cells"], "shape", None) == ((table["part"] == "train").sum(), 64, 64, 3)
    assert getattr(known["labels"], "shape", None) == ((table["part"] == "train").sum(),)


def without_keras(program: str) -> Iterator[ast.stmt]:
    """The statements up to the first that uses Keras, but for its import."""
    for statement in ast.parse(program).body:
        names = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
        if "keras" in names:
            return
        if not (isinstance(statement, ast.Import) and statement.names[0].name == "keras"):
            yield statement


@pytest.mark.parametrize("program", [PYTORCH, KERAS], ids=["pytorch", "keras"])
def test_twenty_lines_are_enough(program: str) -> None:
    lines = [line for line in program.splitlines() if line and not line.startswith(("import ", "from "))]
    assert len(lines) <= 20
