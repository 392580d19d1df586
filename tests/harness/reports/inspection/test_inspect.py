"""`harness inspect` on real runs: its numbers by another way, what is missing said, no path on the page."""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.support.command import Answer
from tests.support.dataset import a_dataset
from tests.support.inside import harness_inside

pytestmark = pytest.mark.training

QUICK = ("--set", "side=64", "--set", "views=1", "--set", "batch=8", "--set", "epochs=2")


class Here:
    """A drawn data set and runs on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        a_dataset(folder / "data", 96)

    def asked(self, *arguments: object) -> Answer:
        places = ("--data", self.folder / "data", "--runs", self.folder / "runs")
        return harness_inside(*arguments, *places, HARNESS_CACHE=str(self.folder / "cache"))

    def made(self, *arguments: object) -> Path:
        answer = self.asked(*arguments, "--json")
        assert answer.code == 0, answer.err
        document = answer.document()
        return Path(document.get("runs", [document])[-1]["run"])

    def inspected(self, run: Path, *more: object) -> tuple[dict[str, Any], str, str]:
        """The document, the page, and what was said on standard error."""
        answer = self.asked("inspect", run, "--json", *more)
        assert answer.code == 0, answer.err
        document = answer.document()
        return document, Path(document["page"]).read_text(encoding="utf-8"), answer.err


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Here:
    return Here(tmp_path_factory.mktemp("inspect"))


@pytest.fixture(scope="module")
def network(here: Here) -> Path:
    return here.made("submit", "--model", "tiny", "--split", "fold0", "--watch", "fold0", *QUICK)


def truth_in_names(cells: pd.Series) -> pd.Series:
    return cells.str.contains("_all").astype(int)


def test_the_numbers_of_a_look_inside_are_those_of_the_table_by_pandas(here: Here, network: Path) -> None:
    found, page, _ = here.inspected(network)
    table = pd.read_csv(network / "predictions.csv", dtype={"subject": str})
    table["truth"] = truth_in_names(table.cell)
    table["called"] = (table.score > 0.5).astype(int)
    table["right"] = table.truth == table.called
    wrong = table[~table.right].assign(sure=lambda one: (one.score - 0.5).abs())
    wrong = wrong.sort_values("sure", ascending=False, kind="stable")
    assert found["wrong"] == len(wrong)
    assert [one["name"] for one in found["most_wrong"]] == wrong.cell.head(24).to_list()
    for told, (_, row) in zip(found["most_wrong"], wrong.head(24).iterrows(), strict=True):
        assert told["score"] == row.score
        assert told["subject"] == row.subject
        assert (told["label"], told["called"]) == tuple(
            ("HEM", "ALL")[one] for one in (row.truth, row.called)
        )
    by_subject = table.groupby("subject").right.agg(["sum", "count"])
    told = {one["subject"]: (one["correct"], one["cells"]) for one in found["subjects"]}
    assert told == {name: (int(row["sum"]), int(row["count"])) for name, row in by_subject.iterrows()}
    accuracies = [one["accuracy"] for one in found["subjects"]]
    assert accuracies == sorted(accuracies)
    assert found["scores"]["ALL"] == int(table.called.sum())
    filled = [one for one in found["calibration"] if one["cells"]]
    for one in filled:
        inside = table[(table.score > one["low"]) & (table.score <= one["high"])]
        assert len(inside) == one["cells"]
        assert one["leukemic"] == pytest.approx(inside.truth.mean())
    assert sum(one["cells"] for one in filled) == len(table)
    assert f"{len(wrong)} cells that are called wrong" in page or f"{len(wrong)} cell that" in page


def test_the_page_shows_each_wrong_cell_twice_once_with_its_map_and_says_what_the_run_is(
    here: Here, network: Path
) -> None:
    found, page, _ = here.inspected(network)
    assert all(one["shown"] and one["map"] is not None for one in found["most_wrong"])
    assert page.count("data:image/png;base64,") == 2 * len(found["most_wrong"]) > 0
    assert "Grad-CAM" in page
    assert "no diagnosis" in page
    assert found["facts"]["watched"] == f"fold0, {found['scores']['cells']} cells; none chosen by it"
    digest = found["facts"]["what was learnt"].removeprefix("SHA-256 ")
    assert digest in page
    assert digest == hashlib.sha256((network / "fitted" / "model.safetensors").read_bytes()).hexdigest()
    assert [one["epoch"] for one in found["epochs"]] == [0, 1, 2]
    assert all(
        title in page for title in ("Loss by epoch", "Calibration of tiny", "Accuracy of tiny by subject")
    )


def test_no_path_of_this_machine_and_no_address_stands_on_the_page(here: Here, network: Path) -> None:
    _, page, _ = here.inspected(network)
    assert str(here.folder) not in page
    assert str(Path.home()) not in page
    links = re.findall(r"(?:src|href|url)\s*[=(]\s*[\"']?([^\"')\s>]+)", page)
    assert {one.partition(":")[0] for one in links} <= {"data"}
    assert "<script" not in page


def test_without_the_images_the_cells_are_named_and_that_is_said_without_a_path(
    here: Here, network: Path
) -> None:
    page_file = here.folder / "named.html"
    answer = harness_inside(
        "inspect", network, "--data", here.folder / "nothing", "-o", page_file, "--json",
        HARNESS_CACHE=str(here.folder / "cache"),
    )  # fmt: skip
    assert answer.code == 0, answer.err
    found, page = answer.document(), page_file.read_text(encoding="utf-8")
    assert found["most_wrong"]
    assert not any(one["shown"] for one in found["most_wrong"])
    assert "data:image/png" not in page
    assert all(one["name"] in page for one in found["most_wrong"])
    (note,) = found["notes"]
    assert note.startswith("The images were not found here, so cells are named only")
    assert note in page
    assert str(here.folder) not in page


def test_images_of_other_cells_under_the_same_names_are_not_shown(here: Here, network: Path) -> None:
    other = here.folder / "other"
    if not other.exists():
        a_dataset(other, 96, seed=5)
    answer = harness_inside(
        "inspect", network, "--data", other, "-o", here.folder / "other.html", "--json",
        HARNESS_CACHE=str(here.folder / "cache"),
    )  # fmt: skip
    assert answer.code == 0, answer.err
    assert "other cells than the run's" in answer.document()["notes"][0]
    assert not any(one["shown"] for one in answer.document()["most_wrong"])


def test_labels_of_other_cells_under_the_same_names_judge_nothing(here: Here, tmp_path: Path) -> None:
    """The preliminary cells of every drawn data set are called 1.bmp, 2.bmp, …"""
    run = here.made("submit", "--model", "majority", "--split", "prelim")
    found, _, _ = here.inspected(run)
    assert found["verdict"] is not None
    other = tmp_path / "data"
    shutil.copytree(here.folder / "data", other)
    (file,) = other.rglob("*labels.csv")
    table = pd.read_csv(file)
    table.assign(new_names=np.roll(table.new_names, 1)).to_csv(file, index=False)
    page = tmp_path / "other.html"
    answer = harness_inside(
        "inspect", run, "--data", other, "-o", page, "--json", HARNESS_CACHE=str(here.folder / "cache")
    )
    assert answer.code == 0, answer.err
    assert answer.document()["verdict"] is None
    assert answer.document()["notes"] == [
        "The labels of prelim are not known here, so only scores are shown."
    ]
    assert "are not those by which the run was judged" in answer.err


def test_without_captum_the_page_says_how_to_install_it_and_is_whole_otherwise(
    here: Here, network: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "captum", None)
    monkeypatch.setitem(sys.modules, "captum.attr", None)
    found, page, said = here.inspected(network, "--cells", 3)
    assert "pip install &#x27;.[inspect]&#x27;" in page
    assert "[inspect]'" in said
    assert page.count("data:image/png;base64,") == 3
    assert [one["map"] for one in found["most_wrong"]] == [None] * 3


def test_maps_are_left_out_on_request_and_that_needs_no_words(here: Here, network: Path) -> None:
    found, page, _ = here.inspected(network, "--no-maps", "--cells", 2)
    assert found["notes"] == []
    assert page.count("data:image/png;base64,") == 2


def test_a_classical_entry_has_no_epochs_and_no_maps_and_the_rest(here: Here) -> None:
    run = here.made("submit", "--model", "shape-knn", "--split", "fold0")
    found, page, _ = here.inspected(run)
    assert found["epochs"] == []
    assert "Epoch by epoch" not in page
    assert "Scores of shape-knn by class" in page
    assert any("shape-knn has no last picture" in note for note in found["notes"]) or not found["most_wrong"]


def test_a_run_without_labels_shows_scores_only_and_says_so_also_where_another_run_predicted(
    here: Here, network: Path
) -> None:
    run = here.made("predict", "--from", network, "--split", "final")
    found, page, _ = here.inspected(run)
    assert found["verdict"] is None
    assert found["most_wrong"] == []
    assert found["notes"] == ["The labels of final are not known here, so only scores are shown."]
    assert "Scores only: the labels are not known here." in page
    assert found["facts"]["predicted by"] == network.name
    assert [one["epoch"] for one in found["epochs"]] == [0, 1, 2], "the curves of the run that learnt"
    assert found["scores"]["cells"] == len(pd.read_csv(run / "predictions.csv"))


def test_joined_runs_are_judged_and_send_the_reader_to_their_parts_for_the_rest(
    here: Here, network: Path
) -> None:
    other = here.made("submit", "--model", "tiny", "--split", "fold0", "--seed", 1, *QUICK)
    joined = harness_inside(
        "ensemble", f"a={network}", f"b={other}", "--runs", here.folder / "runs", "--json"
    )
    assert joined.code == 0, joined.err
    found, page, _ = here.inspected(Path(joined.document()["run"]))
    assert found["verdict"] is not None
    assert network.name in found["facts"]["joined"]
    assert any("look into each" in note for note in found["notes"])
    assert page.count("data:image/png;base64,") == len(found["most_wrong"])


def test_a_run_that_has_only_learnt_shows_its_epochs(here: Here) -> None:
    run = here.made("train", "--model", "tiny", "--split", "fold1", "--watch", "fold1", *QUICK)
    found, page, _ = here.inspected(run)
    assert found["scores"] is None
    assert found["notes"] == ["It has predicted nothing yet: it is fitted."]
    assert "Weighted F1 and the share of each class" in page
    assert "What it says" not in page


def test_what_is_no_run_or_is_several_is_refused(here: Here, network: Path) -> None:
    answer = here.asked("inspect", here.folder / "data")
    assert answer.code == 3
    assert "is no run" in answer.err
    shutil.copytree(network, network.with_name("tiny-fold0-copy"), dirs_exist_ok=True)
    answer = here.asked("inspect", "tiny-fold0-*")
    shutil.rmtree(network.with_name("tiny-fold0-copy"))
    assert answer.code == 3
    assert "names " in answer.err


def test_the_maps_of_two_looks_are_the_same(here: Here, network: Path) -> None:
    first, again = (here.inspected(network)[1] for _ in range(2))
    assert first == again
    assert np.all([one in again for one in re.findall(r"base64,[A-Za-z0-9+/=]{40}", first)])
