"""The boards at hand: a change makes the board anew by itself, away from those who read.

Every worker looks after the revisions of all phases, whoever changed them: its own judge, another worker's,
or the command line. So each board is known to have been the present one up to some moment, and a reader is
given none for which that moment lies further back than `OLDEST`, unless it is marked.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from eval_server.judging.division import TruthPart
from eval_server.service.making import Board
from eval_server.store.records import PhaseRecord

LOOK_AGAIN = 0.1
"""Seconds between two looks at the revisions."""
OLDEST = 1.0
"""Seconds since a board was the present one after which it is given to nobody without a mark."""
WAITS_FROM = 0.8
"""Seconds since then after which a reader waits for the next board, so that it is there in time."""
WAITS = 5.0
"""Seconds that readers wait for a board at most; then the last one is given, marked."""
FIRST = 30.0
"""Seconds after a phase was first seen for which its readers wait for a board, having none to be given."""
PATIENCE = 0.01
"""Seconds that a reader waits for a fresh board where the last one is recent enough."""
AFTER_QUIET, IN_QUIET = 0.25, 0.5
"""After so many seconds without a change, a reader waits this long for the board of the next change."""
PAUSES = 4
"""A making is followed by a pause of so many times its length at most, so that judging has time as well."""
EVERY = 0.5
"""Seconds between the beginnings of two makings while verdicts keep coming, where making is fast enough."""
AFTER_FAILURE = 1.0
"""Seconds until a board that could not be made is tried again."""
log = logging.getLogger("harness.boards")


class BoardMissing(Exception):
    """There is no board at all, and none could be made in time."""


@dataclass(slots=True)
class _Slot:
    """The board of one part of a phase, and up to which moment it is known to have been the present one."""

    phase: str
    part: TruthPart
    lock: threading.Lock = field(default_factory=threading.Lock)
    board: Board | None = None
    overdue: Board | None = None
    making: Future[Board] | None = None
    next_at: float = 0.0
    after_quiet: bool = False
    present_until: float = field(default_factory=time.monotonic)

    def confirm(self, revision: str, at: float) -> None:
        """Note that this was the phase's revision at a moment."""
        with self.lock:
            if self.board is not None and self.board.revision == revision:
                self.present_until = max(self.present_until, at)

    def keep(self, board: Board, began: float) -> None:
        """Take a board that was begun at a moment; the next one comes after a pause."""
        ended = time.monotonic()
        took = ended - began
        with self.lock:
            self.board, self.present_until = board, began
            self.overdue = board.overdue()
            self.next_at = ended + min(PAUSES * took, max(EVERY - took, took))

    def age(self, at: float) -> float:
        """Seconds for which the board may have been out of date."""
        return at - self.present_until

    def to_wait_for(self, asked: float) -> bool:
        """Whether who asked at a moment waits for the next board."""
        most = FIRST if self.board is None else WAITS_FROM + WAITS
        return (self.board is None or self.age(asked) > WAITS_FROM) and self.age(time.monotonic()) < most


class Boards:
    """The boards of all phases and their parts, each made once for a revision of its phase.

    A cache by revision alone would let the first reader after every verdict wait, and under steady verdicts
    each reader; so a thread looks after the revisions, and boards are made one at a time whoever asks.
    """

    def __init__(
        self,
        make: Callable[[str, TruthPart], Board],
        revisions: Callable[[], Mapping[tuple[str, TruthPart], str]],
    ) -> None:
        self.patience = PATIENCE
        self._made = make
        self._revisions = revisions
        self._slots: dict[str, dict[TruthPart, _Slot]] = {}
        self._lock = threading.Lock()
        self._own: Future[Board] | None = None
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="boards")
        self._stopping = threading.Event()
        self._watch = threading.Thread(target=self._look_after, name="watch", daemon=True)

    def start(self) -> None:
        """Begin to look after the revisions."""
        self._watch.start()

    def close(self) -> None:
        self._stopping.set()
        if self._watch.is_alive():
            self._watch.join()
        self._pool.shutdown(cancel_futures=True)

    def to_wait_for(self, name: str, asked: float) -> bool:
        """Whether who asked at a moment waits: the board was old then, and the next one is not there yet."""
        return any(slot.to_wait_for(asked) for slot in list(self._slots.get(name, {}).values()))

    def current(self, record: PhaseRecord) -> Board:
        """The board of this revision and part, or the last one: as it is while it is recent, else marked.

        Raises `BoardMissing` where there is none at all.
        """
        slot = self._slot(record.name, record.part)
        board = self._in_patience(slot, record)
        recent = board.revision == record.revision or slot.age(time.monotonic()) <= OLDEST
        return board if recent else slot.overdue or board

    def at_hand(self, record: PhaseRecord) -> Board | None:
        """The board that lies there, whatever its age; nobody waits for one."""
        slot = self._slots.get(record.name, {}).get(record.part)
        return None if slot is None else slot.board

    def knows(self, record: PhaseRecord, submission: str) -> bool:
        """Whether the board at hand says all there is to say of this submission's place."""
        board = self.at_hand(record)
        return board is not None and board.places_finally(submission)

    def look(self) -> None:
        """Ask for all revisions once, and begin to make what is out of date, one board after another.

        The board of a part is looked after once somebody asked for it; that of the one shown first always.
        """
        asked = time.monotonic()
        for (name, first), revision in self._revisions().items():
            self._slot(name, first)
            for slot in list(self._slots[name].values()):
                slot.confirm(revision, asked)
                if self._own is None or self._own.done():
                    self._own = self._begun(slot, revision)

    def _look_after(self) -> None:
        while not self._stopping.wait(LOOK_AGAIN):
            try:
                self.look()
            except Exception:
                log.exception("the boards could not be looked after; this is tried again")
                self._stopping.wait(AFTER_FAILURE)

    def _slot(self, name: str, part: TruthPart) -> _Slot:
        with self._lock:
            return self._slots.setdefault(name, {}).setdefault(part, _Slot(name, part))

    def _in_patience(self, slot: _Slot, record: PhaseRecord) -> Board:
        """The board of this revision if it comes within `patience`, else the last one."""
        began = time.monotonic()
        while True:
            making = self._begun(slot, record.revision)
            if slot.board is None:
                return _first(making)
            until = began + max(self.patience, IN_QUIET if slot.after_quiet and making else 0.0)
            left = until - time.monotonic()
            in_vain = left <= 0 or (making is None and slot.next_at > until)
            if slot.board.revision == record.revision or in_vain:
                return slot.board
            if making is None:
                time.sleep(min(left, 0.002))
            else:
                wait([making], timeout=left)

    def _begun(self, slot: _Slot, revision: str) -> Future[Board] | None:
        """The making under way; one is begun where the board is not of this revision and one is due."""
        with slot.lock:
            if slot.making is not None and slot.making.done():
                slot.making = None
            fresh = slot.board is not None and slot.board.revision == revision
            now = time.monotonic()
            if not fresh and slot.making is None and now >= slot.next_at:
                slot.after_quiet = now > slot.next_at + AFTER_QUIET
                slot.making = self._pool.submit(self._make, slot)
            return slot.making

    def _make(self, slot: _Slot) -> Board:
        began = time.monotonic()
        try:
            board = self._made(slot.phase, slot.part)
        except Exception:
            slot.next_at = time.monotonic() + AFTER_FAILURE
            raise
        slot.keep(board, began)
        return board


def _first(making: Future[Board] | None) -> Board:
    """The first board of a phase, once it is made."""
    if making is None:
        raise BoardMissing("The board cannot be made at the moment.")
    try:
        return making.result(WAITS)
    except Exception as error:
        raise BoardMissing("The board is being made, and is not there yet.") from error
