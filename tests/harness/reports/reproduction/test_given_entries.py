"""A reproduction fed with real predictions, its numbers made anew by pandas, scikit-learn and scipy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import mannwhitneyu
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score

from tests.support import stored
from tests.support.inside import harness_inside
from tests.support.truth import LABEL_FILE


@pytest.fixture(scope="module")
def folder() -> Path:
    return stored("entries/prelim-seeds")


@pytest.fixture(scope="module")
def report(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("out")
    answer = harness_inside(
        "reproduce",
        "prellberg2019",
        "--entries",
        folder,
        "--truth",
        stored(LABEL_FILE),
        "--out",
        out,
        "--json",
    )
    assert answer.code == 0, answer.err
    return json.loads(answer.out)


@pytest.fixture(scope="module")
def values(folder: Path) -> pd.DataFrame:
    """Every metric of Table 2 of every file."""
    labels = pd.read_csv(stored(LABEL_FILE))
    truth = labels.set_index("new_names")["labels"]
    return pd.DataFrame([_measured(file, truth) for file in sorted(folder.glob("*.csv"))])


def _measured(file: Path, truth: pd.Series) -> dict[str, Any]:
    table = pd.read_csv(file)
    called = table.set_index(table.columns[0])["label"]
    right, said = truth.loc[called.index], called
    return {
        "method": file.stem.split("-")[0],
        "seed": int(file.stem[-2:]),
        "accuracy": accuracy_score(right, said),
        "sensitivity": recall_score(right, said, pos_label=1),
        "specificity": recall_score(right, said, pos_label=0),
        "weighted_f1": f1_score(right, said, average="weighted"),
        "weighted_precision": precision_score(right, said, average="weighted"),
        "weighted_recall": recall_score(right, said, average="weighted"),
    }


def test_table_2_of_real_seeds_is_what_pandas_and_scikit_learn_make_of_the_files(
    report: dict[str, Any], values: pd.DataFrame
) -> None:
    methods = {one["name"]: one for one in report["choices"]["as given"]["methods"]}
    assert sorted(methods) == ["forest", "mlp"]
    for name, rows in values.groupby("method"):
        assert methods[name]["seeds"] == sorted(rows["seed"])
        for metric in rows.columns.drop(["method", "seed"]):
            told, there = methods[name]["summary"][metric], rows[metric]
            expected = [there.min(), there.mean(), there.std(ddof=0), there.max()]
            assert [told[key] for key in ("minimum", "mean", "sd", "maximum")] == pytest.approx(expected)


def test_the_test_of_the_paper_is_that_of_scipy(report: dict[str, Any], values: pd.DataFrame) -> None:
    (pair,) = report["choices"]["as given"]["pairs"]
    one, other = (values[values["method"] == name]["weighted_f1"] for name in (pair["a"], pair["b"]))
    found = mannwhitneyu(one, other, alternative="greater")
    assert (pair["u"], pair["p"]) == pytest.approx((found.statistic, found.pvalue))


def test_the_exact_tests_over_subjects_are_there_for_every_seed(
    report: dict[str, Any], values: pd.DataFrame
) -> None:
    (p,) = report["choices"]["as given"]["subject_swap_p_by_seed"]
    assert len(p) == values["seed"].nunique()
    assert 0.4 < np.min(p) <= np.max(p) <= 1


def test_page_and_text_say_the_same_numbers_and_need_nothing_else(
    report: dict[str, Any], values: pd.DataFrame
) -> None:
    page, text = (Path(report[kind]).read_text() for kind in ("html", "markdown"))
    forest = 100 * values[values["method"] == "forest"]["weighted_f1"]
    here = f"{forest.mean():.2f} ± {forest.std(ddof=0):.2f}"
    for told in (here, "87.89 ± 0.90", "6 seeds in place of 24"):
        assert told in page
        assert told in text
    assert "Figures 2 and 4 cannot be made" in text
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    assert all((Path(report["markdown"]).parent / name).exists() for name in _pictures(text))


def _pictures(text: str) -> list[str]:
    return [line.partition("](")[2].rstrip(")") for line in text.splitlines() if line.startswith("![")]


def tables_of(text: str) -> dict[str, pd.DataFrame]:
    """The tables of a report in Markdown, by the first word or words of their titles."""
    return {
        part.splitlines()[0].partition(", ")[0]: _table(part.splitlines()[2:])
        for part in text.split("### ")
        if "| --- |" in part
    }


def _table(lines: list[str]) -> pd.DataFrame:
    rows = [[cell.strip() for cell in line[1:-1].split("|")] for line in lines if line.startswith("|")]
    return pd.DataFrame(rows[2:], columns=rows[0]).set_index(rows[0][0])


def given_as(names: dict[str, str], folder: Path, to: Path, seeds: tuple[int, ...] = (0, 1)) -> Path:
    """Real predictions under other methods' names."""
    to.mkdir()
    for there, here in names.items():
        for seed in seeds:
            content = (folder / f"{there}-seed{seed:02}.csv").read_bytes()
            (to / f"{here}-seed{seed:02}.csv").write_bytes(content)
    return to


def reported(given: Path, out: Path, *more: str) -> dict[str, Any]:
    asked = ("--entries", given, "--truth", stored(LABEL_FILE), "--out", out, "--json", *more)
    answer = harness_inside("reproduce", "prellberg2019", *asked)
    assert answer.code == 0, answer.err
    return json.loads(answer.out)


@pytest.mark.parametrize(("ablation", "f1"), [("NOROT", "86.92 ± 0.81"), ("NOSPECLR", "87.20 ± 0.70")])
def test_an_ablation_stands_beside_its_own_published_numbers_and_beside_no_others(
    folder: Path, tmp_path: Path, ablation: str, f1: str
) -> None:
    given = given_as({"forest": ablation, "mlp": "PROPOSAL"}, folder, tmp_path / "given")
    text = Path(reported(given, tmp_path / "out")["markdown"]).read_text()
    tables = tables_of(text)
    published = tables[f"Table 2: {ablation}"]["published"]
    assert published["weighted F1"] == f1
    assert set(published.drop("weighted F1")) == {""}
    assert tables["Table 2: PROPOSAL"]["published"]["weighted F1"] == "86.28 / 87.89 ± 0.90 / 89.81"


def test_a_method_that_is_not_the_papers_stands_beside_the_proposal_by_name_or_beside_nothing(
    report: dict[str, Any],
) -> None:
    tables = tables_of(Path(report["markdown"]).read_text())
    first = tables["Table 2: forest"]["published, PROPOSAL"]
    assert first["weighted F1"] == "86.28 / 87.89 ± 0.90 / 89.81"
    assert set(tables["Table 2: mlp"]["published"]) == {""}


def test_seeds_choose_among_those_that_are_given(folder: Path, tmp_path: Path) -> None:
    report = reported(folder, tmp_path / "out", "--seeds", "1,3")
    assert [one["seeds"] for one in report["choices"]["as given"]["methods"]] == [[1, 3], [1, 3]]
    assert "over 2 seeds." in report["answer"]
    asked = ("reproduce", "prellberg2019", "--entries", folder, "--truth", stored(LABEL_FILE))
    absent = harness_inside(*asked, "--out", tmp_path / "none", "--seeds", "1,77,78")
    assert absent.code == 3
    assert "forest has no predictions of seed 77, 78" in absent.err
    assert not (tmp_path / "none").exists()


def test_one_seed_is_one_seed(folder: Path, tmp_path: Path) -> None:
    assert "over 1 seed." in reported(folder, tmp_path / "out", "--seeds", "0")["answer"]


def test_a_dry_run_says_what_would_be_written_and_writes_nothing(folder: Path, tmp_path: Path) -> None:
    given = given_as({"forest": "mine"}, folder, tmp_path / "given")
    said = reported(given, tmp_path / "dry", "--dry-run")
    assert said["methods"] == [{"name": "mine", "seeds": [0, 1]}]
    assert not (tmp_path / "dry").exists()
    reported(given, tmp_path / "dry")
    written = [path for path in (tmp_path / "dry").rglob("*") if path.is_file()]
    assert sorted(said["would_write"]) == sorted(map(str, written))


def test_options_of_runs_are_refused_with_given_predictions_by_name(folder: Path, tmp_path: Path) -> None:
    asked = ("reproduce", "prellberg2019", "--truth", stored(LABEL_FILE), "--out", tmp_path / "out")
    refused = harness_inside(
        *asked, "--entries", folder, "--as-published", "--set", "epochs=1", "--jobs", "2"
    )
    assert refused.code == 2
    assert "--entries runs nothing, so --set, --jobs and --as-published cannot be had" in refused.err
    assert harness_inside(*asked, "--dry-run").code == 2
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("policy", ["drop-cells", "keep"])
def test_as_published_and_a_policy_for_shared_cells_are_refused_together(policy: str) -> None:
    asked = ("reproduce", "prellberg2019", "--as-published", "--dry-run", "--shared-cells", policy)
    refused = harness_inside(*asked)
    assert refused.code == 2
    assert "--as-published keeps shared cells" in refused.err


def test_entries_without_labels_or_seeds_are_refused_with_what_to_do(folder: Path, tmp_path: Path) -> None:
    asked = ("reproduce", "prellberg2019", "--entries")
    unlabelled = harness_inside(*asked, folder)
    assert unlabelled.code == 2
    assert "--truth" in unlabelled.err
    (tmp_path / "mine.csv").write_bytes((folder / "mlp-seed00.csv").read_bytes())
    unnumbered = harness_inside(*asked, tmp_path, "--truth", stored(LABEL_FILE))
    assert unnumbered.code == 3
    assert "forest-seed03.csv" in unnumbered.err
