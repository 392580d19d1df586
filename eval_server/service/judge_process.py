"""The judge in a process of its own: judging, making boards and answering share no interpreter.

Three pipes join the two. On one the judge is woken; its end, which comes however the server went, ends the
judge. One carries the judge's beats back, and ends when the judge does. On the third, phases with a part
go one way and their boards the other.

The pipes are those of `multiprocessing`; the process is not. Its spawn runs the program that started the
server once more in the child, as `__mp_main__`: a script without a guard would start a server in every judge,
and the command line would be loaded where nobody gives commands. It also looks for modules in the folder
where it starts unless the environment forbids it, and calls every child by the same name in lists of
processes. `python -P -m` does none of that.
"""

from __future__ import annotations

import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection

from eval_server.judging.division import TruthPart
from eval_server.service import logs
from eval_server.service.desk import utc_now
from eval_server.service.jobs import Judge, Judging, Pulse, a_name
from eval_server.service.making import Board
from eval_server.service.settings import VARIABLE, Settings
from eval_server.service.verdicts import Verdicts
from eval_server.store.store import Store

PAUSE = 1.0
"""Seconds until a judge that died is followed by another; twice as many after each that did not start."""
STARTS = 4
"""Judges in a row that end before they come to work; then none is tried any more."""
TRIES = 3
"""Judges that are asked for a board before it is given up."""
PRESENCE = 30.0
"""Seconds that a board waits for a judge who could make it."""
WORK, STARTED, WORKED = b"w", b"s", b"."
"""What a judge is told, that there is work, and says: that it came to it, that it went through it again."""

log = logging.getLogger("harness.jobs")


class BoardFailed(RuntimeError):
    """The judge's process could not make a board; its log says why."""


class JudgeProcess:
    """Keeps a judge's process running: where one dies, its claims are given back and another begins.

    Where several in a row do not even start, `give_up` is called: waiting longer helps nobody.
    """

    def __init__(self, store: Store, give_up: Callable[[], None] = lambda: None) -> None:
        self._store = store
        self._give_up = give_up
        self._pulse = Pulse()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._supervise, name="judge", daemon=True)
        self._ear, self._voice = Pipe(duplex=False)
        self._asking = threading.Lock()
        self._boards: Connection | None = None
        self._there = threading.Condition()

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Say that something was received; a full pipe says so already."""
        say(self._voice, WORK)

    def stop(self) -> None:
        """Let it finish the batch at hand, then end."""
        self._stopping.set()
        self._voice.close()
        self._thread.join()
        self._ear.close()

    def silent_for(self) -> float:
        """Seconds since the judge last went through its work; infinite before it did so once."""
        return self._pulse.silent_for()

    def make_board(self, phase: str, part: TruthPart | None = None) -> Board:
        """The board of a phase as the judge's process makes it; where that one dies, its successor is asked.

        Raises `BoardFailed` when it cannot be made or the server stops.
        """
        with self._asking:
            for _ in range(TRIES):
                boards = self._joined()
                try:
                    boards.send((phase, part))
                    answer = pickle.loads(boards.recv_bytes())
                except (EOFError, OSError):
                    self._part_from(boards)
                    continue
                if isinstance(answer, Board):
                    return answer
                raise BoardFailed(f"the board of {phase} could not be made: {answer}")
        raise BoardFailed(f"the judge died while it made the board of {phase}")

    def _joined(self) -> Connection:
        """The connection to the judge that runs now; waits a while for one to begin."""
        until = time.monotonic() + PRESENCE
        with self._there:
            while self._boards is None:
                if self._stopping.is_set():
                    raise BoardFailed("the server stops")
                if time.monotonic() > until:
                    raise BoardFailed("no judge is at work")
                self._there.wait(0.1)
            return self._boards

    def _part_from(self, boards: Connection) -> None:
        with self._there:
            if self._boards is boards:
                self._boards = None

    def _supervise(self) -> None:
        in_vain = 0
        while not self._stopping.is_set():
            name = a_name()
            in_vain = 0 if self._came_to_work(name) else in_vain + 1
            if self._stopping.is_set():
                return
            if in_vain == STARTS:
                log.critical("%d judges in a row did not come to work: none is tried any more", STARTS)
                self._give_up()
                return
            log.error("the judge ended; another takes over")
            self._stopping.wait(PAUSE * 2 ** max(in_vain - 1, 0))
            self._give_back(name)

    def _came_to_work(self, name: str) -> bool:
        """Start a judge and stay until it ends; returns whether it came to work at all."""
        try:
            return self._run(name)
        except OSError:
            log.exception("the judge could not be started")
            return False

    def _run(self, name: str) -> bool:
        boards, asked = Pipe()
        heard, beats = Pipe(duplex=False)
        with boards, heard:
            # the judge holds the only other ends, so that they end with it
            with asked, beats:
                judge = _start(name, self._ear, asked, beats)
            with self._there:
                self._boards = boards
                self._there.notify_all()
            worked = self._listen(heard)
            judge.wait()
            self._part_from(boards)
        return worked

    def _listen(self, heard: Connection) -> bool:
        """Take note of a judge's beats until it ends; returns whether there were any."""
        any_came = False
        with suppress(EOFError):
            while True:
                said = heard.recv_bytes()
                any_came = True
                if said == WORKED:
                    self._pulse.beat()
        return any_came

    def _give_back(self, name: str) -> None:
        try:
            self._store.queue.release(name)
        except Exception:
            log.exception("what the dead judge had claimed waits until its claim runs out")


def say(link: Connection, word: bytes) -> None:
    """Send a word that may get lost: nobody waits where a full pipe says the same already.

    Words are shorter than what a pipe takes in one piece, so none is cut.
    """
    os.set_blocking(link.fileno(), False)
    with suppress(BlockingIOError):
        link.send_bytes(word)


def _start(name: str, *ends: Connection) -> subprocess.Popen[bytes]:
    """A judge with its ends of the pipes; everything it imports comes from where this process has it."""
    descriptors = [end.fileno() for end in ends]
    command = [sys.executable, "-P", "-m", "eval_server.service.judge_process", name, *map(str, descriptors)]
    there = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=descriptors, env=there)


def main() -> None:
    """Judge under the name of the first argument; the others are ends of pipes, as `_start` has them."""
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.SIG_IGN)
    woken, asked, beats = (Connection(int(end)) for end in sys.argv[2:])
    settings = Settings.from_json(os.environ[VARIABLE])
    logs.start()
    store = Store.open(settings.data_dir, settings.database)
    judge = Judge(store, Verdicts(store), utc_now, sys.argv[1], lambda: say(beats, WORKED))
    say(beats, STARTED)
    judge.start()
    threading.Thread(target=make_for, args=(judge, asked), daemon=True).start()
    with suppress(EOFError):
        while woken.recv_bytes():
            judge.wake()
    judge.stop()
    store.close()


def make_for(judge: Judging, asked: Connection) -> None:
    """Make the boards that are asked for, one after another, until nobody can ask any more."""
    with suppress(EOFError, OSError):
        while True:
            asked.send_bytes(made(judge, *asked.recv()))


def made(judge: Judging, phase: str, part: TruthPart | None) -> bytes:
    """The board as it travels, or why there is none: who asked waits for the one or the other."""
    try:
        return pickle.dumps(judge.make_board(phase, part))
    except Exception as error:
        log.exception("a board could not be made")
        return pickle.dumps(type(error).__name__)


if __name__ == "__main__":
    main()
