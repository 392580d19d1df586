"""The `harness` command as a user runs it: a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from tests.support.nursery import forked


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    def document(self) -> Any:
        """The one JSON document on standard output."""
        return json.loads(self.out)


def harness(
    *arguments: object, cwd: Path | None = None, stdin: int | None = None, **environment: str
) -> Answer:
    """Run `harness` with these arguments; the environment variables come on top of the present ones.

    Forked from a process that has its modules; a new Python where variables for Python's start are given.
    """
    surroundings = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
    if any(name.startswith("PYTHON") for name in environment):
        return _by_python(arguments, cwd, surroundings)
    with _a_text() as out, _a_text() as err, Path(os.devnull).open() as nothing:
        files = (nothing.fileno() if stdin == subprocess.DEVNULL else 0, out.fileno(), err.fileno())
        running = forked([str(one) for one in arguments], surroundings, cwd, files)
        try:
            code = running.wait(timeout=280)
        finally:
            running.kill()
        return Answer(code, _whole(out), _whole(err))


def _by_python(arguments: Sequence[object], cwd: Path | None, surroundings: Mapping[str, str]) -> Answer:
    command = [sys.executable, "-m", "harness", *map(str, arguments)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=280, cwd=cwd, env=surroundings, check=False
    )
    return Answer(done.returncode, done.stdout, done.stderr)


def _a_text() -> IO[str]:
    return TemporaryFile("w+", encoding="utf-8")


def _whole(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


def modules_after(statement: str) -> set[str]:
    """The modules that a fresh interpreter holds after one statement."""
    code = f"import sys\n{statement}\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stderr.split())
