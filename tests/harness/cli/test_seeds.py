"""`harness seeds` as a user runs it: the paper's Table 2 form, the tests, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.runs.provenance import file_sha256
from submissions.manifest import Manifest
from tests.support import stored
from tests.support.inside import harness_inside

SUBJECTS = [("1", 1), ("2", 1), ("3", 1), ("H1", 0), ("H2", 0), ("H3", 0)]
EACH = 20


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A label file of six subjects, and five seeds of a good and of a bad method."""
    place = tmp_path_factory.mktemp("seeds")
    truth = [(name, label) for name, label in SUBJECTS for _ in range(EACH)]
    lines = [f"{at}.bmp,{label},{name}" for at, (name, label) in enumerate(truth, 1)]
    (place / "truth.csv").write_text("cell,label,subject\n" + "\n".join(lines) + "\n")
    runs = place / "runs"
    runs.mkdir()
    labels = np.array([label for _, label in truth])
    for method, share in (("good", 0.1), ("bad", 0.3)):
        for seed in range(5):
            write(runs / f"{method}-seed{seed:02}.csv", labels, share, seed)
    return place


def write(path: Path, labels: np.ndarray, wrong: float, seed: int) -> None:
    generator = np.random.default_rng(seed)
    called = labels ^ (generator.random(len(labels)) < wrong)
    rows = [f"{at}.bmp,{0.2 + 0.6 * one:.3f},{one}" for at, one in enumerate(called.tolist(), 1)]
    path.write_text("cell,score,label\n" + "\n".join(rows) + "\n")


def test_runs_are_grouped_by_name_and_summed_up_as_in_the_paper(folder: Path) -> None:
    answer = harness_inside("seeds", folder / "runs", "--truth", folder / "truth.csv", "--json")
    assert answer.code == 0, answer.err
    document = answer.document()
    methods = {one["name"]: one for one in document["methods"]}
    assert set(methods) == {"good", "bad"}
    assert methods["good"]["seeds"] == [0, 1, 2, 3, 4]
    summary = methods["good"]["summary"]
    assert list(summary)[:2] == ["accuracy", "sensitivity"]
    assert summary["weighted_f1"]["sd_sample"] == pytest.approx(summary["weighted_f1"]["sd"] * (5 / 4) ** 0.5)


def test_the_same_seeds_are_paired_and_both_sources_of_noise_are_there(folder: Path) -> None:
    answer = harness_inside(
        *("seeds", f"good={folder / 'runs' / 'good-*'}", f"bad={folder / 'runs' / 'bad-*'}"),
        *("--truth", folder / "truth.csv", "--json"),
    )
    pair = answer.document()["pairs"][0]
    assert (pair["a"], pair["b"], pair["a12"], pair["magnitude"]) == ("good", "bad", 1, "large")
    assert pair["paired"]["sign_flip_p"] == pytest.approx(2 / 2**5)
    assert pair["paired"]["meaningful"]
    assert pair["both_sources"]["difference"] == pytest.approx(pair["paired"]["mean_difference"], abs=1e-12)
    assert 0 < pair["both_sources"]["p"] <= 0.1


def test_different_seeds_are_not_paired(folder: Path) -> None:
    good = [folder / "runs" / f"good-seed0{seed}.csv" for seed in (0, 1, 2)]
    bad = [folder / "runs" / f"bad-seed0{seed}.csv" for seed in (1, 2, 3)]
    answer = harness_inside("seeds", *good, *bad, "--truth", folder / "truth.csv", "--json")
    pair = answer.document()["pairs"][0]
    assert pair["paired"] is None
    assert pair["both_sources"] is not None


def test_different_numbers_of_seeds_are_compared_over_subjects_too(folder: Path) -> None:
    good = [folder / "runs" / f"good-seed0{seed}.csv" for seed in (0, 1, 2)]
    answer = harness_inside(
        "seeds", *good, f"bad={folder / 'runs' / 'bad-*'}", "--truth", folder / "truth.csv"
    )
    assert "of the variance behind it" in answer.out.replace("\n    ", " ")


def test_one_seed_each_says_nothing_about_seeds_and_subjects_together(folder: Path) -> None:
    runs = [folder / "runs" / f"{method}-seed00.csv" for method in ("good", "bad")]
    answer = harness_inside("seeds", *runs, "--truth", folder / "truth.csv")
    assert "not computed, one seed shows no spread over seeds" in answer.out


def test_one_seed_each_is_said_to_tell_nothing_and_no_effect_is_large(folder: Path) -> None:
    runs = [folder / "runs" / f"{method}-seed00.csv" for method in ("good", "bad")]
    told = harness_inside("seeds", *runs, "--truth", folder / "truth.csv")
    assert "one seed each tells nothing about other seeds" in told.out
    assert "large" not in told.out
    assert "Cliff" not in told.out
    pair = harness_inside("seeds", *runs, "--truth", folder / "truth.csv", "--json").document()["pairs"][0]
    assert (pair["cliffs_delta"], pair["a12"], pair["magnitude"], pair["paired"]) == (None, None, "", None)
    assert pair["remark"]


def test_run_folders_bring_their_seed_and_their_remarks(folder: Path, tmp_path: Path) -> None:
    for seed in (3, 7):
        run = tmp_path / f"tiny-{seed}"
        run.mkdir()
        source = folder / "runs" / f"good-seed0{seed % 5}.csv"
        (run / "predictions.csv").write_bytes(source.read_bytes())
        sha256 = file_sha256(source)
        manifest = Manifest("tiny", "built in", "truth", "prelim", seed, 120, sha256, drawn=True)
        (run / "manifest.json").write_text(manifest.to_json())
    answer = harness_inside("seeds", tmp_path, "--truth", folder / "truth.csv", "--json")
    assert answer.code == 0, answer.err
    (method,) = answer.document()["methods"]
    assert (method["name"], method["seeds"], method["remarks"]) == ("tiny", [3, 7], ["drawn data"])


def test_seeds_of_different_code_are_called_so(folder: Path, tmp_path: Path) -> None:
    for seed, code in ((1, "a" * 64), (2, "b" * 64)):
        run = tmp_path / f"tiny-{seed}"
        run.mkdir()
        source = folder / "runs" / "good-seed00.csv"
        (run / "predictions.csv").write_bytes(source.read_bytes())
        sha256 = file_sha256(source)
        manifest = Manifest("tiny", "built-in", "truth", "prelim", seed, 120, sha256, source_sha256=code)
        (run / "manifest.json").write_text(manifest.to_json())
    answer = harness_inside("seeds", tmp_path, "--truth", folder / "truth.csv", "--json")
    assert answer.code == 0, answer.err
    (method,) = answer.document()["methods"]
    assert method["remarks"] == ["the seeds are of different code"]


def test_the_text_shows_the_table_the_tests_and_the_published_one(folder: Path) -> None:
    answer = harness_inside(
        "seeds", folder / "runs", "--truth", folder / "truth.csv", "--published", COLUMNS="120"
    )
    assert answer.code == 0, answer.err
    assert "87.89 ± 0.90" in answer.out
    assert "Mann-Whitney, two-sided" in answer.out
    assert "Hodges-Lehmann" in answer.out
    assert "hold these 6 subjects fixed" in answer.err.replace("\n", " ")


def test_a_table_of_seeds_gives_the_golden_answers() -> None:
    """R (effsize, wilcox.test) and scipy on golden/seeds.csv, as r_stats.json and the specification say."""
    document = harness_inside("seeds", stored("golden/seeds.csv"), "--json").document()
    first = document["pairs"][0]
    assert (first["a"], first["b"], first["u"]) == ("M1", "M2", 353.5)
    assert first["p_greater"] == pytest.approx(0.0898528502, abs=1e-10)
    assert first["a12"] == pytest.approx(0.6137152778, abs=1e-10)
    # The specification prints .78178; limits that lie evenly about A12 give .78176.
    assert first["a12_limits"] == pytest.approx([0.44567, 0.78178], abs=3e-5)
    assert first["both_sources"] is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("seed,a,b\n0,0.8,0.7\n1,nan,0.7\n", "line 3, column a: expected a number, found 'nan'"),
        ("seed,a,b\n0,0.8,\n", "line 2, column b: expected a number, found nothing"),
        ("seed,a,b\n0,88.1,0.7\n", "line 2, column a: expected 0 to 1, found 88.1"),
        ("seed,a,b\n0,0.8,0.7\n0,0.8,0.7\n", "seed 0 twice"),
        ("seed\n0\n", "has seeds and no method"),
        ("seed,a\n0.5,0.8\n", "line 2, column seed: expected a whole number, found 0.5"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "table.csv").write_text(text)
    answer = harness_inside("seeds", tmp_path / "table.csv")
    assert answer.code == 3
    assert said in answer.err


def test_wrong_requests_are_named_with_what_to_do(folder: Path, tmp_path: Path) -> None:
    truth = ("--truth", folder / "truth.csv")
    runs = folder / "runs"
    assert "need the label file" in harness_inside("seeds", runs).err
    assert "there is no metric 'f2'" in harness_inside("seeds", runs, *truth, "--metric", "f2").err
    nothing = harness_inside("seeds", f"x={tmp_path / 'none-*'}", *truth)
    assert (nothing.code, "nothing fits" in nothing.err) == (3, True)
    twice = harness_inside("seeds", runs / "good-seed00.csv", runs / "good-seed00.csv", *truth)
    assert (twice.code, "two runs with seed 0" in twice.err) == (2, True)


def test_one_method_with_one_seed_has_a_table_and_no_tests(folder: Path) -> None:
    answer = harness_inside(
        "seeds", folder / "runs" / "good-seed00.csv", "--truth", folder / "truth.csv", "--json"
    )
    assert answer.code == 0, answer.err
    document = answer.document()
    assert document["pairs"] == []
    assert document["methods"][0]["summary"]["weighted_f1"]["sd_sample"] is None


@pytest.mark.parametrize(
    ("header", "found"), [("seed,a,a", "'a', 'a'"), ("seed,,b", "''"), ("seed,seed,b", "'seed'")]
)
def test_a_table_whose_columns_cannot_be_told_apart_is_refused(
    tmp_path: Path, header: str, found: str
) -> None:
    (tmp_path / "table.csv").write_text(f"{header}\n0,.1,.2\n1,.1,.3\n")
    answer = harness_inside("seeds", tmp_path / "table.csv")
    assert answer.code == 3
    assert "line 1: expected different names" in answer.err
    assert found in answer.err
