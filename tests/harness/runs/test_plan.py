"""The plan of a run: what makes two runs one, what a dry run refuses, and what a run says of itself."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.runs.listing import runs_table
from submissions.manifest import Manifest
from tests.support.command import Answer
from tests.support.dataset import a_dataset
from tests.support.inside import harness_inside

MINE = """
import numpy as np
from models.contract import EntryCard
from models.majority import AlwaysTheSame, Majority

class Same(AlwaysTheSame):
    def predict(self, cells, session):
        return np.full(len(cells), {score})

class Mine(Majority):
    card = EntryCard(name="mine", summary="all the same", paper="none")
    def load(self, folder):
        return Same(0.5)

ENTRY = Mine()
OTHER = Mine()
"""


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_dataset(tmp_path_factory.mktemp("drawn") / "data")


@pytest.fixture
def here(drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty working folder, with data and a cache that other tests use too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_DATA", str(drawn))
    monkeypatch.setenv("HARNESS_CACHE", str(drawn.parent / "cache"))
    return tmp_path


def submit(model: str, *more: object) -> Answer:
    return harness_inside("submit", "--model", model, "--json", *more)


def positives(answer: Answer) -> int:
    assert answer.code == 0, answer.err
    table = Path(answer.document()["run"]) / "predictions.csv"
    return sum(line.endswith(",1") for line in table.read_text().splitlines())


def test_an_edited_model_begins_a_new_run_and_the_old_one_is_kept_and_named(here: Path) -> None:
    (here / "mine.py").write_text(MINE.format(score="0.0"))
    first = submit("mine.py:ENTRY")
    assert positives(first) == 0
    (here / "mine.py").write_text(MINE.format(score="1.0"))
    second = submit("mine.py:ENTRY")
    assert positives(second) == 24
    assert second.document()["run"] != first.document()["run"]
    name = Path(first.document()["run"]).name
    assert f"model changed (mine.py) since run {name}: that one is kept, a new one begins" in second.err
    assert positives(first) == 0
    sources = {
        Manifest.from_json(Path(one.document()["manifest"]).read_bytes()).source_sha256
        for one in (first, second)
    }
    assert len(sources) == 2
    again = submit("mine.py:ENTRY")
    assert "changed" not in again.err
    assert "pack (done)" in again.err


def test_a_comment_or_a_docstring_throws_nothing_away(here: Path) -> None:
    (here / "mine.py").write_text(MINE.format(score="0.0"))
    first = submit("mine.py:ENTRY").document()
    (here / "mine.py").write_text('"""Mine."""\n' + MINE.format(score="0.0") + "# that is all\n")
    again = submit("mine.py:ENTRY")
    assert again.document() == first
    assert "pack (done)" in again.err


def test_two_models_of_one_name_never_share_a_run(here: Path) -> None:
    for folder in ("a", "b"):
        (here / folder).mkdir()
        (here / folder / "mine.py").write_text(MINE.format(score="1.0"))
    answers = [submit(model) for model in ("a/mine.py:ENTRY", "b/mine.py:ENTRY", "a/mine.py:OTHER")]
    assert len({answer.document()["run"] for answer in answers}) == 3
    assert "is of another model of this name: it is kept, a new one begins" in answers[1].err


def test_a_run_of_before_is_listed_scored_and_named_and_a_new_one_begins(here: Path, drawn: Path) -> None:
    first = Path(submit("majority").document()["run"])
    for name in ("plan.json", "status.json", "metrics.json", "manifest.json"):
        document = json.loads((first / name).read_text())
        for new in ("sealed", "sha256", "key", "source_sha256", "submission_sha256", "defined_in", "crops"):
            document.pop(new, None)
        (first / name).write_text(json.dumps(document))
    (first / "fitted" / "seal.json").unlink()
    old = first.rename(first.with_name("majority-prelim-seed0-00000000"))
    answer = submit("majority")
    assert answer.code == 0, answer.err
    assert f"run {old.name} does not say which code made it: it is kept, a new one begins" in answer.err
    table = runs_table(here / "runs").set_index("run")
    assert list(table["status"]) == ["packed", "packed"]
    assert table.loc[old.name, "remarks"] == "drawn data, not sealed"
    truth = next(drawn.rglob("*labels.csv"))
    assert harness_inside("score", old, "--truth", truth).code == 0
    assert (
        harness_inside("compare", f"old={old}", f"new={answer.document()['run']}", "--truth", truth).code == 0
    )


def test_the_subjects_of_a_label_file_are_part_of_a_run(here: Path, tmp_path: Path) -> None:
    data = a_dataset(tmp_path / "own")
    first = submit("majority", "--split", "final", "--data", data).document()["run"]
    label_file = next(data.rglob("*labels.csv"))
    lines = label_file.read_text().splitlines()
    name, cell, label = lines[1].split(",")
    subject = name.split("_")[1]
    lines[1] = ",".join((name.replace(f"_{subject}_", "_H99_" if subject != "H99" else "_H98_"), cell, label))
    label_file.write_text("\n".join(lines) + "\n")
    second = submit("majority", "--split", "final", "--data", data)
    assert second.document()["run"] != first
    assert f"data changed since run {Path(first).name}" in second.err


@pytest.mark.parametrize("until", ["train", "predict", "submit"])
def test_what_is_done_is_said_for_the_steps_that_were_asked_for(here: Path, until: str) -> None:
    steps = {"train": "fit", "predict": "fit predict", "submit": "fit predict pack"}[until].split()
    for state in ("to do", "done"):
        answer = harness_inside(until, "--model", "majority")
        assert f"steps        {', '.join(f'{step} ({state})' for step in steps)}\n" in answer.err
    answer = harness_inside(until, "--model", "majority", "--fresh", "--dry-run")
    assert f"steps        {', '.join(f'{step} (again)' for step in steps)}\n" in answer.out
    assert "fresh        to throw away first: " in answer.out
    assert "fitted" in answer.out
    assert (next((here / "runs").iterdir()) / "fitted").exists()


def test_the_plan_that_is_kept_says_nothing_that_changes(here: Path) -> None:
    run = here / submit("majority").document()["run"]
    plan = json.loads((run / "plan.json").read_text())
    assert not {"status", "steps", "run"} & set(plan)
    assert json.loads((run / "status.json").read_text())["status"] == "packed"
    dry = submit("majority", "--dry-run").document()
    assert dry["status"] == "packed"
    assert dry["steps"] == {"fit": "done", "predict": "done", "pack": "done"}


REFUSALS = {
    "a device that is no device": (4, ("majority", "--device", "nonsense")),
    "a device that is not there": (4, ("tiny", "--device", "cuda:9")),
    "epochs to choose among that there are not": (2, ("majority", "--select", "best:fold1")),
    "a choice that is not known": (2, ("tiny", "--select", "best:fold7")),
    "a choice by labels that are not known": (3, ("tiny", "--split", "final", "--select", "best:test")),
    "a limit that leaves nothing": (2, ("majority", "--limit", "1")),
    "a setting that is no number": (2, ("tiny", "--set", "learning_rates=nan")),
    "a folder for runs that is a file": (3, ("majority", "--runs", "a-file")),
    "an entry that is not there": (4, ("nothing",)),
    "weights that are not there": (3, ("seresnext", "--weights", "nowhere.pth")),
}


@pytest.mark.parametrize(("code", "arguments"), REFUSALS.values(), ids=REFUSALS)
def test_a_dry_run_refuses_what_the_run_refuses_in_the_same_words(
    here: Path, code: int, arguments: tuple[str, ...]
) -> None:
    (here / "a-file").write_text("x")
    dry = submit(*arguments, "--dry-run", "--allow-partial")
    assert (dry.code, "harness: " in dry.err) == (code, True), dry.err
    wet = submit(*arguments, "--allow-partial")
    assert (wet.code, wet.document()) == (dry.code, dry.document())
    assert not (here / "runs").exists()


def test_a_dry_run_refuses_part_of_the_data_unless_it_was_asked_for(here: Path, tmp_path: Path) -> None:
    data = a_dataset(tmp_path / "own")
    next(data.rglob("*.bmp")).unlink()
    assert submit("majority", "--data", data, "--dry-run").code == 3
    assert submit("majority", "--data", data, "--dry-run", "--allow-partial").code == 0
    assert harness_inside("train", "--model", "majority", "--data", data, "--dry-run").code == 0


def test_a_dry_run_refuses_cells_of_one_class(here: Path, tmp_path: Path) -> None:
    data = a_dataset(tmp_path / "own")
    for image in data.rglob("*_hem.bmp"):
        image.unlink()
    for more in (("--dry-run",), ()):
        answer = submit("majority", "--data", data, "--allow-partial", *more)
        assert answer.code == 3
        assert "learning needs cells of both classes" in answer.err


def test_a_dry_run_refuses_a_damaged_run_and_fresh_is_the_way_out(here: Path) -> None:
    run = here / submit("majority").document()["run"]
    file = run / "fitted" / "majority.txt"
    file.write_text("0.25")
    for more in (("--dry-run",), ()):
        answer = submit("majority", *more)
        assert answer.code == 3
        assert "majority.txt was changed" in answer.err
        assert "--fresh" in answer.err
    assert submit("majority", "--fresh", "--dry-run").code == 0
    assert submit("majority", "--fresh").code == 0
    assert submit("majority").code == 0


def test_what_was_learnt_with_another_seed_is_not_packed_as_this_one(here: Path) -> None:
    runs = [here / submit("majority", "--seed", seed).document()["run"] for seed in (0, 1)]
    (runs[0] / "fitted").rename(here / "aside")
    (runs[1] / "fitted").rename(runs[0] / "fitted")
    answer = submit("majority")
    assert answer.code == 3
    assert "was made from another seed: 1, expected 0" in answer.err


def test_other_versions_than_a_run_began_with_are_said_and_become_a_remark(here: Path) -> None:
    run = here / harness_inside("train", "--model", "majority", "--json").document()["run"]
    from harness.runs.folder import read_json, write_json

    plan = read_json(run / "plan.json")
    plan["environment"]["packages"]["numpy"] = "1.26.0"
    write_json(run / "plan.json", plan)
    answer = submit("majority")
    assert answer.code == 0, answer.err
    assert "begun with   numpy 1.26.0, now " in answer.err
    assert "versions changed on the way" in answer.document()["remarks"]


def test_a_refusal_for_a_damaged_image_counts_it_as_unusable_and_names_it(here: Path, drawn: Path) -> None:
    data = here / "damaged"
    shutil.copytree(drawn, data)
    image = next(iter(sorted(data.rglob("UID_*_all.bmp"))))
    content = bytearray(image.read_bytes())
    content[len(content) // 2] ^= 1
    image.write_bytes(bytes(content))
    answer = harness_inside("submit", "--model", "majority", "--data", str(data), "--dry-run")
    assert answer.code == 3
    assert f"(1 there that cannot be used, such as {image.name})" in answer.err


def test_the_engine_that_a_setting_asked_for_until_0_1_0_is_that_of_the_run(here: Path) -> None:
    planned = submit("tiny", "--set", "compiled=true", "--dry-run")
    assert planned.code == 0, planned.err
    assert planned.document()["engine"] == "compile"
