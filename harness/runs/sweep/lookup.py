"""Plans of many requests: the audited data, the entry and its split are looked up once for all seeds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from harness.data.dataset import Dataset, open_dataset
from harness.runs.folder import Status
from harness.runs.plan import Grounds, Plan, Request, draft, grounds_of, request_of_fit
from models.progress import Progress, silent

Key = TypeVar("Key")
Value = TypeVar("Value")


class Lookup:
    """What the requests of one sweep have in common, kept as long as the sweep lasts.

    Data and code that change meanwhile are those of its beginning: the next command looks again. Where
    others do the work (not `here`), their devices need not be there.
    """

    def __init__(self, progress: Progress = silent, *, here: bool = True) -> None:
        self._progress, self.here = progress, here
        self._datasets: dict[tuple[Path, bool], Dataset] = {}
        self._grounds: dict[str, Grounds] = {}

    def draft(self, request: Request) -> Plan:
        """The plan of a request, without a look at what is done of it; raises as `resolve` does."""
        grounds = self._grounds_of(request)
        learns = request_of_fit(request, grounds.entry)
        return draft(request, grounds, None if learns is None else self.draft(learns))

    def _grounds_of(self, request: Request) -> Grounds:
        alike = replace(request, seed=0, until=Status.PACKED)
        if not self.here:
            alike = replace(alike, device="cpu")
        dataset = self._dataset(request)
        return _kept(self._grounds, repr(alike), lambda: grounds_of(alike, self._progress, dataset))

    def _dataset(self, request: Request) -> Dataset:
        root, resaved = request.data_root, request.accept_resaved
        return _kept(
            self._datasets,
            (root, resaved),
            lambda: open_dataset(root, self._progress, accept_resaved=resaved),
        )


def _kept(there: dict[Key, Value], key: Key, make: Callable[[], Value]) -> Value:
    if key not in there:
        there[key] = make()
    return there[key]
