"""Features that depend on a cell's pixels alone, computed once and kept by the content of its crop.

A store is a folder of finished `.npy` tables, each a set of (digest of the crop, features) rows.
Tables are written aside and renamed, and never changed afterwards, so that several runs may read and
add to one store at the same time; reading maps the files instead of loading them.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.contract import Cells, Crops, FitInterrupted, Session

Features = npt.NDArray[Any]
_DIGEST = 16
_TABLE_ROWS = 512


@dataclass(frozen=True, slots=True)
class Measurement:
    """A way from crops to features: its name holds everything that the numbers depend on.

    `parallel` says that `compute` may run in other processes (it has to be importable there).
    """

    name: str
    width: int
    compute: Callable[[Crops], Features]
    dtype: str = "float64"
    batch: int = 32
    parallel: bool = False


def digest(crop: npt.NDArray[np.uint8]) -> bytes:
    """The key of a crop: 16 bytes of BLAKE2b over its pixels."""
    return hashlib.blake2b(np.ascontiguousarray(crop).data, digest_size=_DIGEST).digest()


@dataclass(slots=True)
class FeatureStore:
    """The kept features of one measurement; `folder` None keeps them in memory only."""

    folder: Path | None
    row: np.dtype[np.void]
    _tables: list[npt.NDArray[np.void]] = field(default_factory=list)
    _places: dict[bytes, tuple[int, int]] = field(default_factory=dict)

    @classmethod
    def open(cls, root: Path | None, measurement: Measurement) -> FeatureStore:
        """The store of a measurement beneath `root`, with all that earlier runs kept there."""
        row = np.dtype([("key", f"S{2 * _DIGEST}"), ("features", measurement.dtype, (measurement.width,))])
        folder = None if root is None else root / "features" / measurement.name
        store = cls(folder, row)
        for file in sorted(folder.glob("*.npy")) if folder is not None else ():
            store._map(file)
        return store

    def __contains__(self, key: bytes) -> bool:
        return key in self._places

    def __getitem__(self, key: bytes) -> Features:
        table, at = self._places[key]
        found: Features = self._tables[table]["features"][at]
        return found

    def add(self, keys: list[bytes], features: Features) -> None:
        """Keep these features: as one more finished table, where the store has a folder."""
        table = np.empty(len(keys), dtype=self.row)
        table["key"] = [key.hex().encode() for key in keys]
        table["features"] = features
        if self.folder is not None:
            _write(self.folder, table)
        self._take(table)

    def _map(self, file: Path) -> None:
        """Map a finished table; one of another shape (a stray file) is passed over."""
        try:
            table = np.load(file, mmap_mode="r", allow_pickle=False)
        except (ValueError, OSError):
            return
        if table.dtype == self.row:
            self._take(table)

    def _take(self, table: npt.NDArray[np.void]) -> None:
        number = len(self._tables)
        self._tables.append(table)
        for at, key in enumerate(table["key"]):
            self._places.setdefault(bytes.fromhex(key.decode()), (number, at))


def _write(folder: Path, table: npt.NDArray[np.void]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    name = hashlib.blake2b(table["key"].tobytes(), digest_size=_DIGEST).hexdigest()
    descriptor, aside = tempfile.mkstemp(dir=folder, prefix=".", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            np.save(file, table, allow_pickle=False)
        Path(aside).replace(folder / f"{name}.npy")
    finally:
        Path(aside).unlink(missing_ok=True)


def features_of(cells: Cells, measurement: Measurement, session: Session) -> Features:
    """Features of all cells, shape (n, width): kept ones are read, missing ones computed and kept.

    They are kept in `session.cache`, or beside the checkpoints where there is no cache, so that an
    interrupted run loses no more than one batch.
    """
    store = FeatureStore.open(session.cache or session.checkpoints, measurement)
    keys = [digest(crop) for _, crops in cells.batches(64) for crop in crops]
    first = {key: at for at, key in reversed(list(enumerate(keys))) if key not in store}
    missing = np.array(sorted(first.values()), dtype=np.intp)
    if missing.size:
        _compute(cells.take(missing), [keys[at] for at in missing], measurement, store, session)
    rows = [store[key] for key in keys]
    return np.array(rows, dtype=measurement.dtype).reshape(len(cells), measurement.width)


def _compute(
    cells: Cells, keys: list[bytes], measurement: Measurement, store: FeatureStore, session: Session
) -> None:
    """Compute and keep the features of cells, a table at a time, asking in between whether to stop."""
    pending: list[Features] = []
    kept = 0
    try:
        with session.progress(f"measuring {measurement.name}", len(cells)) as advance:
            for features in _computed(cells, measurement):
                pending.append(features)
                advance(len(features))
                if sum(map(len, pending)) >= _TABLE_ROWS:
                    kept = _keep(store, keys, kept, pending)
                if session.stopping():
                    raise FitInterrupted
    finally:
        _keep(store, keys, kept, pending)


def _keep(store: FeatureStore, keys: list[bytes], start: int, pending: list[Features]) -> int:
    if not pending:
        return start
    rows = np.concatenate(pending)
    pending.clear()
    store.add(keys[start : start + len(rows)], rows)
    return start + len(rows)


_WORTH_PROCESSES = 256
"""Fewer cells than this are measured sooner than worker processes start."""


def _computed(cells: Cells, measurement: Measurement) -> Iterator[Features]:
    """Features batch by batch, in order; on all cores where there is enough to do."""
    batches = (crops for _, crops in cells.batches(measurement.batch))
    if not measurement.parallel or len(cells) < _WORTH_PROCESSES:
        return map(measurement.compute, batches)
    return _in_processes(measurement.compute, batches)


def _in_processes(compute: Callable[[Crops], Features], batches: Iterable[Crops]) -> Iterator[Features]:
    from joblib import Parallel, delayed

    workers = Parallel(n_jobs=-1, return_as="generator", max_nbytes=None, pre_dispatch="2*n_jobs")
    results = workers(delayed(compute)(crops) for crops in batches)
    try:
        for features in results:  # noqa: UP028  `yield from` would close them before what follows
            yield features
    finally:
        with warnings.catch_warnings(action="ignore", category=UserWarning):
            results.close()  # says that an interrupted run cancelled what the workers had begun
