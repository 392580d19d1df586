"""A training in a process of its own, killed with SIGKILL again and again."""

import itertools
import multiprocessing
import os
import random
import signal
import time
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from models.contract import Session, Validation
from tests.models.finetune.cells import folder_of, quick, some_cells

pytestmark = pytest.mark.crash

KILLS = {"eager": 10, "compile": 3}
ENGINES = ("eager", "compile") if os.environ.get("HARNESS_TEST_COMPILED_KILLS") else ("eager",)
"""Every start of a compiled training compiles again, which takes as long as a hundred steps."""
SETTINGS = {"epochs": "15", "batch": "3", "checkpoint_minutes": "0", "views": "1", "dropout": "0.2"}
STEPS = 15 * 6


def judge(scores):
    return {"weighted_f1": float(scores.round(4).mean())}


def train(folder: Path, told: Connection, engine: str, watched: str) -> None:
    """Train to the end, telling how many steps lie behind us whenever that changes."""
    import torch

    torch.set_num_threads(1)
    if engine == "compile":
        import torch._inductor.config

        torch._inductor.config.compile_threads = 1  # a killed process leaves none behind

    @contextmanager
    def progress(description, total, /):
        done = (int(description.split()[1]) - 1) * total if description.startswith("epoch") else None

        def advance(steps=1, /, note=""):
            nonlocal done
            if done is not None:
                done += steps
                told.send(done)

        yield advance

    chooses = watched == "chosen by"
    validation = Validation(some_cells(6, seed=9, labelled=False), judge, chooses=chooses)
    session = Session(
        seed=2,
        engine=engine,
        checkpoints=folder / "checkpoints",
        validation=validation if watched else None,
        progress=progress,
    )
    fitted = quick(**SETTINGS).fit(some_cells(18), session)
    (folder / "fitted").mkdir()
    fitted.save(folder / "fitted")


@pytest.fixture(scope="module")
def processes():
    """Forks from a fresh server process that has imported torch: each child is a process of its own."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["timm", "models.finetune.loop"])
    return context


def started(processes, folder: Path, engine: str, watched: str):
    ours, theirs = processes.Pipe(duplex=False)
    process = processes.Process(target=train, args=(folder, theirs, engine, watched))
    process.start()
    theirs.close()
    return process, ours


def killed_after(processes, folder: Path, how: tuple[str, str], changes: int, moment: float) -> int:
    """Kill a training some moment after it has told of some changes; returns the steps last told."""
    process, told = started(processes, folder, *how)
    steps = 0
    for _ in range(changes):
        steps = told.recv()
    time.sleep(moment)
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    told.close()
    return steps


def undisturbed(processes, folder: Path, *how: str) -> list[int]:
    """Train to the end; returns the steps told on the way."""
    process, told = started(processes, folder, *how)
    steps = []
    try:
        while True:
            steps.append(told.recv())
    except EOFError:
        process.join()
    assert process.exitcode == 0
    return steps


@pytest.mark.parametrize("engine", ENGINES)
def test_a_training_killed_ten_times_ends_with_the_weights_of_one_left_alone(processes, tmp_path, engine):
    alone, disturbed = tmp_path / "alone", tmp_path / "disturbed"
    alone.mkdir()
    disturbed.mkdir()
    undisturbed(processes, alone, engine, "chosen by")
    chance = random.Random(11)
    how = (engine, "chosen by")
    seen = [
        killed_after(processes, disturbed, how, chance.choice([2, 3, 4]), chance.uniform(0, 0.04))
        for _ in range(KILLS[engine])
    ]
    last = undisturbed(processes, disturbed, *how)
    behind = [earlier - later for earlier, later in itertools.pairwise(seen)]
    assert max(behind) <= 1, "no start lost more than the step under way"
    assert last[0] > 1, "the last start went on from a checkpoint"
    assert last[-1] == STEPS
    for name in ("model.safetensors", "entry.json"):
        assert (disturbed / "fitted" / name).read_bytes() == (alone / "fitted" / name).read_bytes()


def test_a_watched_training_that_is_killed_ends_with_the_weights_of_one_that_nobody_watched(
    processes, tmp_path
):
    alone, disturbed = folder_of(tmp_path, "alone"), folder_of(tmp_path, "disturbed")
    undisturbed(processes, alone, "eager", "")
    for changes, moment in ((3, 0.0), (9, 0.02), (4, 0.01)):
        killed_after(processes, disturbed, ("eager", "watched"), changes, moment)
    assert undisturbed(processes, disturbed, "eager", "watched")[-1] == STEPS
    for name in ("model.safetensors", "entry.json"):
        assert (disturbed / "fitted" / name).read_bytes() == (alone / "fitted" / name).read_bytes()
