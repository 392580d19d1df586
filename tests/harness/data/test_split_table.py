"""The table of a split: every cell once, nobody on both sides, and whoever is left out has a reason."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from harness.data.published import published
from harness.data.split_table import counts_of, rows_of, table_of
from harness.data.splits import make_split, open_dataset
from submissions.tables import reading_of_table
from tests.support.dataset import a_dataset
from tests.support.inside import harness_inside


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn data set in which each subject has a cell."""
    return a_dataset(tmp_path_factory.mktemp("split") / "data", cells=240)


@pytest.fixture(autouse=True)
def _cache(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(root.parent / "cache"))


def written(root: Path, out: Path, *more: str) -> pd.DataFrame:
    answer = harness_inside("data", "table", root, "--out", out, *more)
    assert answer.code == 0, answer.err
    return pd.read_csv(out, dtype={"subject": str}, keep_default_na=False)


@pytest.mark.parametrize("fold", ["fold0", "fold1", "fold2"])
def test_no_subject_and_no_cell_is_on_both_sides(fold: str, root: Path, tmp_path: Path) -> None:
    table = written(root, tmp_path / "split.csv", "--split", fold)
    assert list(table.columns) == ["path", "cell", "subject", "label", "part", "reason"]
    assert table["cell"].is_unique
    assert all(Path(path).is_file() for path in table["path"])
    sides = {part: set(rows["subject"]) for part, rows in table.groupby("part")}
    near = published().neighbours()
    meeting = {other for subject in sides["test"] for other in (subject, *near.get(subject, ()))}
    assert not sides["train"] & meeting
    assert set(table[table["part"] == "left out"]["reason"]) > {""} or sides["left out"]
    assert (table[table["part"] == "left out"]["reason"] != "").all()
    assert (table[table["part"] != "left out"]["reason"] == "").all()
    assert len(table) == sum(cell.part == "train" for cell in open_dataset(root).records)


def test_the_table_is_the_split_that_a_run_of_ours_has(root: Path, tmp_path: Path) -> None:
    split = make_split(open_dataset(root), "fold2", shared_cells="drop-cells")
    table = written(root, tmp_path / "s.csv", "--split", "fold2", "--shared-cells", "drop-cells")
    for part, cells in (("train", split.train), ("test", split.test)):
        assert list(table[table["part"] == part]["cell"]) == [cell.name for cell in cells]
    left_out = table[table["part"] == "left out"]
    assert len(left_out) == sum(one.cells for one in split.dropped)
    rows = rows_of(split)
    assert counts_of(rows) == {"train": len(split.train), "test": len(split.test), "left out": len(left_out)}
    assert table_of(rows).count("\n") == len(rows) + 1


def test_labels_that_nobody_knows_are_empty(root: Path, tmp_path: Path) -> None:
    table = written(root, tmp_path / "final.csv", "--split", "final", "--part", "test")
    assert set(table["label"]) == set(table["subject"]) == {""}
    assert set(table["part"]) == {"test"}


def test_the_document_says_how_many_and_who_is_left_out(root: Path, tmp_path: Path) -> None:
    answer = harness_inside(
        "data", "table", root, "--split", "fold1", "--out", tmp_path / "s.csv", "--json"
    ).document()
    assert answer["marked"] == ["drawn data"]
    assert answer["parts"]["left out"] == sum(one["cells"] for one in answer["dropped"])
    told = harness_inside("data", "table", root, "--split", "fold1", "--out", tmp_path / "s.csv")
    assert "cells taken out, because it shares cells with" in told.out


def test_the_labels_of_a_split_are_not_taken_for_predictions(root: Path, tmp_path: Path) -> None:
    """With its own labels beside scores every cell would be called right."""
    table = written(root, tmp_path / "test.csv", "--split", "fold1", "--part", "test")
    table["p_all"] = 0.25
    table.to_csv(tmp_path / "mine.csv", index=False)
    answer = harness_inside("score", tmp_path / "mine.csv", "--truth", tmp_path / "test.csv")
    assert answer.code == 5
    assert "the labels of a split" in answer.err
    assert "`prediction`" in answer.err
    table.drop(columns="label").to_csv(tmp_path / "mine.csv", index=False)
    reading = reading_of_table(tmp_path / "mine.csv")
    assert reading.predictions.positives == 0


def test_a_fold_is_packed_by_its_name(tmp_path: Path) -> None:
    names = [cell.name for cell in published().of("train") if cell.fold == "fold_1"]
    (tmp_path / "p.csv").write_text("cell,p_all\n" + "".join(f"{name},0.7\n" for name in names))
    packed = harness_inside(
        "pack", tmp_path / "p.csv", "--phase", "fold1", "--out", tmp_path / "p.zip", "--json"
    )
    assert packed.document()["predictions"] == len(names)
    assert harness_inside("check", tmp_path / "p.zip", "--phase", "fold1").code == 0
    assert harness_inside("check", tmp_path / "p.zip", "--phase", "fold3").code == 2
