"""The boards at hand: each drawn once for a revision of its phase, away from those who read."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from eval_server.drawing import Board
from eval_server.store.phases import PhaseRecord

PATIENCE = 0.01
"""Seconds that a reader waits for a fresh board before the last one is shown."""
PAUSES = 4
"""A drawing is followed by a pause of so many times its length, so that judging has time as well."""
LONGEST_PAUSE = 0.5
"""Most seconds between two drawings while verdicts keep coming, so a board is never a second old."""


@dataclass(slots=True)
class _Slot:
    lock: threading.Lock = field(default_factory=threading.Lock)
    board: Board | None = None
    drawing: Future[Board] | None = None
    next_at: float = 0.0


class Boards:
    """The boards of all phases; a reader gets the newest that is at hand within `patience` seconds."""

    def __init__(self, draw: Callable[[str], Board]) -> None:
        self.patience = PATIENCE
        self._drawn = draw
        self._slots: dict[str, _Slot] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="boards")

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)

    def current(self, record: PhaseRecord) -> Board:
        """The board of this revision, or the last one while it is being drawn."""
        with self._lock:
            slot = self._slots.setdefault(record.name, _Slot())
        until = time.monotonic() + self.patience
        while True:
            board, drawing = self._look(slot, record)
            if board is None and drawing is not None:
                return drawing.result()
            left = until - time.monotonic()
            in_vain = left <= 0 or (drawing is None and slot.next_at > until)
            if board is not None and (board.revision == record.revision or in_vain):
                return board
            if drawing is None:
                time.sleep(min(max(left, 0.0), 0.002))
            else:
                wait([drawing], timeout=max(left, 0.0))

    def _look(self, slot: _Slot, record: PhaseRecord) -> tuple[Board | None, Future[Board] | None]:
        """The slot's board and drawing; a drawing is begun where one is due."""
        with slot.lock:
            if slot.drawing is not None and slot.drawing.done():
                slot.drawing = None
            fresh = slot.board is not None and slot.board.revision == record.revision
            if not fresh and slot.drawing is None and time.monotonic() >= slot.next_at:
                slot.drawing = self._pool.submit(self._draw, slot, record.name)
            return slot.board, slot.drawing

    def _draw(self, slot: _Slot, name: str) -> Board:
        began = time.monotonic()
        board = self._drawn(name)
        ended = time.monotonic()
        with slot.lock:
            slot.board = board
            slot.next_at = ended + min(PAUSES * (ended - began), LONGEST_PAUSE)
        return board
