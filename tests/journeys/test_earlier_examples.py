"""What earlier code wrote is read: a server shows the same boards, runs give the same numbers."""

from __future__ import annotations

import csv
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eval_server.store.backup import load
from eval_server.store.store import Store
from harness.data.crops import cells_of, open_crops
from harness.data.dataset import open_dataset
from harness.data.splits import make_split
from harness.data.synthetic import draw
from models.contract import Session
from models.registry import find
from tests.support import stored
from tests.support.desk import a_place
from tests.support.inside import harness_inside
from tests.support.postgres import a_database
from tests.support.server import DATABASES

pytestmark = pytest.mark.training

THAT_DAY = datetime(2026, 11, 26, 12, tzinfo=UTC)
TRUTH = "earlier/C-NMC_test_prelim_phase_data_labels.csv"
RUNS = {
    "tiny": "tiny-prelim-seed0-d075f08f",
    "majority": "majority-prelim-seed0-9f21c1f1",
    "shape-knn": "shape-knn-prelim-seed0-2626474f",
}
TINY = {"side": "32", "views": "1", "batch": "8", "epochs": "1"}


def document(name: str) -> Any:
    return json.loads(stored(f"earlier/{name}.json").read_text())


COMPUTED_ANEW = {
    ".now": "the hour is another",
    "pairs[].interval": "of a difference: the exact test turned round, before it an approximation",
    "compare.pairs[].interval_remark": "two entries that call every cell alike have an interval now",
    "equivalence.interval": "follows the interval of the difference",
    "auc.p": "Student's t over subjects, before it a normal quantile that found too much",
    "compare.pairs[].p_holm": "a copy of an entry no longer makes everybody's larger",
    "compare.pairs[].q": "likewise",
    "compare.pairs[].mcnemar_holm": "likewise",
    "subjects.mean_interval": "on the logit scale, as all others are; before it reached 1",
}
"""What later code says otherwise on purpose (CHANGELOG, 0.1.1), by the end of its address, with the reason.

Everything else is held: places and rank sets, point values, counts, exact p, an entry's own intervals, teams.
"""


def assert_still_said(found: Any, said: Any, at: str) -> None:
    """What was said is said still: fields may have been added, and a sum may end in another digit."""
    if at.endswith(tuple(COMPUTED_ANEW)):
        return
    if isinstance(said, dict):
        for key in said:
            assert_still_said(found[key], said[key], f"{at}.{key}")
    elif isinstance(said, list):
        assert len(found) == len(said), at
        for one, other in zip(found, said, strict=True):
            assert_still_said(one, other, f"{at}[]")
    else:
        assert found == (pytest.approx(said, rel=1e-12) if isinstance(said, float) else said), at


def place_of(path: str) -> str:
    """Where a document stands among what is said: a comparison says of its pair what a table says of each."""
    return "pairs[]" if "/comparisons?" in path else path


def assert_says_the_same(folder: Path, database: str | None, name: str) -> None:
    """A server on this data answers what the one that made them answered."""
    said = document(name)
    with a_place(folder, database) as place:
        place.clock.at = THAT_DAY
        client = place.client()
        for path, expected in said["documents"].items():
            assert_still_said(client.get(path).json(), expected, place_of(path))
        for path, expected in said["tables"].items():
            assert client.get(path).text == expected, path


def test_the_data_folder_of_an_earlier_server_shows_the_same_boards(tmp_path: Path) -> None:
    folder = shutil.copytree(stored("earlier/server"), tmp_path / "server")
    assert_says_the_same(folder, None, "server")


@pytest.mark.parametrize("kind", DATABASES)
def test_an_earlier_backup_comes_back_on_either_database_with_the_same_boards(
    kind: str, tmp_path: Path
) -> None:
    database = None if kind == "sqlite" else a_database()
    store = Store.open(tmp_path / "server", database)
    load(store, stored("earlier/postgresql.backup"))
    store.close()
    assert_says_the_same(tmp_path / "server", database, "postgresql")


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return shutil.copytree(stored("earlier/runs"), tmp_path / "runs")


@pytest.mark.parametrize("name", RUNS)
def test_an_earlier_run_is_judged_as_it_was(name: str, runs: Path) -> None:
    answer = harness_inside("score", runs / RUNS[name], "--truth", stored(TRUTH), "--json")
    assert answer.code == 0, answer.err
    assert_still_said(answer.document(), document("runs")["score"][name], name)


def test_earlier_runs_are_compared_as_they_were(runs: Path) -> None:
    named = [f"{name.removeprefix('shape-')}={runs / run}" for name, run in RUNS.items()]
    answer = harness_inside("compare", *named, "--truth", stored(TRUTH), "--json")
    assert answer.code == 0, answer.err
    assert_still_said(answer.document(), document("runs")["compare"], "compare")


def test_earlier_runs_are_listed_with_what_they_are_worth(runs: Path) -> None:
    listed = harness_inside("runs", "--runs", runs, "--json")
    assert listed.code == 0, listed.err
    assert all(run in listed.out for run in RUNS.values())


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cells that those runs learnt from and predicted, drawn again."""
    folder = tmp_path_factory.mktemp("drawn") / "data"
    draw(folder, scale=0.0017, seed=0)
    return folder


@pytest.mark.parametrize(("name", "settings"), [("tiny", TINY), ("majority", {}), ("shape-knn", {})])
def test_what_an_earlier_run_fitted_predicts_what_it_predicted(
    name: str, settings: dict[str, str], runs: Path, data: Path
) -> None:
    fitted = find(name)[0].configured(settings).load(runs / RUNS[name] / "fitted")
    dataset = open_dataset(data)
    cells = cells_of(make_split(dataset, "prelim").test, open_crops(dataset.records), labelled=False)
    with (runs / RUNS[name] / "predictions.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    assert [row["cell"] for row in rows] == list(cells.names)
    scores = fitted.predict(cells, Session(device="cpu"))
    assert np.allclose(scores, [float(row["score"]) for row in rows], atol=1e-5)


def test_the_same_command_leaves_an_earlier_run_as_it_is_and_says_why_a_new_one_begins(
    runs: Path, data: Path
) -> None:
    """It goes on with the earlier run only where the entry's code is still the same to the byte."""
    before = {path: path.read_bytes() for path in runs.rglob("*") if path.is_file()}
    command = ("submit", "--model", "majority", "--data", data, "--split", "prelim", "--runs", runs, "--json")
    answer = harness_inside(*command)
    assert answer.code == 0, answer.err
    kept = f"since run {RUNS['majority']}: that one is kept, a new one begins"
    assert kept in answer.err or "fit (done), predict (done), pack (done)" in answer.err
    assert {path: path.read_bytes() for path in before} == before
