"""A sweep on this machine: what fails stops no other, what dies goes on, what is done stays done."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from harness.runs.folder import read_manifest
from harness.runs.sweep import scheduler
from models.registry import find
from tests.harness.runs.sweep.entries import FAILING, TWINS
from tests.support.command import Answer
from tests.support.dataset import a_dataset
from tests.support.inside import harness_inside


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_dataset(tmp_path_factory.mktemp("drawn") / "data")


@pytest.fixture
def here(drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, with data and a cache that other tests use too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_DATA", str(drawn))
    monkeypatch.setenv("HARNESS_CACHE", str(drawn.parent / "cache"))
    monkeypatch.setenv("HARNESS_WEIGHTS", "none")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    (tmp_path / "failing.py").write_text(FAILING)
    (tmp_path / "twins.py").write_text(TWINS)
    return tmp_path


def sweep(models: str, seeds: str, *more: object) -> Answer:
    return harness_inside("sweep", "--model", models, "--seeds", seeds, *more)


def events(answer: Answer, kind: str) -> list[dict[str, Any]]:
    told = [json.loads(line) for line in answer.out.splitlines()]
    return [one for one in told if one["event"] == kind]


def test_a_failed_run_stops_no_other_and_the_same_command_again_does_only_what_is_left(here: Path) -> None:
    first = sweep("failing.py:ENTRY", "0-3", "--jobs", 2, "--json")
    assert first.code == 3, first.err
    ended = {one["run"]: one for one in events(first, "ended")}
    assert sorted(one["end"] for one in ended.values()) == ["done", "done", "done", "failed"]
    assert next(one for one in ended.values() if one["exit_code"])["message"] == "seed 1 does not fit"
    assert events(first, "summary") == [
        {
            "event": "summary",
            "done": 3,
            "failed": 1,
            "stopped": 0,
            "busy": 0,
            "not begun": 0,
            "exit_code": 3,
        }
    ]
    (here / "mended").touch()
    again = sweep("failing.py:ENTRY", "0-3", "--json")
    assert again.code == 0
    assert [one["seed"] for one in events(again, "planned")[0]["runs"] if not one["done"]] == [1]
    assert len(events(again, "ended")) == 1
    nothing = sweep("failing.py:ENTRY", "0-3", "--json")
    assert nothing.code == 0
    assert events(nothing, "handed") == []


def test_a_run_whose_process_is_killed_is_handed_out_again_to_a_new_process(here: Path) -> None:
    answer = sweep("failing.py:DYING", "0-1", "--jobs", 2, "--json")
    assert answer.code == 0, answer.err
    assert [one["died"] for one in events(answer, "lost")] == [1, 1]
    assert all("died by signal 9" in one["reason"] for one in events(answer, "lost"))
    assert [one["end"] for one in events(answer, "ended")] == ["done", "done"]


def test_people_are_told_of_each_run_and_shown_a_table_with_what_failed_and_why(here: Path) -> None:
    answer = sweep("failing.py:ENTRY", "0,1")
    assert answer.code == 3
    assert "2 runs: 0 done, 2 to do" in answer.err
    assert "the same command again does what is left" in answer.err
    rows = [line.split() for line in answer.out.splitlines() if "failing" in line]
    assert [row[:3] for row in rows] == [["failing", "0", "done"], ["failing", "1", "failed"]]


@pytest.mark.training
def test_an_entry_that_learns_what_another_learns_takes_over_its_fit_says_so_and_predicts_the_same(
    here: Path,
) -> None:
    answer = sweep("twins.py:ONE,twins.py:EIGHT", "3", "--json")
    assert answer.code == 0, answer.err
    one, eight = (next((here / "runs").glob(f"{name}-*")) for name in ("one", "eight"))
    ours, theirs = (run / "fitted" / "model.safetensors" for run in (one, eight))
    assert ours.read_bytes() == theirs.read_bytes()
    assert (one / "predictions.csv").read_bytes() != (eight / "predictions.csv").read_bytes()
    told = read_manifest(one / "manifest.json").training["fit_of"]
    assert told == {"entry": "eight", "run": eight.name, "key": read_manifest(eight / "manifest.json").key}
    assert not (one / "history.jsonl").exists()
    assert [event["run"] for event in events(answer, "handed")] == [eight.name, one.name]
    alone = harness_inside("submit", "--model", "twins.py:ONE", "--seed", 3, "--json")
    assert alone.code == 0, alone.err
    trained = Path(alone.document()["run"])
    assert trained.name != one.name
    assert (one / "predictions.csv").read_bytes() == (trained / "predictions.csv").read_bytes()


def test_the_fit_that_is_taken_over_is_planned_where_nobody_asked_for_it(here: Path) -> None:
    planned = sweep("twins.py:ONE", "3", "--dry-run", "--json").document()["runs"]
    assert [(one["entry"], one["until"]) for one in planned] == [("eight", "fitted"), ("one", "packed")]
    assert planned[1]["needs"] == planned[0]["run"]


@pytest.mark.training
def test_a_fit_of_other_settings_is_not_taken_over_and_its_heirs_are_told_why(here: Path) -> None:
    answer = sweep("twins.py:EIGHT,twins.py:OTHER", "3", "--json")
    assert answer.code == 4
    said = {one["run"].partition("-")[0]: one["message"] for one in events(answer, "ended")}
    assert said["eight"] == ""
    assert said["other"] == "other would have learnt with other settings than these: batch"


def test_where_a_fit_failed_the_run_that_would_take_it_over_is_not_begun(here: Path) -> None:
    (here / "heir.py").write_text(
        FAILING.replace("ENTRY, DYING, DEADLY = Failing(), Dying(), Deadly()", "")
        + "class Heir(Majority):\n    card = EntryCard(name='heir', summary='takes over', paper='none')\n"
        + f"    fit_of = {str(here / 'failing.py:ENTRY')!r}\n\nENTRY = Heir()\n"
    )
    answer = sweep("heir.py:ENTRY", "0,1", "--json")
    assert answer.code == 3
    ends = {one["run"].rpartition("-")[0]: one["end"] for one in events(answer, "ended")}
    assert ends == {
        "failing-prelim-seed0": "done",
        "failing-prelim-seed1": "failed",
        "heir-prelim-seed0": "done",
        "heir-prelim-seed1": "not begun",
    }


def test_the_published_ablation_without_rotations_takes_over_the_fit_of_the_proposal() -> None:
    norot, proposal = find("seresnext-norot")[0], find("seresnext")[0]
    assert norot.fit_of == proposal.card.name
    learnt = [{**entry.settings.what_is_learnt(), "views": 0} for entry in (norot, proposal)]
    assert learnt[0] == learnt[1]
    assert find("seresnext-nospeclr")[0].fit_of == ""


@pytest.mark.training
def test_ctrl_c_lets_every_run_save_and_stop(here: Path) -> None:
    command = [sys.executable, "-m", "harness", "sweep", "--model", "tiny", "--seeds", "0-1", "--jobs", "2"]
    long = [*command, "--set", "epochs=2000", "--set", "side=32", "--set", "views=1", "--json"]
    with subprocess.Popen(long, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sweeping:
        while len(list((here / "runs").glob("tiny-*/history.jsonl"))) < 2:
            assert sweeping.poll() is None
            time.sleep(0.05)
        sweeping.send_signal(signal.SIGINT)
        told, said = sweeping.communicate(timeout=120)
    assert sweeping.returncode == 130, said
    last = json.loads(told.splitlines()[-1])
    assert (last["event"], last["stopped"], last["done"], last["exit_code"]) == ("summary", 2, 0, 130)
    for run in (here / "runs").glob("tiny-*"):
        assert json.loads((run / "status.json").read_text())["status"] == "interrupted"
        assert (run / "checkpoints" / "last.safetensors").exists()


@pytest.mark.parametrize("text", ["", "a", "3-1", "0-", "1,,2", "-1", "0-99999999999"])
def test_what_is_no_list_of_seeds_is_refused_by_name(text: str) -> None:
    answer = sweep("majority", text)
    assert answer.code == 2
    assert "--seeds" in answer.err


def test_two_places_for_the_runs_are_one_too_many(here: Path) -> None:
    answer = sweep("majority", "0", "--jobs", 2, "--local-cluster", 2)
    assert answer.code == 2
    assert "--jobs and --local-cluster name different places" in answer.err


def test_a_dry_run_lists_the_runs_and_does_none_of_them(here: Path) -> None:
    answer = sweep("majority,failing.py:ENTRY", "0-2,7", "--dry-run", "--json")
    assert answer.code == 0, answer.err
    runs = answer.document()["runs"]
    assert [(one["entry"], one["seed"]) for one in runs[:3]] == [
        ("majority", 0),
        ("failing", 0),
        ("majority", 1),
    ]
    assert len(runs) == 8
    assert not (here / "runs").exists()


def test_a_device_that_only_the_workers_of_a_cluster_have_is_no_reason_to_refuse_the_plan(here: Path) -> None:
    asked = ("--device", "cuda:99", "--dry-run", "--json", "--precision", "tf32")
    assert sweep("tiny", "0", *asked).code == 4
    planned = sweep("tiny", "0", *asked, "--scheduler", "tcp://node:8786")
    assert planned.code == 0, planned.err
    assert planned.document()["costs"][0]["notes"] == []  # of their devices nothing is known here
    assert len(planned.document()["runs"]) == 1


@pytest.mark.parametrize(
    "address",
    ["foo", "tcp://127.0.0.1", "http://127.0.0.1:80", "tcp://127.0.0.1:abc", "tcp://:8786", "a://b://c:1"],
)
def test_what_is_no_address_of_a_scheduler_is_refused_before_anything_starts(
    here: Path, address: str
) -> None:
    for more in (("--dry-run",), ()):
        answer = sweep("majority", "0", "--scheduler", address, *more)
        assert answer.code == 2
        assert f"--scheduler {address} is no address: expected SCHEME://HOST:PORT" in answer.err
        assert "such as tcp://HOST:8786" in answer.err


def test_where_no_scheduler_answers_the_sweep_ends_with_words_alone(
    here: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(scheduler, "WAIT_FOR_SCHEDULER", 0.0)
    monkeypatch.setattr(scheduler, "_CONNECT", 0.3)
    with socket.socket() as silent:  # takes connections and says nothing
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        quiet = silent.getsockname()[1]
        for address in (f"tcp://127.0.0.1:{quiet}", "tcp://127.0.0.1:1", "tcp://nohost.invalid:8786"):
            answer = sweep("majority", "0", "--scheduler", address)
            assert answer.code == 4
            assert f"no scheduler answered at {address}" in answer.err
    assert sweep("majority", "0", "--scheduler", "tls://127.0.0.1:1").code == 4
    assert capfd.readouterr() == ("", "")


def test_gpus_that_are_not_there_are_refused_in_the_plan(here: Path) -> None:
    for more in (("--dry-run",), ()):
        answer = sweep("majority", "0", "--gpus", "0,99", *more)
        assert answer.code == 4
        assert "99" in answer.err


def test_one_run_is_one_run(here: Path) -> None:
    assert "\n1 run: 0 done, 1 to do\n" in sweep("majority", "0", "--dry-run").out


def test_damaged_runs_are_refused_in_the_plan_as_by_the_sweep_and_start_over_with_fresh(here: Path) -> None:
    assert sweep("majority", "0-2").code == 0
    first, second, third = sorted((here / "runs").glob("majority-*"))
    with (first / "predictions.csv").open("a") as table:
        table.write("more")
    next((second / "fitted").glob("*.json")).unlink()
    listed = {one["run"]: one for one in harness_inside("runs", "--json").document()["runs"]}
    assert listed[first.name]["status"] == "damaged: predictions.csv"
    assert listed[first.name]["remarks"] == ""
    assert listed[second.name]["status"].startswith("damaged: ")
    assert listed[third.name]["status"] == "packed"
    told = third.joinpath("status.json").stat().st_mtime_ns
    planned = sweep("majority", "0-2", "--dry-run")
    assert planned.code == 3
    assert "3 runs: 1 done, 0 to do, 2 refused" in planned.out
    assert f"{first.name}: {first / 'predictions.csv'}" in planned.out
    assert "With --fresh the same command starts the damaged runs over" in planned.out
    document = sweep("majority", "0-2", "--dry-run", "--json").document()
    assert [one["refusal"] and one["refusal"]["exit_code"] for one in document["runs"]] == [3, 3, None]
    done = sweep("majority", "0-2")
    assert done.code == 3
    assert "damaged runs it starts over with --fresh" in done.err
    assert sweep("majority", "0-2", "--dry-run", "--fresh").code == 0
    assert (first / "predictions.csv").read_text().endswith("more")
    again = sweep("majority", "0-2", "--fresh", "--json")
    assert again.code == 0, again.err
    assert {one["run"] for one in events(again, "ended")} == {first.name, second.name}
    assert third.joinpath("status.json").stat().st_mtime_ns == told
    assert sweep("majority", "0-2", "--dry-run").code == 0


@pytest.mark.parametrize("place", ["--jobs", "--local-cluster"])
def test_a_run_that_kills_its_workers_is_handed_out_five_times_in_all_and_each_death_is_told(
    here: Path, place: str
) -> None:
    answer = sweep("failing.py:DEADLY", "0-2", place, 2, "--json")
    assert answer.code == 1, answer.err
    assert (here / "deaths").read_text() == "xxxxx"
    lost = events(answer, "lost")
    assert [one["died"] for one in lost if "seed0" in one["run"]] == [1, 2, 3, 4, 5]
    assert {one["end"] for one in events(answer, "ended") if "seed0" not in one["run"]} == {"done"}
    failed = next(one for one in events(answer, "ended") if one["exit_code"])
    assert "5 workers died under it" in failed["message"]
    if place == "--jobs":
        log = Path(failed["hint"].removeprefix("Their last words lie in ").partition(";")[0])
        assert "Segmentation fault" in log.read_text()
        assert "in fit" in log.read_text()


def test_a_fault_in_the_file_of_an_entry_is_told_as_the_entrys_with_file_and_line(here: Path) -> None:
    (here / "bad.py").write_text(
        "import numpy\nfrom models.contract import EntryCard\nfrom models.majority import Majority\n\n"
        "class Bad(Majority):\n    card = EntryCard(name='bad', summary='for tests', paper='none')\n"
        "    def fit(self, cells, session):\n        return numpy.stack([])\n\n"
        "class Ours(Bad):\n    def fit(self, cells, session):\n"
        "        return Majority.fit(self, None, session)\n\n"
        "BAD, OURS = Bad(), Ours()\n"
    )
    place = f"{here / 'bad.py'}, line 8, in fit: ValueError: need at least one array to stack"
    answer = sweep("bad.py:BAD", "0")
    assert answer.code == 4
    assert place in answer.err
    assert "numpy.stack([])" in answer.err
    assert "bug" not in answer.err
    alone = harness_inside("submit", "--model", "bad.py:BAD")
    assert (alone.code, place in alone.err) == (4, True)
    assert sweep("bad.py:OURS", "0").code == 1


def test_a_way_of_computing_that_does_nothing_here_is_named_by_the_dry_run(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)  # as if it were not installed
    asked = ("--device", "cpu", "--dry-run", "--engine", "openvino", "--precision", "tf32")
    for answer in (sweep("tiny", "0", *asked), harness_inside("submit", "--model", "tiny", *asked)):
        assert answer.code == 0, answer.err
        assert "engine openvino is not taken, but eager: the package openvino is missing" in answer.out
        assert "precision tf32 changes nothing on a CPU" in answer.out
