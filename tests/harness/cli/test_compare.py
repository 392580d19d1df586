"""`harness compare` as a user runs it: tables, documents, pages, and what it refuses."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from submissions.packing import pack
from submissions.phases import phase_of
from submissions.predictions import Predictions
from tests.support import stored
from tests.support.command import Answer, harness
from tests.support.inside import harness_inside
from tests.support.truth import LABEL_FILE as LABELS

NAMES = ("always-all", "better", "twin", "worse")
SUBJECTS = [("1", 1), ("2", 1), ("3", 1), ("4", 1), ("H1", 0), ("H2", 0), ("H3", 0), ("H4", 0)]
EACH = 25
DOCS = Path(__file__).resolve().parents[3] / "docs"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A label file of eight subjects and four entries, two of them the same."""
    place = tmp_path_factory.mktemp("entries")
    truth = [(name, label) for name, label in SUBJECTS for _ in range(EACH)]
    lines = [f"{at}.bmp,{label},{name}" for at, (name, label) in enumerate(truth, 1)]
    (place / "truth.csv").write_text("cell,label,subject\n" + "\n".join(lines) + "\n")
    labels = [label for _, label in truth]
    write(place / "better.csv", [label ^ (at % 12 == 0) for at, label in enumerate(labels)], labels)
    write(place / "twin.csv", [label ^ (at % 12 == 0) for at, label in enumerate(labels)], labels)
    write(place / "worse.csv", [label ^ (at % 3 == 0) for at, label in enumerate(labels)], labels)
    write(place / "always-all.csv", [1] * len(labels), labels)
    return place


def write(path: Path, called: list[int], labels: list[int]) -> None:
    """A table of predictions whose scores agree with its labels."""
    rows = [f"{at}.bmp,{0.2 + 0.6 * one:.3f},{one}" for at, one in enumerate(called, 1)]
    path.write_text("cell,score,label\n" + "\n".join(rows) + "\n")


def run(folder: Path, *arguments: object, width: int = 120) -> Answer:
    entries = [folder / f"{name}.csv" for name in NAMES]
    return harness_inside(
        "compare", *entries, "--truth", folder / "truth.csv", *arguments, COLUMNS=str(width)
    )


def test_the_document_has_what_it_promises_and_nothing_else_is_on_standard_output(folder: Path) -> None:
    answer = run(folder, "--json")
    assert answer.code == 0, answer.err
    document = answer.document()
    assert {"entries", "pairs", "alpha", "subjects", "method"} <= set(document)
    assert (document["alpha"], document["subjects"]) == (0.05, 8)
    best = document["entries"][0]
    assert {"name", "weighted_f1", "interval", "rank", "rank_set", "subject_accuracy"} <= set(best)
    assert best["weighted_f1"] == pytest.approx(0.915, abs=1e-5)
    assert best["subject_accuracy"] == pytest.approx(0.915, abs=1e-12)
    low, high = best["interval"]
    assert low < best["weighted_f1"] < high
    assert [one["rank"] for one in document["entries"]] == [1, 1, 3, 4]
    assert len(document["pairs"]) == 6
    pair = {"a", "b", "difference", "interval", "p", "p_holm", "mcnemar_midp", "design_effect"}
    assert all(pair <= set(one) for one in document["pairs"])


def test_format_json_is_the_same_document(folder: Path) -> None:
    assert run(folder, "--format", "json").out == run(folder, "--json").out


def test_identical_entries_share_a_rank_and_differ_by_nothing(folder: Path) -> None:
    pairs = {(one["a"], one["b"]): one for one in run(folder, "--json").document()["pairs"]}
    twins = pairs["better", "twin"]
    assert (twins["difference"], twins["p"], twins["mcnemar_midp"]) == (0, 1, 1)
    assert twins["design_effect"] is None


def test_the_table_draws_intervals_and_says_what_is_significant_and_what_is_not_shown(folder: Path) -> None:
    answer = run(folder)
    assert answer.code == 0, answer.err
    lines = answer.out.splitlines()
    assert lines[0] == "Phase truth: 200 cells, 8 subjects."
    better = next(line for line in lines if " better " in line)
    assert re.search(r"1-\d +better +├─*●─*┤ +91\.50 +\d\d\.\d to \d\d\.\d +91\.50 ", better)
    assert "of the 6 differences" in answer.out
    assert "A bar at the left joins" in answer.out
    assert "does not show that they are equally good" in answer.err.replace("\n", " ")


def test_what_is_known_of_one_entry_taken_alone_stands_in_the_terminal_as_in_json() -> None:
    """Six real entries: three have fewer ranks alone than all together allow, the others nothing more."""
    names = ("svm", "lda", "mean-of-all", "mlp", "naive-bayes", "boosting")
    command = ("compare", *(stored(f"entries/prelim/{name}.csv") for name in names))
    options = ("--truth", stored(LABELS))
    said = " ".join(harness_inside(*command, *options).out.split())
    told = said.partition("for it alone, not for all together): ")[2]
    expected = []
    for one in harness_inside(*command, *options, "--json").document()["entries"]:
        (low, high), best = one["own_rank_set"], one["among_best"]
        first, last = one["rank_set"]
        if high - low < last - first or best < last:
            ranks = f"{low}-{high}" if low < high else f"{low}"
            expected.append(f"{one['name']} {ranks}" + (f" (among the best {best})" if best < high else ""))
    assert len(expected) == 3
    assert told.startswith(", ".join(expected) + ".")
    assert "for it alone" not in harness_inside(*command, *options, "--baseline", "lda").out.replace(
        "\n", " "
    )


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_no_row_of_the_table_is_wider_than_the_terminal(folder: Path, width: int) -> None:
    assert max(map(len, run(folder, width=width).out.splitlines())) <= width


def test_a_baseline_is_compared_with_every_other_entry_and_nothing_else(folder: Path) -> None:
    pairs = run(folder, "--json", "--baseline", "worse").document()["pairs"]
    assert len(pairs) == 3
    assert all("worse" in (one["a"], one["b"]) for one in pairs)
    answer = run(folder, "--baseline", "nobody")
    assert answer.code == 2
    assert "the baseline nobody is not among the entries" in answer.err


def test_a_margin_says_who_is_equivalent(folder: Path) -> None:
    answer = run(folder, "--margin", "0.02")
    said = " ".join(answer.out.split())
    assert "Equivalent within ±2 points (90 % interval; each pair by itself, not adjusted" in said
    assert ": 1 of 6 pairs: better and twin." in said
    assert "worse is not worse than better by more than 2 points: not shown" in said
    assert "twin is not worse than better by more than 2 points: shown" in said
    assert run(folder, "--margin", "0").code == 2


def test_csv_and_markdown_hold_one_row_an_entry(folder: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run(folder, "--format", "csv").out)))
    assert [row["name"] for row in rows] == ["better", "twin", "worse", "always-all"]
    assert float(rows[0]["weighted_f1"]) == pytest.approx(0.915, abs=1e-5)
    table = [line for line in run(folder, "--format", "markdown").out.splitlines() if line.startswith("|")]
    assert len(table) == 6
    assert len({line.count("|") for line in table}) == 1


class Page(HTMLParser):
    """What a page asks for and whether its elements close."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.asked: list[str] = []
        self.counts: dict[str, int] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self.asked += [value or "" for name, value in attrs if name in {"src", "href", "srcset", "action"}]
        if tag not in {"meta", "br", "link"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.counts[tag] = self.counts.get(tag, 0) + 1

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_needs_no_network_and_no_script_and_holds_every_picture(
    folder: Path, tmp_path: Path
) -> None:
    answer = run(folder, "--html", tmp_path / "page.html", "--json")
    assert answer.code == 0, answer.err
    assert json.loads(answer.out)["subjects"] == 8
    text = (tmp_path / "page.html").read_text()
    page = Page()
    page.feed(text)
    assert (page.open, page.asked) == ([], [])
    assert "script" not in page.counts
    assert not re.search(r"url\(|@import", text)
    assert page.counts["figcaption"] == page.counts["figure"] == len(re.findall("The numbers", text))
    titles = " ".join(re.findall(r"<h3>(.*?)</h3>", text))
    for picture in ("Leaderboard", "Significance map", "Rank stability", "subject by subject", "ROC"):
        assert picture in titles
    for picture in (
        "against chance",
        "Precision and recall",
        "Confusion matrix",
        "by subject",
        "Calibration",
    ):
        assert picture in titles


def test_every_picture_can_be_had_as_a_file(folder: Path, tmp_path: Path) -> None:
    answer = run(folder, "--pictures", tmp_path / "svg")
    assert answer.code == 0, answer.err
    names = {path.name for path in (tmp_path / "svg").iterdir()}
    assert {"leaderboard.svg", "significance-map.svg", "subjects-better.svg", "roc.svg"} <= names
    assert f"wrote {len(names)} pictures" in answer.err
    for path in (tmp_path / "svg").iterdir():
        assert ElementTree.parse(path).getroot().tag.endswith("svg")


def test_names_that_give_the_same_file_name_give_two_files(folder: Path, tmp_path: Path) -> None:
    better = folder / "better.csv"
    named = [f"{name}={better}" for name in ("x y", "x-y", "X Y")]
    answer = harness_inside(
        "compare", *named, "--truth", folder / "truth.csv", "--pictures", tmp_path / "svg"
    )
    assert answer.code == 0, answer.err
    names = [path.name.casefold() for path in (tmp_path / "svg").iterdir()]
    assert len(set(names)) == len(names)
    assert f"wrote {len(names)} pictures" in answer.err


def test_the_same_entries_give_the_same_page(folder: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        run(folder, "--html", tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_name_with_markup_stays_text_on_the_page(folder: Path, tmp_path: Path) -> None:
    entry = f"<script>alert(1)={folder / 'better.csv'}"
    answer = harness_inside(
        "compare", entry, "--truth", folder / "truth.csv", "--html", tmp_path / "page.html"
    )
    assert answer.code == 0, answer.err
    page = (tmp_path / "page.html").read_text()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script" not in page


def test_one_entry_alone_gets_its_interval_and_no_comparison(folder: Path, tmp_path: Path) -> None:
    only = ("compare", folder / "better.csv", "--truth", folder / "truth.csv")
    document = harness_inside(*only, "--json").document()
    assert (len(document["entries"]), document["pairs"]) == (1, [])
    answer = harness_inside(*only, "--html", tmp_path / "page.html")
    assert answer.code == 0, answer.err
    assert "nothing to compare it with" in answer.out


def test_a_perfect_entry_has_no_interval_instead_of_one_of_no_width(folder: Path, tmp_path: Path) -> None:
    labels = [label for _, label in SUBJECTS for _ in range(EACH)]
    write(tmp_path / "perfect.csv", labels, labels)
    only = ("compare", tmp_path / "perfect.csv", folder / "worse.csv", "--truth", folder / "truth.csv")
    answer = harness_inside(*only, "--json", "--html", tmp_path / "page.html")
    assert answer.code == 0, answer.err
    best = answer.document()["entries"][0]
    assert (best["weighted_f1"], best["interval"]) == (1, [None, None])
    assert "not estimable" in (tmp_path / "page.html").read_text()


def test_without_subjects_nothing_is_called_significant(folder: Path, tmp_path: Path) -> None:
    lines = (folder / "truth.csv").read_text().splitlines()
    (tmp_path / "bare.csv").write_text("\n".join(line.rpartition(",")[0] for line in lines) + "\n")
    entries = [folder / "better.csv", folder / "worse.csv"]
    answer = harness_inside(
        "compare", *entries, "--truth", tmp_path / "bare.csv", "--html", tmp_path / "page.html"
    )
    assert answer.code == 0, answer.err
    assert "nothing can be called significant" in answer.out.replace("\n", " ")
    document = harness_inside("compare", *entries, "--truth", tmp_path / "bare.csv", "--json").document()
    assert document["subjects"] is None
    assert document["entries"][0]["rank_set"] is None


def test_too_few_subjects_for_any_claim_are_said_to_be_too_few(folder: Path, tmp_path: Path) -> None:
    truth = [(name, label) for name, label in SUBJECTS[2:6] for _ in range(EACH)]
    lines = [f"{at}.bmp,{label},{name}" for at, (name, label) in enumerate(truth, 1)]
    (tmp_path / "few.csv").write_text("cell,label,subject\n" + "\n".join(lines) + "\n")
    labels = [label for _, label in truth]
    write(tmp_path / "right.csv", labels, labels)
    write(tmp_path / "wrong.csv", [1 - label for label in labels], labels)
    few = ("--truth", tmp_path / "few.csv")
    answer = harness_inside("compare", tmp_path / "right.csv", tmp_path / "wrong.csv", *few)
    assert "With 4 subjects no p can fall below 0.125" in answer.err.replace("\n", " ")
    assert "no p can fall below" not in run(folder, "--baseline", "worse", "--alpha", "0.4").err


def test_level_is_alpha_said_the_other_way_and_both_at_once_are_refused(folder: Path) -> None:
    by_level, by_alpha = (run(folder, *how, "--json") for how in (("--level", "0.9"), ("--alpha", "0.1")))
    assert by_level.document() == by_alpha.document()
    assert by_level.document()["alpha"] == 0.1
    both = run(folder, "--level", "0.9", "--alpha", "0.1")
    assert both.code == 2
    assert "say the same thing" in both.err


def test_a_zip_without_scores_has_no_curves(folder: Path, tmp_path: Path) -> None:
    labels = [label for _, label in SUBJECTS for _ in range(EACH)]
    phase = phase_of("truth", [f"{at}.bmp" for at in range(1, len(labels) + 1)])
    pack(Predictions(phase, labels[:-9] + [1] * 9), tmp_path / "submission.zip")
    answer = harness_inside(
        *("compare", f"mine={tmp_path / 'submission.zip'}", folder / "worse.csv"),
        *("--truth", folder / "truth.csv", "--html", tmp_path / "page.html", "--json"),
    )
    assert answer.code == 0, answer.err
    assert [one["name"] for one in answer.document()["entries"]] == ["mine", "worse"]
    assert "Calibration of mine" not in (tmp_path / "page.html").read_text()


def test_two_entries_of_one_name_are_refused(folder: Path) -> None:
    answer = harness_inside("compare", *[folder / "better.csv"] * 2, "--truth", folder / "truth.csv")
    assert answer.code == 2
    assert "two entries are called better" in answer.err
    assert "NAME=PATH" in answer.err


def test_an_entry_of_another_length_is_refused_with_both_counts(folder: Path, tmp_path: Path) -> None:
    phase = phase_of("truth", [f"{at}.bmp" for at in range(1, EACH * len(SUBJECTS))])
    pack(Predictions(phase, [1] * len(phase)), tmp_path / "short.zip")
    answer = harness_inside(
        "compare", folder / "better.csv", tmp_path / "short.zip", "--truth", folder / "truth.csv"
    )
    assert answer.code == 5
    assert "short.zip" in answer.err
    assert re.search(r"\b200\b", answer.err)
    assert re.search(r"\b199\b", answer.err)


def test_a_table_that_leaves_a_cell_out_is_refused_and_the_cell_is_named(
    folder: Path, tmp_path: Path
) -> None:
    lines = (folder / "better.csv").read_text().splitlines()
    (tmp_path / "short.csv").write_text("\n".join(lines[:-1]) + "\n")
    answer = harness_inside("compare", tmp_path / "short.csv", "--truth", folder / "truth.csv")
    assert answer.code == 5
    assert "200.bmp" in answer.err


def test_a_score_that_is_no_number_is_refused_with_its_line(folder: Path, tmp_path: Path) -> None:
    lines = (folder / "better.csv").read_text().splitlines()
    lines[41] = "41.bmp,nan,1"
    (tmp_path / "holes.csv").write_text("\n".join(lines) + "\n")
    answer = harness_inside("compare", tmp_path / "holes.csv", "--truth", folder / "truth.csv", "--json")
    assert answer.code == 5
    assert "line 42" in answer.err
    assert answer.document()["error"]["exit_code"] == 5


def test_a_refusal_leaves_no_page_behind(folder: Path, tmp_path: Path) -> None:
    answer = run(folder, "--baseline", "nobody", "--html", tmp_path / "page.html")
    assert answer.code == 2
    assert not (tmp_path / "page.html").exists()


def test_the_nine_real_entries_come_out_as_the_documentation_says() -> None:
    """The pair of numbers that opens docs/statistics.md."""
    entries = sorted(stored("entries/prelim").glob("*.csv"))
    root = stored("cnmc/C-NMC_Leukemia/validation_data")
    truth = root / "C-NMC_test_prelim_phase_data_labels.csv"
    document = harness("compare", *entries, "--truth", truth, "--json").document()
    assert len(document["pairs"]) == 36
    assert (document["significant"], document["mcnemar_significant"]) == (6, 19)
    assert document["entries"][0]["name"] == "svm"
    opening = (DOCS / "statistics.md").read_text().partition("\n\n")[2].partition("\n\n")[0]
    assert "36 differences among nine real entries, 6 are significant" in opening
    assert "would call 19 of them significant" in opening.replace("\n", " ")


def test_published_results_stand_apart_and_are_not_ranked(tmp_path: Path) -> None:
    entry = stored("entries/prelim") / "svm.csv"
    root = stored("cnmc/C-NMC_Leukemia/validation_data")
    request = ("compare", entry, "--truth", root / "C-NMC_test_prelim_phase_data_labels.csv", "--published")
    answer = harness_inside(*request, "--html", tmp_path / "page.html")
    assert "no predictions, so not compared" in answer.out
    assert "92.50  Pan et al." in answer.out
    assert "<li>92.50 Pan et al." in (tmp_path / "page.html").read_text()
    document = harness_inside(*request, "--json").document()
    assert len(document["entries"]) == 1
    assert {"name", "weighted_f1", "source"} == set(document["published"][0])


def test_a_phase_that_nobody_published_about_has_no_references(folder: Path) -> None:
    assert "published" not in run(folder, "--published", "--json").document()


def test_every_picture_that_the_documentation_shows_is_there() -> None:
    shown = re.findall(r"\]\((pictures/[^)]+)\)", (DOCS / "statistics.md").read_text())
    assert len(shown) >= 5
    for name in shown:
        assert ElementTree.parse(DOCS / name).getroot().tag.endswith("svg")
