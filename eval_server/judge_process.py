"""The judge in a process of its own, so that judging, drawing and answering do not share one interpreter.

A pipe joins the two: a byte in it wakes the judge, and its end, which comes however the server went, ends it.
Beside it a socket carries the names of phases one way and their boards the other.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from io import FileIO
from multiprocessing.connection import Connection

from eval_server import logs
from eval_server.desk import utc_now
from eval_server.drawing import Board
from eval_server.jobs import Judge, a_name
from eval_server.settings import VARIABLE, Settings
from eval_server.store.store import Store
from eval_server.verdicts import Verdicts

PAUSE = 1.0
"""Seconds until a judge that died is followed by another."""
TRIES = 3
"""Judges that are asked for a board before it is given up."""
log = logging.getLogger("harness.jobs")


class DrawingFailed(RuntimeError):
    """The judge's process could not draw a board; its log says why."""


class JudgeProcess:
    """Keeps a judge's process running: where one dies, its claims are given back and another begins."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._supervise, name="judge", daemon=True)
        self._ear, voice = os.pipe()
        os.set_blocking(voice, False)
        self._voice = FileIO(voice, "wb")
        self._asking = threading.Lock()
        self._boards: Connection | None = None
        self._there = threading.Condition()

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Say that something was received; a full pipe says so already."""
        self._voice.write(b".")

    def stop(self) -> None:
        """Let it finish the batch at hand, then end."""
        self._stopping.set()
        self._voice.close()
        self._thread.join()
        os.close(self._ear)

    def draw(self, phase: str) -> Board:
        """The board of a phase as the judge's process draws it; where that one dies, its successor is asked.

        Raises `DrawingFailed` when it cannot be drawn or the server stops.
        """
        with self._asking:
            for _ in range(TRIES):
                boards = self._joined()
                try:
                    boards.send(phase)
                    answer = boards.recv()
                except (EOFError, OSError):
                    self._part_from(boards)
                    continue
                if isinstance(answer, Board):
                    return answer
                raise DrawingFailed(f"the board of {phase} could not be drawn: {answer}")
        raise DrawingFailed(f"the judge died while it drew the board of {phase}")

    def _joined(self) -> Connection:
        """The connection to the judge that runs now; waits for one to begin."""
        with self._there:
            while self._boards is None:
                if self._stopping.is_set():
                    raise DrawingFailed("the server stops")
                self._there.wait(0.1)
            return self._boards

    def _part_from(self, boards: Connection) -> None:
        with self._there:
            if self._boards is boards:
                self._boards = None

    def _supervise(self) -> None:
        while True:
            name = a_name()
            try:
                self._run(name)
            except OSError:
                log.exception("the judge could not be started")
            if self._stopping.is_set():
                return
            log.error("the judge ended; another takes over")
            self._stopping.wait(PAUSE)
            self._give_back(name)

    def _run(self, name: str) -> None:
        """Start a judge and stay until it ends."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            command = [sys.executable, "-m", "eval_server.judge_process", name, str(theirs.fileno())]
            judge = subprocess.Popen(command, stdin=self._ear, pass_fds=[theirs.fileno()])
            boards = Connection(ours.detach())
        with self._there:
            self._boards = boards
            self._there.notify_all()
        judge.wait()
        self._part_from(boards)

    def _give_back(self, name: str) -> None:
        try:
            self._store.submissions.release(name)
        except Exception:
            log.exception("what the dead judge had claimed waits until its claim runs out")


def main() -> None:
    """Judge under the name of the first argument, and draw for the socket of the second, until input ends."""
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.SIG_IGN)
    settings = Settings.from_json(os.environ[VARIABLE])
    logs.start()
    store = Store.open(settings.data_dir, settings.database)
    judge = Judge(store, Verdicts(store), utc_now, sys.argv[1])
    judge.start()
    threading.Thread(target=draw_for, args=(judge, Connection(int(sys.argv[2]))), daemon=True).start()
    while os.read(sys.stdin.fileno(), 4096):
        judge.wake()
    judge.stop()
    store.close()


def draw_for(judge: Judge, asked: Connection) -> None:
    """Draw the boards that are asked for, one after another, until nobody can ask any more."""
    while True:
        try:
            asked.send(drawn(judge, asked.recv()))
        except (EOFError, OSError):
            return


def drawn(judge: Judge, phase: str) -> Board | str:
    """The board, or why there is none."""
    try:
        return judge.draw(phase)
    except Exception as error:
        log.exception("a board could not be drawn")
        return type(error).__name__


if __name__ == "__main__":
    main()
