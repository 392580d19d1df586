"""TensorBoard and MLflow are shown what `history.jsonl` holds, once, read back by their own libraries."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.errors import Unavailable
from harness.runs import followers
from harness.runs.finishing import RunStopped
from harness.runs.followers import numbers
from harness.runs.plan import Plan, Request, resolve
from harness.runs.workflow import run
from tests.support.dataset import a_dataset

pytestmark = pytest.mark.training

QUICK = {"side": "32", "views": "1", "batch": "8", "epochs": "3"}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("followed")
    a_dataset(folder / "data")
    return folder


def planned(here: Path, runs: Path, **more: Any) -> Plan:
    data = here / "data"
    request = Request("tiny", "fold2", data_root=data, runs_root=runs, settings=QUICK, watch="fold2", **more)
    return resolve(request)


def stopped_in_the_second_epoch(plan: Plan) -> None:
    """Stop as Ctrl-C does, as soon as the first epoch is recorded."""
    with pytest.raises(RunStopped):
        run(plan, lambda: plan.folder.history.exists() and len(plan.folder.events()) > 1)


def expected(plan: Plan) -> dict[str, dict[int, float]]:
    """The points of history.jsonl by name and epoch."""
    found: dict[str, dict[int, float]] = {}
    for event in plan.folder.events():
        for name, value in numbers(event).items():
            found.setdefault(name, {})[int(event["epoch"])] = value
    return found


def in_tensorboard(folder: Path) -> dict[str, dict[int, float]]:
    pytest.importorskip("tensorboard", reason="needs the extra `tensorboard`, which `make curves` installs")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.util.tensor_util import make_ndarray

    accumulator = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    accumulator.Reload()
    points = {tag: accumulator.Tensors(tag) for tag in accumulator.Tags()["tensors"]}
    for tag, events in points.items():
        assert len({one.step for one in events}) == len(events), f"{tag} has an epoch twice"
    return {
        tag: {one.step: float(make_ndarray(one.tensor_proto)) for one in events}
        for tag, events in points.items()
    }


def test_tensorboard_shows_each_epoch_of_the_history_once_also_when_the_training_was_stopped_and_went_on(
    here: Path, tmp_path: Path
) -> None:
    pytest.importorskip("tensorboard", reason="needs the extra `tensorboard`, which `make curves` installs")
    plan = planned(here, tmp_path, tensorboard=True)
    stopped_in_the_second_epoch(plan)
    outcome = run(planned(here, tmp_path, tensorboard=True))
    shown = in_tensorboard(plan.folder.path / "tensorboard")
    result = {name: points for name, points in shown.items() if name.startswith("result/")}
    history = {name: points for name, points in shown.items() if name not in result}
    told = expected(plan)
    assert set(history) == set(told) >= {"loss", "validation_loss", "weighted_f1", "learning_rates/0"}
    for name, points in told.items():
        assert history[name] == {epoch: float(np.float32(value)) for epoch, value in points.items()}
    assert outcome.verdict is not None
    assert result["result/weighted_f1"] == {3: float(np.float32(outcome.verdict.weighted_f1))}


def test_a_run_that_has_ended_is_shown_whole_when_it_is_asked_for_later(here: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="needs the extra `tensorboard`, which `make curves` installs")
    run(planned(here, tmp_path))
    plan = planned(here, tmp_path, tensorboard=True)
    run(plan)
    assert set(in_tensorboard(plan.folder.path / "tensorboard")["loss"]) == {1, 2, 3}


READ_BACK = """
import json, sys, warnings
warnings.simplefilter("ignore")
from mlflow import MlflowClient
client = MlflowClient(tracking_uri=sys.argv[1])
(experiment,) = [one for one in client.search_experiments() if one.name == "harness"]
runs = client.search_runs([experiment.experiment_id])
told = [{"status": one.info.status, "name": one.info.run_name, "tags": one.data.tags,
         "params": one.data.params,
         "points": {name: [[at.step, at.value] for at in client.get_metric_history(one.info.run_id, name)]
                    for name in one.data.metrics}} for one in runs]
print(json.dumps(told))
"""
TRAIN = """
import sys
from pathlib import Path
from tests.harness.runs.test_following import planned, run, stopped_in_the_second_epoch
here, runs, uri, stopped = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]
plan = planned(here, runs, mlflow=uri)
stopped_in_the_second_epoch(plan) if stopped == "stopped" else run(plan)
"""
ROOT = Path(__file__).resolve().parents[3]


def python(code: str, cwd: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """A process of its own: mlflow sets up logging, and warns of what others have deprecated."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=280,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        cwd=cwd,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


def test_mlflow_shows_one_run_with_each_epoch_once_also_when_the_training_was_stopped_and_went_on(
    here: Path, tmp_path: Path
) -> None:
    pytest.importorskip("mlflow", reason="needs the extra `mlflow`, which `make curves` installs")
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    for how in ("stopped", "to its end"):
        python(TRAIN, tmp_path, here, tmp_path / "runs", uri, how)
    (told,) = json.loads(python(READ_BACK, tmp_path, uri).stdout)
    plan = planned(here, tmp_path / "runs")
    assert told["status"] == "FINISHED"
    assert told["name"] == plan.folder.path.name
    assert told["tags"]["harness_key"] == plan.folder.key
    assert (told["params"]["entry"], told["params"]["settings.epochs"]) == ("tiny", "3")
    points = {name: sorted(map(tuple, one)) for name, one in told["points"].items()}
    for name, values in expected(plan).items():
        assert points[name] == sorted(values.items())
    metrics = plan.folder.read(plan.folder.metrics)["metrics"]
    assert points["result/weighted_f1"] == [(3, metrics["weighted_f1"])]


def test_an_mlflow_server_that_is_not_there_is_named_once_and_stops_nothing(
    here: Path, tmp_path: Path
) -> None:
    pytest.importorskip("mlflow", reason="needs the extra `mlflow`, which `make curves` installs")
    done = python(TRAIN, tmp_path, here, tmp_path / "runs", "http://someone:secret@127.0.0.1:9", "to its end")
    said = [line for line in done.stderr.splitlines() if line.startswith("MLflow at")]
    assert len(said) == 1
    assert said[0].startswith("MLflow at http://127.0.0.1:9 took nothing (")
    assert "secret" not in done.stderr
    plan = planned(here, tmp_path / "runs")
    assert plan.kept.packed


@pytest.mark.parametrize(
    ("asked", "extra"),
    [({"tensorboard": True}, "tensorboard"), ({"mlflow": "sqlite:///nothing.db"}, "mlflow")],
    ids=["tensorboard", "mlflow"],
)
def test_a_library_that_is_not_installed_is_named_before_any_work_with_what_brings_it(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: dict[str, Any], extra: str
) -> None:
    monkeypatch.setattr(followers.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(Unavailable, match=f"--{extra} needs the package {extra}") as missing:
        followers.require_followers(**{"tensorboard": False, "mlflow": "", **asked})
    assert f"[{extra}]" in missing.value.hint
