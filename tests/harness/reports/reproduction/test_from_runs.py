"""A reproduction of runs on drawn cells, its numbers made anew from the run folders by another path."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import mannwhitneyu
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score

from harness.errors import DataWrong
from harness.runs.epochs import read_epochs
from harness.runs.folder import RunFolder
from submissions.manifest import Manifest
from tests.support.dataset import a_dataset
from tests.support.inside import harness_inside

pytestmark = pytest.mark.training

SEEDS = 3
SMALL = (
    "backbone=test_resnet",
    "layers=layer1 layer2,*",
    "learning_rates=0.001,0.003",
    "side=32",
    "epochs=2",
)
BEST, LAST = "best epoch", "last epoch"


class Made:
    """A reproduction: its folder, what it printed, and every epoch of every run as a table."""

    def __init__(self, folder: Path, told: str) -> None:
        self.folder = folder
        self.events = [json.loads(line) for line in told.splitlines()]
        self.report = self.events[-1]
        self.runs = sorted((folder / "runs").glob("seresnext*"))
        self.epochs = pd.DataFrame([row for run in self.runs for row in _epochs(run)])

    def chosen(self, method: str, choice: str) -> pd.DataFrame:
        """The chosen epoch of every seed."""
        rows = self.epochs[self.epochs["method"] == method].sort_values(["seed", "epoch"])
        column = "weighted_f1" if choice == BEST else "epoch"
        return rows.loc[rows.groupby("seed")[column].idxmax()]


def _epochs(run: Path) -> Iterator[dict[str, Any]]:
    """Every epoch of a run, by pandas and scikit-learn alone."""
    predicted = pd.read_csv(run / "predictions.csv", index_col="cell")
    labels = pd.read_csv(next(run.parents[1].glob("data/**/*labels.csv")))
    truth = labels.set_index("new_names")["labels"].loc[predicted.index]
    nospeclr = "nospeclr" in run.name
    for file in sorted((run / "epochs").glob("*.json")):
        told = json.loads(file.read_text())
        logits = pd.DataFrame(told["logits"], index=told["cells"]).loc[predicted.index]
        views = {"NOSPECLR": 8} if nospeclr else {"PROPOSAL": 8, "NOROT": 1}
        for method, count in views.items():
            called = (logits.iloc[:, :count].mean(axis=1) > 0).astype(int)
            seed = int(run.name.split("seed")[1].split("-")[0])
            yield {"method": method, "seed": seed, "epoch": told["epoch"], **_metrics(truth, called)}


def _metrics(truth: pd.Series, called: pd.Series) -> dict[str, float]:
    weighted = {"average": "weighted", "zero_division": 0}
    return {
        "accuracy": accuracy_score(truth, called),
        "sensitivity": recall_score(truth, called, pos_label=1),
        "specificity": recall_score(truth, called, pos_label=0),
        "weighted_f1": f1_score(truth, called, **weighted),
        "weighted_precision": precision_score(truth, called, **weighted),
        "weighted_recall": recall_score(truth, called, **weighted),
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("reproduction")
    a_dataset(folder / "data", cells=120)
    changes = [word for one in SMALL for word in ("--set", one)]
    rooms = ("--data", folder / "data", "--runs", folder / "runs", "--out", folder / "out")
    asked = (
        *changes,
        *rooms,
        "--seeds",
        f"0-{SEEDS - 1}",
        "--weights",
        "none",
        "--engine",
        "eager",
        "--json",
    )
    environment = {"HARNESS_CACHE": str(folder / "cache"), "OMP_NUM_THREADS": "1"}
    answer = harness_inside("reproduce", "prellberg2019", "--as-published", *asked, **environment)
    assert answer.code == 0, answer.err
    return Made(folder, answer.out)


@pytest.mark.parametrize("choice", [BEST, LAST])
def test_table_2_is_what_pandas_and_scikit_learn_make_of_the_run_folders(made: Made, choice: str) -> None:
    methods = {one["name"]: one for one in made.report["choices"][choice]["methods"]}
    assert list(methods) == ["PROPOSAL", "NOROT", "NOSPECLR"]
    for name, told in methods.items():
        rows = made.chosen(name, choice)
        assert told["seeds"] == list(rows["seed"]) == list(range(SEEDS))
        for metric, found in told["summary"].items():
            there = rows[metric]
            expected = [there.min(), there.mean(), there.std(ddof=0), there.max()]
            assert [found[key] for key in ("minimum", "mean", "sd", "maximum")] == pytest.approx(expected)


@pytest.mark.parametrize("choice", [BEST, LAST])
def test_the_tests_of_the_paper_are_those_of_scipy(made: Made, choice: str) -> None:
    pairs = [one for one in made.report["choices"][choice]["pairs"] if one["a"] == "PROPOSAL"]
    assert [one["b"] for one in pairs] == ["NOROT", "NOSPECLR"]
    for pair in pairs:
        values = [made.chosen(pair[side], choice)["weighted_f1"] for side in ("a", "b")]
        found = mannwhitneyu(*values, alternative="greater")
        assert (pair["u"], pair["p"]) == pytest.approx((found.statistic, found.pvalue))


def test_what_a_run_packs_is_the_best_of_its_epochs(made: Made) -> None:
    for run in made.runs:
        epochs = read_epochs(_folder(run))
        method = "NOSPECLR" if "nospeclr" in run.name else "PROPOSAL"
        seed = json.loads((run / "plan.json").read_text())["seed"]
        rows = made.chosen(method, BEST)
        best = int(rows[rows["seed"] == seed]["epoch"].iloc[0])
        called = (epochs.logits[best].mean(axis=1) > 0).astype(int)
        assert epochs.logits.shape == (3, len(epochs.cells), 8)
        packed = pd.read_csv(run / "predictions.csv", index_col="cell")["label"].loc[list(epochs.cells)]
        np.testing.assert_array_equal(called, packed)


def test_drawn_random_weights_and_fewer_seeds_are_said_in_every_form(made: Made) -> None:
    assert made.report["marks"] == ["drawn data", "random weights", "3 seeds in place of 24"]
    page, text = (Path(made.report[kind]).read_text() for kind in ("html", "markdown"))
    for mark in made.report["marks"]:
        assert mark in page
        assert mark in text
        assert mark in made.report["answer"]


def test_every_figure_is_there_with_its_numbers(made: Made) -> None:
    text = Path(made.report["markdown"]).read_text()
    for title in (
        "Figure 2: training set loss",
        "Figure 2: preliminary test set loss",
        "Figure 4: specificity, %",
    ):
        assert f"### {title}" in text
    assert "Accuracy of PROPOSAL, seed" in text
    assert len(list((made.folder / "out" / "pictures").glob("*.svg"))) == 10


def test_the_final_phase_is_packed_by_the_best_checkpoint(made: Made) -> None:
    text = Path(made.report["markdown"]).read_text()
    assert (made.folder / "out" / "final.zip").stat().st_size > 0
    best = made.chosen("PROPOSAL", BEST).sort_values("weighted_f1", kind="stable", ascending=False).iloc[0]
    assert f"final.zip: the final phase by the best checkpoint (seed {best['seed']}," in text


def test_as_published_leaves_out_h3_and_keeps_shared_cells_and_says_so(made: Made) -> None:
    manifest = Manifest.from_json((made.runs[0] / "manifest.json").read_bytes())
    assert manifest.training["shared_cells"] == "keep"
    dropped = manifest.training["dropped"]
    assert {one["subject"].lower() for one in dropped} == {"h3"}
    assert all("pattern does not fit" in one["reason"] for one in dropped)
    assert "They are left out here too" in Path(made.report["markdown"]).read_text()


def test_the_same_command_again_trains_nothing(made: Made) -> None:
    assert sum(one["event"] == "ended" for one in made.events) == 2 * SEEDS
    changes = [word for one in SMALL for word in ("--set", one)]
    rooms = ("--data", made.folder / "data", "--runs", made.folder / "runs", "--out", made.folder / "out")
    asked = (*changes, *rooms, "--seeds", "0-2", "--weights", "none", "--as-published", "--dry-run", "--json")
    planned = harness_inside(
        "reproduce", "prellberg2019", *asked, HARNESS_CACHE=str(made.folder / "cache")
    ).document()
    assert all(one["done"] for one in planned["runs"])


def test_epochs_that_were_changed_or_are_missing_are_refused_by_name(made: Made, tmp_path: Path) -> None:
    run = made.runs[0]
    file = run / "epochs" / "1.json"
    before = file.read_bytes()
    file.write_bytes(before.replace(b'"epoch": 1', b'"epoch": 3'))
    with pytest.raises(DataWrong, match=r"1\.json"):
        read_epochs(_folder(run))
    file.write_bytes(before)
    with pytest.raises(DataWrong, match="does not say how each of its epochs did"):
        read_epochs(RunFolder(tmp_path))


def _folder(run: Path) -> RunFolder:
    return RunFolder(run, json.loads((run / "plan.json").read_text())["key"])
