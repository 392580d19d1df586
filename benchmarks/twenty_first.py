"""What the twenty-first entry costs a server: ``python -m benchmarks.twenty_first``.

Twenty drawn entries of the preliminary phase lie judged in a store, and the board with its comparisons is
made of them; then one more is handed in, judged, and the board made again. Counted are the pairs that were
tested, timed the processor's seconds of making the board, the shortest of several servers.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks.report import Board
from eval_server.judging import placing
from eval_server.service.jobs import Judge
from eval_server.service.making import BoardMaker
from eval_server.service.verdicts import Verdicts
from eval_server.store.records import Arrival, Rules
from eval_server.store.store import Store
from submissions.packing import packed
from submissions.predictions import Predictions

ENTRIES = 20
REPEATS = 5
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Making:
    """One making of a board: its entries, the pairs that were tested for it, and processor seconds."""

    entries: int
    tested: int
    seconds: float

    def row(self) -> str:
        return f"| {self.entries} | {self.tested} | {1000 * self.seconds:.2f} |"


@contextmanager
def counted_pairs() -> Iterator[list[int]]:
    """How many pairs each call of the exact test was given."""
    counts: list[int] = []
    real = placing.swap_family

    def counting(metrics: Any, table: Any, first: Any, second: Any) -> Any:
        counts.append(len(first))
        return real(metrics, table, first, second)

    with mock.patch.object(placing, "swap_family", counting):
        yield counts


def grown(board: Board, below: Path, phase: str = "prelim") -> tuple[Making, Making]:
    """The board of all entries but the last, and that of all, as one server makes them."""
    store = Store.open(below, None)
    try:
        store.phases.add(phase, board.truth, Rules(), NOON)
        verdicts = Verdicts(store)
        judge, maker = Judge(store, verdicts, lambda: NOON), BoardMaker(store, verdicts)
        for at, predictions in enumerate(board.predictions[:-1]):
            _hand_in(store, phase, f"team {at}", predictions)
        _judge_all(judge)
        before = _made(maker, phase)
        _hand_in(store, phase, "the newest", board.predictions[-1])
        _judge_all(judge)
        return before, _made(maker, phase)
    finally:
        store.close()


def _hand_in(store: Store, phase: str, team: str, predictions: Predictions) -> None:
    content = packed(predictions)
    digest = store.archive.keep(io.BytesIO(content))
    arrival = Arrival(phase, team, "entry", digest, digest, None, None, (), len(content), NOON)
    store.arrivals.receive(arrival, None)


def _judge_all(judge: Judge) -> None:
    while judge.work():
        pass


def _made(maker: BoardMaker, phase: str) -> Making:
    with counted_pairs() as counts:
        started = time.process_time()
        board = maker.make(phase)
        return Making(len(board.rows), sum(counts), time.process_time() - started)


def main() -> int:
    """Print both makings, and how the second compares with the first."""
    board, found = Board(ENTRIES + 1), []
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory() as folder:
            found.append(grown(board, Path(folder)))
    first, last = (min(each, key=lambda one: one.seconds) for each in zip(*found, strict=True))
    print("| entries | pairs tested | processor milliseconds |\n| --- | ---: | ---: |")
    print(first.row(), last.row(), sep="\n")
    print(f"\nWith one entry more, making it takes {last.seconds / first.seconds:.2f} times as long.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
