"""The judge in a process of its own, so that judging and answering do not share one interpreter.

A pipe joins the two: a byte in it wakes the judge, and its end, which comes however the server went, ends it.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from io import FileIO

from eval_server import logs
from eval_server.desk import utc_now
from eval_server.jobs import Judge, Verdicts, a_name
from eval_server.settings import VARIABLE, Settings
from eval_server.store.store import Store

PAUSE = 1.0
"""Seconds until a judge that died is followed by another."""
log = logging.getLogger("harness.jobs")


class JudgeProcess:
    """Keeps a judge's process running: where one dies, its claims are given back and another begins."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._supervise, name="judge", daemon=True)
        self._ear, voice = os.pipe()
        os.set_blocking(voice, False)
        self._voice = FileIO(voice, "wb")

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

    def _supervise(self) -> None:
        while True:
            name = a_name()
            command = [sys.executable, "-m", "eval_server.judge_process", name]
            subprocess.run(command, stdin=self._ear, check=False)
            if self._stopping.is_set():
                return
            log.error("the judge died; another takes over")
            self._stopping.wait(PAUSE)
            self._give_back(name)

    def _give_back(self, name: str) -> None:
        try:
            self._store.submissions.release(name)
        except Exception:
            log.exception("what the dead judge had claimed waits until its claim runs out")


def main() -> None:
    """Judge under the name of the first argument until standard input ends."""
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.SIG_IGN)
    settings = Settings.from_json(os.environ[VARIABLE])
    logs.start()
    store = Store.open(settings.data_dir, settings.database)
    judge = Judge(store, Verdicts(store), utc_now, sys.argv[1])
    judge.start()
    while os.read(sys.stdin.fileno(), 4096):
        judge.wake()
    judge.stop()
    store.close()


if __name__ == "__main__":
    main()
