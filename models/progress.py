"""How far a long piece of work has come: bars that move on, and epochs that end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol


class Advance(Protocol):
    """Moves a progress bar on by some steps; a note stands beside it until the next one."""

    def __call__(self, steps: int = 1, /, note: str = "") -> None: ...


class Progress(Protocol):
    """Shows how far a long piece of work has come."""

    def __call__(self, description: str, total: int, /) -> AbstractContextManager[Advance]: ...


@contextmanager
def silent(_description: str, _total: int, /) -> Iterator[Advance]:
    """Progress that nobody watches."""

    def advance(_steps: int = 1, /, note: str = "") -> None:
        return None

    yield advance


@dataclass(frozen=True, slots=True)
class EpochEnd:
    """An epoch that has ended: its record, as it goes to `Session.record`, and how quickly that went here.

    `epochs` are all that there will be, `cells` those that this process learnt from in this one, `seconds`
    what that took with its judging, `left` what the epochs ahead will take if they go as those behind.
    """

    record: Mapping[str, Any]
    epochs: int
    cells: int
    seconds: float
    cells_a_second: float
    left: float


def unwatched(_end: EpochEnd) -> None:
    """The end of an epoch that nobody watches."""
