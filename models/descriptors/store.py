"""Features that depend on a cell's pixels alone, computed once and kept by the content of its crop.

A store is a folder of finished `.npy` tables, each a set of (digest of the crop, features) rows with a
seal beside it. Tables are written aside and renamed, and never changed afterwards, so that several runs
may read and add to one store at the same time. A table that is not as it was written, or was made by
other code, is taken away and its cells are measured anew.

This is not the cache of decoded crops: that one belongs to a data set and its files, which `models` does not
know, and lies as one array that is mapped. Features belong to pixels: the same cell is found again in another
layout, split or data set, and each measurement is kept apart.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import inspect
import io
import logging
import os
import re
import tempfile
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from models.contract import Cells, Crops, FitInterrupted, Session
from submissions.sealing import Blocks, SealBroken, break_seal, seal_blocks
from submissions.writing import naming

Features = npt.NDArray[Any]
_DIGEST = 16
"""Bytes: 128 bits never meet by chance, and nothing secret hangs on them, so a key may be short."""
_TABLE_ROWS = 512
"""What an interruption can lose at most, with few files all the same: thirty for the whole data set."""
_TABLE_NAME = re.compile(rf"[0-9a-f]{{{2 * _DIGEST}}}\.npy")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Measurement:
    """A way from crops to features: name and `made_by` hold everything that the numbers depend on.

    `parallel` says that `compute` may run in other processes (it has to be importable there).
    """

    name: str
    width: int
    compute: Callable[[Crops], Features]
    dtype: str = "float64"
    batch: int = 32
    parallel: bool = False
    made_by: Mapping[str, str] = field(default_factory=dict)

    @property
    def row(self) -> np.dtype[np.void]:
        """One row of a kept table: the key of the crop, and its features."""
        return np.dtype([("key", f"S{2 * _DIGEST}"), ("features", self.dtype, (self.width,))])

    @property
    def facts(self) -> dict[str, Any]:
        """What kept features were made from."""
        return {"measurement": self.name, "dtype": self.dtype, "width": self.width, **self.made_by}


def made_by(modules: Iterable[ModuleType], packages: Iterable[str]) -> dict[str, str]:
    """The code of these modules, as one digest, and the versions of these packages."""
    code = hashlib.sha256("\0".join(map(inspect.getsource, modules)).encode()).hexdigest()
    return {"code": code, **{name: _version(name) for name in packages}}


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def digest(crop: npt.NDArray[np.uint8]) -> bytes:
    """The key of a crop: 16 bytes of BLAKE2b over its pixels."""
    return hashlib.blake2b(np.ascontiguousarray(crop).data, digest_size=_DIGEST).digest()


@dataclass(slots=True)
class FeatureStore:
    """The features of the wanted crops by one measurement; `folder` None keeps them in memory only."""

    folder: Path | None
    measurement: Measurement
    _rows: dict[bytes, Features] = field(default_factory=dict)

    @classmethod
    def open(cls, root: Path | None, measurement: Measurement, wanted: Collection[bytes]) -> FeatureStore:
        """The store of a measurement beneath `root`, with what earlier runs kept there of these crops."""
        folder = None if root is None else root / "features" / measurement.name
        store = cls(folder, measurement)
        store._read(set(wanted))
        return store

    def __contains__(self, key: bytes) -> bool:
        return key in self._rows

    def __getitem__(self, key: bytes) -> Features:
        return self._rows[key]

    def add(self, keys: list[bytes], features: Features) -> None:
        """Keep these features: as one more finished table, where the store has a folder."""
        table = np.empty(len(keys), dtype=self.measurement.row)
        table["key"] = [key.hex().encode() for key in keys]
        table["features"] = features
        self._rows.update(zip(keys, table["features"], strict=True))
        if self.folder is not None:
            _write(self.folder, table, self.measurement.facts)

    def _read(self, wanted: set[bytes]) -> None:
        broken = []
        for file in sorted(self.folder.glob("*.npy")) if self.folder is not None else ():
            if _TABLE_NAME.fullmatch(file.name):
                try:
                    self._take(_table(file, self.measurement), wanted)
                except SealBroken as error:
                    broken.append(error)
                    _remove(file)
        if broken:
            _log.warning("%d kept tables are measured anew: %s", len(broken), broken[0])

    def _take(self, table: npt.NDArray[np.void], wanted: set[bytes]) -> None:
        for at, text in enumerate(table["key"]):
            if (key := bytes.fromhex(text.decode())) in wanted:
                self._rows.setdefault(key, np.array(table["features"][at]))


def _table(file: Path, measurement: Measurement) -> npt.NDArray[np.void]:
    """A finished table, as it was written; raises `SealBroken` where it is not, or was made otherwise."""
    blocks = Blocks.open(file, measurement.facts)
    with blocks.opened([(0, blocks.size)]) as content:
        content.seek(0)
        table: npt.NDArray[np.void] = np.load(io.BytesIO(content.read()), allow_pickle=False)
    return table


def _remove(file: Path) -> None:
    with naming(file):
        break_seal(file)
        file.unlink(missing_ok=True)


def _write(folder: Path, table: npt.NDArray[np.void], made_from: Mapping[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{hashlib.blake2b(table['key'].tobytes(), digest_size=_DIGEST).hexdigest()}.npy"
    content = io.BytesIO()  # numpy's own writing to a full disk names neither the file nor the reason
    np.save(content, table, allow_pickle=False)
    descriptor, aside = tempfile.mkstemp(dir=folder, prefix=".", suffix=".part")
    try:
        with naming(path), os.fdopen(descriptor, "wb") as file:
            file.write(content.getbuffer())
        seal_blocks(path, made_from, content=Path(aside))
        Path(aside).replace(path)
    finally:
        Path(aside).unlink(missing_ok=True)


def features_of(cells: Cells, measurement: Measurement, session: Session) -> Features:
    """Features of all cells, shape (n, width): kept ones are read, missing ones computed and kept.

    They are kept in `session.cache`, or beside the checkpoints where there is no cache, so that an
    interrupted run loses no more than one batch.
    """
    keys = [digest(crop) for _, crops in cells.batches(64) for crop in crops]
    store = FeatureStore.open(session.cache or session.checkpoints, measurement, keys)
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


@contextmanager
def _started_safely() -> Iterator[None]:
    """Let Python processes that start meanwhile take no module from the working folder."""
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = before


def _in_processes(compute: Callable[[Crops], Features], batches: Iterable[Crops]) -> Iterator[Features]:
    from joblib import Parallel, delayed

    workers = Parallel(n_jobs=-1, return_as="generator", max_nbytes=None, pre_dispatch="2*n_jobs")
    with _started_safely():
        results = workers(delayed(compute)(crops) for crops in batches)
    try:
        for features in results:  # noqa: UP028  `yield from` would close them before what follows
            yield features
    finally:
        with warnings.catch_warnings(action="ignore", category=UserWarning):
            results.close()  # says that an interrupted run cancelled what the workers had begun
