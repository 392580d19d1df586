"""`import harness`: light, typed, and the same answers as the command line's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import harness
from harness.errors import DataWrong, UsageWrong
from harness.runs.plan import Request, resolve
from harness.runs.workflow import run
from submissions.problems import SubmissionRefused
from tests.support import stored
from tests.support.command import harness as command
from tests.support.command import modules_after
from tests.support.dataset import a_dataset
from tests.support.truth import LABEL_FILE

ROOT = Path(__file__).parents[3]
HEAVY = {"numpy", "pandas", "scipy", "sklearn", "torch", "click", "rich", "PIL", "httpx", "asyncio"}
ENTRIES = "entries/prelim"


def test_the_import_loads_nothing_heavy_until_something_is_used():
    assert not modules_after("import harness") & HEAVY
    assert "torch" not in modules_after("import harness; harness.score, harness.load_run, harness.split")
    assert "pandas" not in modules_after("import harness; harness.check, harness.read")


def test_every_name_of_the_surface_is_there_and_listed():
    assert set(harness.__all__) <= set(dir(harness))
    assert all(getattr(harness, name).__doc__ for name in harness.__all__)
    with pytest.raises(AttributeError, match="no attribute 'scores'"):
        _ = harness.scores


def test_the_surface_is_typed_for_strict_users(tmp_path):
    (tmp_path / "user.py").write_text(
        "import harness\n"
        "\n"
        "found: harness.Score = harness.score('a.csv', 'truth.csv')\n"
        "value: float = found.weighted_f1\n"
        "board: harness.Leaderboard = harness.compare({'a': 'a.csv', 'b': {'1.bmp': 0.5}}, 'truth.csv')\n"
        "document: dict[str, object] = board.to_dict()\n"
        "accepted: bool = harness.check('a.zip', 'prelim').accepted\n"
        "cells: tuple[str, ...] = harness.read('a.zip').cells\n"
        "scored: harness.Scored = harness.load_run('runs/a').predict(['one.png'])\n"
        "page: str = scored._repr_html_()\n"
        "made: harness.CellSplit = harness.split('data', 'fold1', holdout='prelim')\n"
        "seed: int = harness.load_run('runs/a').manifest.seed\n"
    )
    (tmp_path / "wrong.py").write_text(
        "import harness\nnumber: int = harness.check('a.zip')\nharness.split('data')\nharness.nothing\n"
    )
    environment = {**os.environ, "MYPYPATH": str(ROOT), "MYPY_CACHE_DIR": str(tmp_path / "cache")}
    options = ["--strict", "--follow-imports", "silent", "--ignore-missing-imports", "--no-error-summary"]

    def checked(name: str) -> tuple[int, str]:
        asked = [sys.executable, "-m", "mypy", "--config-file", os.devnull, *options, name]
        done = subprocess.run(
            asked, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout

    assert checked("user.py") == (0, "")
    code, said = checked("wrong.py")
    assert code == 1
    assert [line.split(":")[1] for line in said.splitlines() if "error" in line] == ["2", "3", "4"]


def table_of(name: str) -> pd.DataFrame:
    return pd.read_csv(stored(f"{ENTRIES}/{name}.csv"))


def test_a_path_a_frame_a_series_a_dict_and_an_array_with_names_get_the_same_verdict():
    truth = stored(LABEL_FILE)
    frame = table_of("svm")[["cell", "score"]]
    series = frame.set_index("cell")["score"]
    forms = (frame, series, series.to_dict(), (list(frame.cell), frame.score.to_numpy()))
    found = [harness.score(form, truth, name="svm") for form in forms]
    assert len({json.dumps(one.to_dict()) for one in found}) == 1
    assert found[0].metrics["auc"] == harness.score(stored(f"{ENTRIES}/svm.csv"), truth).metrics["auc"]


def test_labels_alone_are_taken_for_labels_and_the_truth_may_be_a_series():
    truth = pd.Series([1, 0, 1, 0], index=["a", "b", "c", "d"])
    found = harness.score(pd.Series([1, 0, 0, 0], index=list("abcd")), truth)
    assert found.verdict.confusion.tp == 1
    assert found.interval == (None, None)
    assert found.metrics.get("auc") is None


def test_score_and_compare_give_the_documents_of_the_command_line():
    truth, one, other = stored(LABEL_FILE), stored(f"{ENTRIES}/svm.csv"), stored(f"{ENTRIES}/lda.csv")
    told = command("score", one, "--truth", truth, "--json").document()
    assert harness.score(one, truth).to_dict() == told
    told = command("compare", one, other, "--truth", truth, "--json").document()
    assert harness.compare({"svm": one, "lda": other}, truth).to_dict() == told


def test_results_show_themselves_as_tables_and_pictures():
    truth = stored(LABEL_FILE)
    found = harness.score(stored(f"{ENTRIES}/svm.csv"), truth)
    assert set(found.to_frame().columns) == {"metric", "value", "low", "high"}
    assert found.subjects().cells.sum() == 1867
    assert "data:image/svg+xml;base64," in found._repr_html_()
    board = harness.compare({"svm": found_path("svm"), "lda": table_of("lda")}, truth)
    assert list(board.to_frame().name) == [one.entry for one in board.report.entries]
    assert len(board.pairs()) == 1
    assert "<table" in board._repr_html_()
    assert "phase prelim" in repr(board).lower() or "1867" in repr(board)


def found_path(name: str) -> Path:
    return stored(f"{ENTRIES}/{name}.csv")


def test_check_says_every_reason_and_read_refuses_with_them(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("cell,label\n1.bmp,2\n2.bmp,x\n")
    found = harness.check(file, ["1.bmp", "2.bmp"])
    assert not found
    assert len(found.to_frame()) == len(found.problems) >= 1
    assert "refused" in repr(found)
    assert "mend" in found._repr_html_()
    with pytest.raises(SubmissionRefused):
        harness.read(file, ["1.bmp", "2.bmp"])
    file.write_text("cell,label\n1.bmp,1\n2.bmp,0\n")
    opened = harness.read(file, ["2.bmp", "1.bmp"])
    assert opened.labels.tolist() == [0, 1]
    assert opened.to_dict()["cells"] == ["2.bmp", "1.bmp"]
    assert harness.check(file, ["1.bmp", "2.bmp"]).to_dict()["accepted"]


def test_what_a_user_can_mend_is_said_with_how(tmp_path):
    with pytest.raises(DataWrong, match="expected a file to read"):
        harness.read(tmp_path / "none.csv")
    with pytest.raises(UsageWrong, match="there is no phase"):
        harness.check(tmp_path, "first")
    with pytest.raises(UsageWrong, match="holds no cells with values"):
        harness.score(np.zeros(3), pd.Series([1, 0], index=["a", "b"]))  # type: ignore[arg-type]
    with pytest.raises(UsageWrong, match="2 cells need as many values"):
        harness.score((["a", "b"], [0.1]), pd.Series([1, 0], index=["a", "b"]))
    with pytest.raises(DataWrong, match="is no run"):
        harness.load_run(tmp_path)
    with pytest.raises(UsageWrong, match="no entry was given"):
        harness.compare({}, pd.Series([1, 0], index=["a", "b"]))
    two = {name: pd.Series([1, 0], index=["a", "b"]) for name in ("one", "other")}
    with pytest.raises(UsageWrong, match=r"expected an alpha between 0 and 0\.5, found 2"):
        harness.compare(two, two["one"], alpha=2)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A drawn data set and a finished run on it."""
    folder = tmp_path_factory.mktemp("python")
    a_dataset(folder / "data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_CACHE", str(folder / "cache"))
        settings = {"side": "32", "views": "1", "batch": "8", "epochs": "2"}
        request = Request("tiny", data_root=folder / "data", runs_root=folder, settings=settings)
        run(resolve(request)).folder.path.rename(folder / "run")
        yield folder


@pytest.mark.training
def test_a_split_names_its_cells_and_who_was_left_out(here):
    made = harness.split(here / "data", "fold1")
    assert set(made.to_frame().side) == {"train", "test"}
    assert set(made.train.cell).isdisjoint(made.test.cell)
    assert made.to_dict()["drawn"]
    assert all(Path(path).exists() for path in made.test.path)
    assert "drawn" in made._repr_html_()
    with pytest.raises(UsageWrong, match="there is no split"):
        harness.split(here / "data", "fold9")


@pytest.mark.training
def test_a_run_tells_its_epochs_its_manifest_and_its_predictions(here):
    loaded = harness.load_run(here / "run")
    assert list(loaded.history.epoch) == [1, 2]
    assert loaded.manifest.entry == "tiny"
    assert loaded.predictions.to_frame().shape[0] == loaded.manifest.cells
    assert loaded.to_dict()["plan"]["seed"] == 0
    assert "epoch" in loaded._repr_html_()


@pytest.mark.training
def test_a_run_scores_images_as_it_scored_them_in_its_split(here):
    loaded = harness.load_run(here / "run")
    cells = harness.split(here / "data", "prelim").test.head(5)
    known = loaded.predictions.to_frame().set_index("cell").score
    found = loaded.predict(list(cells.path), device="cpu")
    np.testing.assert_allclose(found.scores, known[cells.cell].to_numpy(), rtol=1e-6)
    arrays = [np.asarray(Image.open(path).convert("RGB")) for path in cells.path]
    np.testing.assert_array_equal(loaded.predict(arrays, device="cpu").scores, found.scores)


@pytest.mark.training
def test_images_and_forms_that_cannot_be_are_refused_in_words(here, tmp_path):
    loaded = harness.load_run(here / "run")
    with pytest.raises(UsageWrong, match=r"found uint8 \(3, 4\)"):
        loaded.predict(np.zeros((3, 4), np.uint8))
    with pytest.raises(UsageWrong, match="there are no images to score"):
        loaded.predict([])
    with pytest.raises(UsageWrong, match="found 'foo'"):
        loaded.export("foo", tmp_path / "x")


@pytest.mark.training
def test_what_gets_no_score_says_why_and_every_result_says_that_it_is_no_diagnosis(here, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n")
    Image.new("RGB", (300, 300)).save(tmp_path / "empty.png")
    found = harness.load_run(here / "run").predict(tmp_path)
    assert np.isnan(found.scores).all()
    frame = found.to_frame().set_index("image")
    assert "is no BMP" in frame.problem["broken.png"]
    assert "nothing but background" in frame.problem["empty.png"]
    assert "no diagnosis" in repr(found)
    assert "no diagnosis" in found._repr_html_()
    assert any("no diagnosis" in remark for remark in found.to_dict()["remarks"])
