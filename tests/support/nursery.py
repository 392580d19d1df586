"""Commands as processes of their own that need not import everything anew: forked from one that has.

What a command is given (arguments, variables, working folder, standard files) is its own, as is how it ends;
only the modules are there already. Python's own start is tested where a test starts Python.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NoReturn

JUDGE = (
    "harness.cli.score", "harness.cli.compare", "harness.cli.serve", "harness.upload",
    "eval_server.web.running", "eval_server.web.app", "pandas", "sklearn.metrics", "PIL.Image",
)  # fmt: skip
TRAIN = (
    *JUDGE, "harness.cli.submit", "torch", "torchvision", "timm",
    "models.finetune.entry", "models.finetune.fitted", "models.descriptors.measures",
    "sklearn.neighbors", "sklearn.svm", "sklearn.ensemble", "skops.io",
)  # fmt: skip
TRAINING = frozenset(
    {"submit", "train", "predict", "ensemble", "export", "demo", "bench", "models", "doctor"}
)
"""The commands that load torch, or may."""

_ROOT = Path(__file__).resolve().parents[2]
_START = f"import sys; sys.path.insert(0, {str(_ROOT)!r}); from tests.support.nursery import serve; serve()"


_WORD = 20
"""Bytes of a number on its way."""


class Forked:
    """A command that runs; as with `subprocess.Popen`, a negative code is the signal that ended it."""

    def __init__(self, pid: int, ending: int) -> None:
        self.pid, self._ending = pid, ending
        self.returncode: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        """How it ended; raises `subprocess.TimeoutExpired` where it does not in time."""
        if self.returncode is None:
            if not select.select([self._ending], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("harness", timeout or 0)
            self.returncode = int(os.read(self._ending, _WORD))
            os.close(self._ending)
        return self.returncode

    def poll(self) -> int | None:
        """How it ended, None while it runs."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


def forked(
    arguments: Sequence[str], environment: Mapping[str, str], folder: Path | None, files: tuple[int, int, int]
) -> Forked:
    """Start `harness` with these arguments, standard files and all of the environment."""
    started, starting = os.pipe()
    request = {"arguments": [*arguments], "environment": {**environment}, "folder": str(folder or Path.cwd())}
    nursery = _nursery(TRAIN if arguments and arguments[0] in TRAINING else JUDGE)
    message = json.dumps(request).encode() + b"\n"
    sent = socket.send_fds(nursery, [message], [*files, starting])
    nursery.sendall(message[sent:])
    os.close(starting)
    return Forked(int(os.read(started, _WORD)), started)


@cache
def _nursery(modules: tuple[str, ...]) -> socket.socket:
    """Our end of the line to it; it ends when that closes, however we end."""
    ours, theirs = socket.socketpair()
    theirs.set_inheritable(True)
    command = [sys.executable, "-c", _START, str(theirs.fileno()), *modules]
    os.posix_spawn(sys.executable, command, {**os.environ, "OMP_NUM_THREADS": "1"})
    theirs.close()
    atexit.register(ours.close)
    return ours


def serve() -> None:
    """In the nursery: import, then fork for every request until there is nobody to ask."""
    asked = socket.socket(fileno=int(sys.argv[1]))
    asked.set_inheritable(False)
    for name in sys.argv[2:]:
        with suppress(ImportError):  # an extra that is not installed
            importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        message, files, _, _ = socket.recv_fds(asked, 1 << 16, 4)
        while message and not message.endswith(b"\n"):
            message += asked.recv(1 << 16)
        if not message:
            return
        if os.fork() == 0:
            asked.close()
            _watch(json.loads(message), files)
        for file in files:
            os.close(file)


def _watch(request: Mapping[str, object], files: Sequence[int]) -> NoReturn:
    """Fork the command, tell its number, and how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *standard, telling = files
    pid = os.fork()
    if pid == 0:
        os.close(telling)
        _become(request, standard)
    os.write(telling, str(pid).ljust(_WORD).encode())
    _, status = os.waitpid(pid, 0)
    os.write(telling, str(os.waitstatus_to_exitcode(status)).ljust(_WORD).encode())
    os._exit(0)


def _become(request: Mapping[str, object], standard: Sequence[int]) -> NoReturn:
    for number, file in enumerate(standard):
        os.dup2(file, number)
        os.close(file)
    _open_standard_files()
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(str(request["folder"]))
    sys.argv = ["harness", *request["arguments"]]
    code = 1
    try:
        code = _command()
    finally:
        os._exit(code)


def _open_standard_files() -> None:
    """As Python does at its start: the old ones are for what stood there before."""
    coding = {"encoding": sys.stdout.encoding, "closefd": False}
    sys.stdin = sys.__stdin__ = open(0, errors="strict", **coding)  # noqa: SIM115
    sys.stdout = sys.__stdout__ = open(1, "w", errors="strict", **coding)  # noqa: SIM115
    sys.stderr = sys.__stderr__ = open(2, "w", 1, errors="backslashreplace", **coding)  # noqa: SIM115


def _command() -> int:
    """Run it as Python's last line would: what is left in buffers is written, and its end is a code."""
    from harness.cli.main import main

    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    except BaseException:
        traceback.print_exc()
        code = 1
    else:
        code = 0
    sys.stdout.flush()
    sys.stderr.flush()
    return code
