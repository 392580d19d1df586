"""The scoring program as the platform runs it: unpacked folders, a process of its own, a chosen Python."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval_server.judging.truth import Truth
from submissions.codabench.reference import Feedback, PhaseTruth, reference_data

PROGRAM = Path(__file__).parents[2] / "submissions/codabench/scoring_program/score.py"
WORKER_METADATA = "{elapsedTime: 0.5, exitCode: 0, ingestionElapsedTime: null, ingestionExitCode: null}\n"
"""What Codabench's worker leaves beside the prediction."""


def oldest_python() -> str:
    """The oldest Python from 3.7 on that this machine has, this one where there is no other."""
    installed = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for minor in range(7, 12):
        found = [shutil.which(f"python3.{minor}"), *map(str, installed.glob(f"3.{minor}.*/bin/python"))]
        for one in filter(None, found):
            if subprocess.run([one, "-S", "-c", ""], capture_output=True, check=False).returncode == 0:
                return one
    return sys.executable


@dataclass(frozen=True, slots=True)
class Job:
    """How a scoring job ended, and what it left in its output folder."""

    code: int
    out: str
    err: str
    files: dict[str, str]

    @property
    def scores(self) -> dict[str, Any]:
        return json.loads(self.files["scores.json"])


def truth_of(truth: Truth) -> PhaseTruth:
    """A truth of the server as a bundle takes it."""
    return PhaseTruth(truth.phase, truth.labels.tolist(), truth.subjects)


def lay_out(folder: Path, truth: PhaseTruth, submission: bytes, feedback: Feedback = "full") -> None:
    """The folders that the worker makes: the program, ``input/ref``, ``input/res`` with its `metadata`."""
    for name, content in reference_data(truth, "A phase", feedback).items():
        path = folder / "input/ref" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    with zipfile.ZipFile(io.BytesIO(submission)) as archive:
        archive.extractall(folder / "input/res")
    (folder / "input/res/metadata").write_text(WORKER_METADATA)
    (folder / "program").mkdir()
    shutil.copy(PROGRAM, folder / "program/score.py")
    (folder / "output").mkdir()


def run_job(folder: Path, python: str = sys.executable) -> Job:
    """``python3 $program/score.py $input $output`` in the program's folder and the worker's environment."""
    command = [python, str(folder / "program/score.py"), str(folder / "input"), str(folder / "output")]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=folder / "program",
        env={"PYTHONUNBUFFERED": "1", "http_proxy": "", "https_proxy": ""},
        timeout=120,
        check=False,
    )
    left = {one.name: one.read_text(encoding="utf-8") for one in (folder / "output").iterdir()}
    return Job(done.returncode, done.stdout, done.stderr, left)
