"""The table of runs: whole ones, unfinished ones, and folders that are none."""

import json

import pytest

from harness.errors import DataWrong
from harness.runs.folder import RunFolder, Status
from harness.runs.listing import COLUMNS, runs_table
from tests.support.command import harness
from tests.support.dataset import a_dataset
from tests.support.inside import harness_inside


def test_a_finished_run_shows_its_worth_and_one_under_way_its_status(tmp_path):
    data = a_dataset(tmp_path / "data")
    made = harness("submit", "--model", "majority", "--data", data, "--json", cwd=tmp_path)
    assert made.code == 0, made.err
    begun = RunFolder(tmp_path / "runs" / "tiny-prelim-seed3-00000000")
    begun.path.mkdir()
    begun.plan.write_text(json.dumps({"entry": "tiny", "split": "prelim", "seed": 3}))
    begun.mark(Status.INTERRUPTED)
    (tmp_path / "runs" / "something-else").mkdir()
    table = runs_table(tmp_path / "runs").set_index("entry")
    assert list(table.index) == ["tiny", "majority"]
    assert table.loc["tiny", "status"] == "interrupted"
    assert table.loc["tiny", "weighted_f1"] != table.loc["tiny", "weighted_f1"]
    assert table.loc["majority", "weighted_f1"] == made.document()["metrics"]["weighted_f1"]
    assert table.loc["majority", "remarks"] == "drawn data"
    rows = harness("runs", "--json", cwd=tmp_path).document()["runs"]
    assert [row["status"] for row in rows] == ["interrupted", "packed"]
    assert rows[0]["weighted_f1"] is None
    lines = harness("runs", "--format", "csv", cwd=tmp_path).out.splitlines()
    assert lines[0] == ",".join(COLUMNS)


def test_runs_that_were_never_judged_are_listed_with_nothing_in_their_place(tmp_path):
    begun = RunFolder(tmp_path / "runs" / "tiny-prelim-seed3-00000000")
    begun.path.mkdir(parents=True)
    begun.plan.write_text(json.dumps({"entry": "tiny", "split": "prelim", "seed": 3}))
    answer = harness("runs", cwd=tmp_path)
    assert answer.code == 0, answer.err
    assert "tiny" in answer.out
    assert "planned" in answer.out


def test_a_run_without_settings_makes_no_setting_of_the_others_a_difference(tmp_path):
    for name, more in (
        ("one", {"settings": {"epochs": 2, "batch": 8}}),
        ("two", {"settings": {"epochs": 3, "batch": 8}}),
        ("tiny-images-by-prelim", {"split": "images"}),
    ):
        begun = RunFolder(tmp_path / "runs" / name)
        begun.path.mkdir(parents=True)
        begun.plan.write_text(json.dumps({"entry": "tiny", "split": "prelim", "seed": 3, **more}))
    table = runs_table(tmp_path / "runs").set_index("run")
    assert dict(table["settings"]) == {"one": "epochs=2", "two": "epochs=3", "tiny-images-by-prelim": ""}


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataWrong, match="nowhere"):
        runs_table(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("plan.json", b'{"entry": "ti'),
        ("plan.json", b'{"entry": "tiny", "seed": 1' + b"0" * 30 + b"}"),
        ("plan.json", b'{"entry": ["tiny"]}'),
        ("manifest.json", b"\xff\xfe{}"),
        ("manifest.json", b'{"remarks": 3}'),
        ("manifest.json", b"[" * 100_000),
        ("metrics.json", b"[1]"),
        ("metrics.json", b'{"metrics": {"weighted_f1": "good"}}'),
        ("metrics.json", b'{"intervals": {"weighted_f1": 3}}'),
    ],
)
def test_a_damaged_run_is_named_and_the_others_are_listed(tmp_path, file, content):
    for name in ("broken", "whole"):
        folder = RunFolder(tmp_path / name)
        folder.path.mkdir()
        folder.plan.write_text(json.dumps({"entry": "tiny", "split": "prelim", "seed": 3}))
    (tmp_path / "broken" / file).write_bytes(content)
    table = runs_table(tmp_path).set_index("run")
    assert table.loc["broken", "status"] == f"damaged: {file}"
    assert table.loc["whole", "entry"] == "tiny"
    assert table.loc["whole", "seed"] == 3


def test_a_damaged_run_has_a_line_in_every_format(tmp_path):
    folder = RunFolder(tmp_path / "runs" / "broken")
    folder.path.mkdir(parents=True)
    folder.plan.write_text("{")
    for more in ((), ("--format", "csv"), ("--json",)):
        answer = harness_inside("runs", "--runs", tmp_path / "runs", *more)
        assert answer.code == 0, answer.err
        assert "damaged: plan.json" in answer.out


def test_runs_of_one_entry_are_told_apart_by_folder_settings_weights_and_limit(tmp_path):
    common = {"entry": "tiny", "split": "prelim", "seed": 0}
    file = {"source": "file", "file": "w.pth", "sha256": "0123456789abcdef"}
    for name, more in {
        "one": {"settings": {"epochs": 1, "side": 32}, "weights": {"source": "none"}},
        "two": {"settings": {"epochs": 2, "side": 32}, "weights": file, "limit": 40},
        "other": {"entry": "shape-svm", "settings": {"c": 1}, "weights": {}},
    }.items():
        folder = RunFolder(tmp_path / name)
        folder.path.mkdir()
        folder.plan.write_text(json.dumps(common | more))
    table = runs_table(tmp_path).set_index("run")
    assert table["settings"].to_dict() == {"one": "epochs=1", "two": "epochs=2", "other": ""}
    assert table["weights"].to_dict() == {"one": "none", "two": "w.pth (01234567)", "other": ""}
    assert table["limit"].fillna(0).to_dict() == {"one": 0, "two": 40, "other": 0}
    told = harness_inside("runs", "--runs", tmp_path, COLUMNS="200").out
    assert "epochs=2, weights w.pth (01234567), limit 40" in told
    assert "side" not in told
