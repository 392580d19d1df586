"""How quickly epochs are learnt and judged here, and how long those ahead will take.

Nothing of it is recorded or kept: clocks differ from try to try, and what is learnt does not.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from models.progress import EpochEnd

_EVERY = 1.0
"""Seconds between two notes beside a bar: each waits for the device."""


@dataclass(slots=True)
class Pace:
    """Counts what this process does of a training of so many epochs, each of so many cells.

    A training that goes on in the middle of an epoch counts what was left of it.
    """

    epochs: int
    cells_an_epoch: int
    _cells: int = 0
    _learnt_in: float = 0.0
    _judged_in: float = 0.0
    _all_cells: int = 0
    _learning: float = 0.0
    _judged: int = 0
    _judging: float = 0.0
    _said: float = field(default_factory=time.monotonic)

    @contextmanager
    def learning(self, cells: int) -> Iterator[None]:
        """Around the learning of so many cells, which begins an epoch or goes on with one."""
        begun = time.monotonic()
        yield
        self._cells, self._learnt_in = cells, time.monotonic() - begun
        self._all_cells += cells
        self._learning += self._learnt_in

    @contextmanager
    def judging(self) -> Iterator[None]:
        """Around the judging of an epoch."""
        begun = time.monotonic()
        yield
        self._judged_in = time.monotonic() - begun
        self._judging += self._judged_in
        self._judged += 1

    def says_again(self) -> bool:
        """Whether it is time for another note beside the bar."""
        now = time.monotonic()
        if now - self._said < _EVERY:
            return False
        self._said = now
        return True

    def end(self, record: Mapping[str, Any]) -> EpochEnd:
        """The epoch of this record has ended; what comes is counted anew."""
        rate = self._cells / self._learnt_in if self._cells else 0.0
        seconds, ahead = self._learnt_in + self._judged_in, self.epochs - int(record["epoch"])
        ended = EpochEnd(record, self.epochs, self._cells, seconds, rate, ahead * self._an_epoch())
        self._cells, self._learnt_in, self._judged_in = 0, 0.0, 0.0
        return ended

    def _an_epoch(self) -> float:
        """Seconds that a whole epoch takes, as those behind did; 0 where nothing was learnt yet."""
        if not self._all_cells:
            return 0.0
        judging = self._judging / self._judged if self._judged else 0.0
        return self.cells_an_epoch * self._learning / self._all_cells + judging
