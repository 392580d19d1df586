"""What a run says at its end: the number with its interval, or why there is none, and what comes next."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.dataset import a_dataset
from tests.support.inside import harness_inside


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a drawn data set."""
    folder = tmp_path_factory.mktemp("ends")
    a_dataset(folder / "data", cells=160)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_CACHE", str(folder / "cache"))
        patch.chdir(folder)
        yield folder


def test_a_judged_run_ends_with_its_interval_what_is_weak_and_the_next_step(place: Path) -> None:
    answer = harness_inside("submit", "--model", "majority", "--split", "fold1", COLUMNS="200")
    assert answer.code == 0, answer.err
    run = next((place / "runs").glob("majority-fold1-*"))
    lines = answer.out.splitlines()
    assert any(line.startswith("score        weighted F1 0.") for line in lines)
    assert "Weak: every cell is called the same" in answer.out
    assert lines[-1] == f"next         harness score runs/{run.name}, or harness compare with other runs"
    assert harness_inside("score", f"runs/{run.name}").code == 0
    scores = (run / "card.md").read_text().split("## Scores")[1]
    assert "weighted F1 0." in scores
    assert "| sensitivity | 1.0000 |" in scores
    assert scores.rstrip().endswith("normal cells are called leukemic.")


def test_a_run_of_final_says_why_it_has_no_score_and_where_to_take_it(place: Path) -> None:
    answer = harness_inside("submit", "--model", "majority", "--split", "final", COLUMNS="200")
    assert answer.code == 0, answer.err
    assert "the labels of the final set were never published" in answer.out
    assert answer.out.splitlines()[-1].startswith("next         harness upload runs/majority-final-")
    run = next((place / "runs").glob("majority-final-*"))
    assert "never published" in (run / "card.md").read_text().split("## Scores")[1]


def test_the_demo_says_at_once_what_a_base_installation_lacks(tmp_path: Path) -> None:
    """Without torch nothing is drawn first; a fresh interpreter stands for such an installation."""
    program = (
        "import sys, importlib.util as u; found = u.find_spec\n"
        "u.find_spec = lambda name, *more: None if name == 'torch' else found(name, *more)\n"
        "from harness.cli.main import main; main(['demo', '--folder', sys.argv[1]])"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "demo")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert "entry 'tiny' needs the package torch" in done.stderr
    assert "Type: pip install" in done.stderr
    assert not (tmp_path / "demo").exists()
