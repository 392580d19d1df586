"""Leaderboards drawn from verdicts: off the event loop, once for each revision of a phase."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from eval_server.jobs import Verdicts
from eval_server.judging import Verdict
from eval_server.placing import PairTable, Places, places, released
from eval_server.store.phases import PhaseRecord, Published
from eval_server.store.store import Store
from eval_server.store.submissions import Judged

PATIENCE = 0.01
"""Seconds that a reader waits for a fresh board before the last one is shown."""
PAUSES = 4
"""A drawing is followed by a pause of so many times its length, so that judging has time as well."""
LONGEST_PAUSE = 0.5
"""Most seconds between two drawings while verdicts keep coming, so a board is never a second old."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a board: a submission that stands for its team, and how it ranks."""

    judged: Judged
    verdict: Verdict
    rank: int
    rank_set: tuple[int, int]
    submissions: int


@dataclass(frozen=True, slots=True)
class Board:
    """A phase's leaderboard as one revision of its verdicts has it, with everybody's names.

    With the Ladder on, `shown` says for each submission which one's number its team is told.
    """

    revision: str
    record: PhaseRecord
    rows: tuple[Row, ...]
    places: Places
    references: tuple[Published, ...]
    shown: Mapping[str, str]
    told: dict[str, Any] = field(default_factory=dict)
    """What was made of this board already, by kind; the same for every reader of a public board."""

    def holm_between(self, one: str, other: str) -> float | None:
        """The adjusted p of two submissions among all pairs of this board; None unless both stand on it."""
        at = {row.judged.id: place for place, row in enumerate(self.rows)}
        return self.places.holm_between(at[one], at[other]) if one in at and other in at else None


@dataclass(slots=True)
class _Slot:
    lock: threading.Lock = field(default_factory=threading.Lock)
    board: Board | None = None
    drawing: Future[Board] | None = None
    next_at: float = 0.0


class Boards:
    """The boards of all phases; a reader gets the newest that is at hand within `patience` seconds."""

    def __init__(self, store: Store, verdicts: Verdicts) -> None:
        self.patience = PATIENCE
        self._store = store
        self._verdicts = verdicts
        self._slots: dict[str, _Slot] = {}
        self._tables: dict[tuple[str, str, str], PairTable] = {}
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
        record = self._store.phases.find(name)
        if record is None:
            raise LookupError(name)
        board = self._drawn(record)
        ended = time.monotonic()
        with slot.lock:
            slot.board = board
            slot.next_at = ended + min(PAUSES * (ended - began), LONGEST_PAUSE)
        return board

    def _drawn(self, record: PhaseRecord) -> Board:
        judged = self._store.submissions.judged(record.name, record.truth, record.rules.metric)
        shown = self._shown(record, judged) if record.rules.ladder else {}
        order = sorted(standing_ones(record, judged, shown), key=_place)
        verdicts = self._verdicts.all([one.verdict for one in order])
        found = [verdicts[one.verdict] for one in order]
        where = places(found, record.rules.metric, self._table(record))
        sets = where.rank_sets or ((1, len(order)),) * len(order)
        counts = Counter(one.team for one in judged)
        rows = tuple(
            Row(one, verdict, rank, rank_set, counts[one.team])
            for one, verdict, rank, rank_set in zip(order, found, where.ranks, sets, strict=True)
        )
        references = tuple(self._store.phases.published(record.name))
        return Board(record.revision, record, rows, where, references, shown)

    def _shown(self, record: PhaseRecord, judged: Sequence[Judged]) -> dict[str, str]:
        """With the Ladder on: for each submission, which one's number is told."""
        verdicts = self._verdicts.all([one.verdict for one in judged])
        found: dict[str, str] = {}
        for group in _groups(record, judged):
            steps = released([verdicts[one.verdict] for one in group], record.rules.metric)
            found.update((one.id, group[step].id) for one, step in zip(group, steps, strict=True))
        return found

    def _table(self, record: PhaseRecord) -> PairTable:
        """The pairs tested so far; another metric or truth begins anew."""
        return self._tables.setdefault((record.name, record.rules.metric, record.truth), PairTable())


def standing_ones(record: PhaseRecord, judged: Sequence[Judged], shown: Mapping[str, str]) -> list[Judged]:
    """The submission that stands for each team (or each entry of a team), by the phase's rule."""
    groups = _groups(record, judged)
    if not record.rules.ladder:
        return [_stands(record.rules.represents, group) for group in groups]
    by_id = {one.id: one for one in judged}
    return [by_id[shown[group[-1].id]] for group in groups]


def _groups(record: PhaseRecord, judged: Sequence[Judged]) -> list[list[Judged]]:
    """What is one line of the board: a team's submissions, or those of one of its entries."""
    groups: dict[tuple[str, str], list[Judged]] = {}
    for one in judged:
        key = (one.team, one.entry if record.rules.represents == "every" else "")
        groups.setdefault(key, []).append(one)
    return list(groups.values())


def _stands(rule: str, group: Sequence[Judged]) -> Judged:
    """The best unless the rule says otherwise; of those that tie, the earliest."""
    if rule == "last":
        return group[-1]
    if rule == "chosen":
        return next((one for one in group if one.chosen), group[-1])
    return min(group, key=_place)


def _place(one: Judged) -> tuple[float, datetime, str]:
    """A board's order: the better value first, the earlier first where values tie."""
    return (float("inf") if one.value is None else -one.value, one.submitted_at, one.id)
