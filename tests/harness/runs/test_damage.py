"""Every file that a run writes and reads again, damaged: the right result or a refusal, never a wrong one.

`HARNESS_TEST_DAMAGED_PLACES=20` changes each at so many random places in place of two.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from eval_server.judging.truth import read_truth
from harness.errors import exit_code_of, words_of
from harness.reports.entries import open_entry
from harness.runs import chunks
from harness.runs.ensemble import ensemble, equal_weights, open_part
from harness.runs.listing import runs_table
from harness.runs.plan import Plan, Request, resolve
from harness.runs.workflow import run
from tests.support.damage import PLACES, harms
from tests.support.dataset import a_dataset

QUICK = {"side": "32", "views": "1", "batch": "8", "epochs": "1"}
EVERY = 4 if PLACES <= 2 else 1
"""Of the ways in which a training is begun anew, the short form tries every fourth."""
NEVER_READ = {"card.md", ".lock"}
pytestmark = pytest.mark.timeout(300 if PLACES <= 2 else 3600, func_only=True)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A drawn data set, and a folder for runs and caches."""
    folder = tmp_path_factory.mktemp("damage")
    a_dataset(folder / "data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_CACHE", str(folder / "cache"))
        yield folder


def planned(folder: Path, model: str, seed: int = 0, **more: object) -> Plan:
    return resolve(Request(model, seed=seed, data_root=folder / "data", runs_root=folder / "runs", **more))


@pytest.fixture(scope="module")
def tiny(here: Path) -> tuple[Plan, Path]:
    """A finished run that chose its epoch, and beside it a copy of one with another seed."""
    foreign = planned(here, "tiny", seed=1, settings=QUICK, select="best:fold1")
    run(foreign)
    other = foreign.folder.path.rename(here / "other")
    plan = planned(here, "tiny", settings=QUICK, select="best:fold1")
    run(plan)
    return plan, other


def files_of(folder: Path) -> list[str]:
    found = (file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    return sorted(name for name in found if name not in NEVER_READ)


def result_of(folder: Path) -> tuple[bytes, ...]:
    """What a run has come to: these files are the same for the same command."""
    names = ("predictions.csv", "submission.zip", "metrics.json")
    return tuple((folder / name).read_bytes() for name in names)


def line_of(folder: Path) -> dict[str, object]:
    """What `harness runs` says of a run."""
    table = runs_table(folder.parent)
    line: dict[str, object] = json.loads(table[table["run"] == folder.name].to_json(orient="records"))[0]
    return line


def attempt(what: Counter[str], expected: object, work: object, case: str) -> None:
    """Do this; the right result and a refusal in words count, everything else fails."""
    try:
        found = work()  # type: ignore[operator]
    except Exception as error:
        code = exit_code_of(error)
        if code not in (3, 4, 5) or not words_of(error)[0]:
            raise AssertionError(f"{case}: {type(error).__name__}: {error}") from error
        what[f"refused with {code}"] += 1
        return
    assert found == expected, f"{case} gave another result"
    what["right"] += 1


def every_damage(folder: Path, other: Path, names: list[str], every: int = 1) -> Iterator[str]:
    """Damage one file at a time, each time beginning from the same whole folder; or only every n-th way."""
    whole = folder.parent.with_name("whole")
    shutil.rmtree(whole, ignore_errors=True)
    shutil.copytree(folder, whole)
    for name in names:
        content = (whole / name).read_bytes()
        foreign = (other / name).read_bytes() if (other / name).is_file() else b"another"
        for kind, harmed in list(harms(content, foreign))[::every]:
            shutil.rmtree(folder)
            shutil.copytree(whole, folder)
            (folder / name).write_bytes(harmed)
            yield f"{name}, {kind}"
    shutil.rmtree(folder)
    whole.rename(folder)


def test_a_damaged_file_of_a_finished_run_changes_no_result(
    here: Path, tiny: tuple[Plan, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    plan, other = tiny
    folder = plan.folder.path
    expected = result_of(folder)
    truth = read_truth(next((here / "data").rglob("*labels.csv")))
    scores = list(open_entry(str(folder), truth).predictions.scores)
    line = line_of(folder)
    names = files_of(folder)
    assert {"plan.json", "status.json", "history.jsonl", "fitted/seal.json", "manifest.json"} <= set(names)
    what: Counter[str] = Counter()
    for case in every_damage(folder, other, names):
        listed = line_of(folder)
        assert listed == line or str(listed["status"]).startswith("damaged: "), f"{case}: {listed}"
        attempt(what, scores, lambda: list(open_entry(str(folder), truth).predictions.scores), case)
        attempt(what, scores, lambda: list(open_part("part", folder).scores()), case)
        attempt(what, expected, lambda: (run(plan), result_of(folder))[1], case)
    with capsys.disabled():
        print(f"\nfinished run, {len(names)} files: {dict(what)}")
    assert result_of(folder) == expected


def test_a_damaged_checkpoint_of_a_run_under_way_changes_no_result(
    tiny: tuple[Plan, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    plan, other = tiny
    folder = plan.folder.path
    expected = result_of(folder)
    done = ("fitted", "predictions.csv", "manifest.json", "metrics.json", "submission.zip")
    aside = folder.parent.with_name("aside")
    shutil.copytree(folder, aside)
    for name in done:
        shutil.rmtree(folder / name) if (folder / name).is_dir() else (folder / name).unlink()
    names = [name for name in files_of(folder) if name.startswith("checkpoints/")]
    assert len(names) == 2
    assert "checkpoints/last.safetensors" in names
    what: Counter[str] = Counter()
    for case in every_damage(folder, other, [*names, "plan.json", "history.jsonl"], EVERY):
        attempt(what, expected, lambda: (run(plan), result_of(folder))[1], case)
    with capsys.disabled():
        print(f"\nrun under way: {dict(what)}")
    shutil.rmtree(folder)
    aside.rename(folder)


def test_a_damaged_part_of_a_prediction_is_predicted_anew(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(chunks, "CHUNK", 8)
    foreign = planned(here, "majority", split="fold1")
    run(foreign)
    plan = planned(here, "majority")
    run(plan)
    folder = plan.folder.path
    expected = result_of(folder)
    for name in ("predictions.csv", "manifest.json", "metrics.json", "submission.zip"):
        (folder / name).unlink()
    names = [name for name in files_of(folder) if name.startswith("checkpoints/scores-")]
    assert len(names) == 3
    what: Counter[str] = Counter()
    for case in every_damage(folder, foreign.folder.path, names):
        attempt(what, expected, lambda: (run(plan), result_of(folder))[1], case)
    with capsys.disabled():
        print(f"\nprediction under way: {dict(what)}")
    assert set(what) == {"right"}


def test_a_damaged_ensemble_is_refused_or_joined_anew(
    here: Path, tiny: tuple[Plan, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    plan, other = tiny
    truth = read_truth(next((here / "data").rglob("*labels.csv")))
    parts = [open_part("a", plan.folder.path), open_part("b", other)]

    def joined() -> Path:
        outcome = ensemble(parts, here / "joined", by="logits", weighing=equal_weights(parts), truth=truth)
        return outcome.folder.path

    folder = joined()
    expected = result_of(folder)
    scores = list(open_part("c", folder).scores())
    what: Counter[str] = Counter()
    for case in every_damage(folder, plan.folder.path, files_of(folder)):
        attempt(what, scores, lambda: list(open_part("c", folder).scores()), case)
        attempt(what, scores, lambda: list(open_entry(str(folder), truth).predictions.scores), case)
        assert result_of(joined()) == expected
    with capsys.disabled():
        print(f"\nensemble: {dict(what)}")
