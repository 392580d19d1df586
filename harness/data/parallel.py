"""Work on many files at once, with results in order and few of them waiting in memory."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

_WAITING_PER_THREAD = 8


def cores() -> int:
    """The processor cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows do not say
        return os.cpu_count() or 1


def in_parallel(
    work: Callable[[Item], Outcome], items: Iterable[Item], jobs: int | None = None
) -> Iterator[Outcome]:
    """`work` on every item by `jobs` threads (all cores when None); outcomes come in the order of items.

    Threads are enough: reading, hashing, decoding and array work let go of the interpreter. When the
    caller stops early, what has not begun is not begun.
    """
    jobs = jobs or cores()
    waiting: deque[Future[Outcome]] = deque()
    with ThreadPoolExecutor(jobs) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) >= jobs * _WAITING_PER_THREAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
