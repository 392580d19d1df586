"""What it costs to check what is read back: a file of crops by blocks, and a fitted network as a folder.

    OMP_NUM_THREADS=1 python benchmarks/verifying.py --cells 15000

Writes crops of random pixels into a temporary folder (4 GB for 15,000 cells), seals them, reads all of
them in batches as a prediction does, and predicts some with entries of random weights. Seconds are those
of the processor, so that another program beside it changes little. Prints one JSON document.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from harness.data.crops import SIDE, CropSource
from models import registry
from models.contract import Cells, Session
from submissions.sealing import BLOCK, require_folder, seal_blocks, seal_folder

BATCH = 64
FITTED_BYTES = 102_000_000
"""A fitted SE-ResNeXt50: 25.5 million parameters of four bytes."""


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    asked.add_argument("--cells", type=int, default=15_000)
    asked.add_argument("--predict", default="tiny=256,seresnext=4", help="entries and how many cells each")
    options = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        told = _crops(Path(folder), options.cells, options.predict) | _fitted(Path(folder) / "fitted")
    print(json.dumps(told, indent=2))


def _seconds(work: Callable[[], Any]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _crops(folder: Path, cells: int, predicted: str) -> dict[str, Any]:
    path = folder / "crops.npy"
    _write(path, cells)
    rows = {("train", f"{number}.bmp"): number for number in range(cells)}
    sealing = _seconds(lambda: seal_blocks(path, {"cells": cells}))
    source = CropSource(path, rows, {"cells": cells})
    first = _seconds(lambda: _read_all(source))
    again = _seconds(lambda: _read_all(source))
    a_cell = {
        entry: round(_seconds_a_cell(entry, int(count), source), 5)
        for entry, _, count in (one.partition("=") for one in predicted.split(","))
    }
    check = first - again
    return {
        "crop_file_bytes": path.stat().st_size,
        "digests_mb_per_second": _digests(),
        "checking_wall_seconds_by_threads": {threads: _checked(path, threads) for threads in (1, 2)},
        "sealing_seconds": round(sealing, 2),
        "reading_seconds": round(again, 2),
        "checking_seconds": round(check, 2),
        "checking_ms_a_cell": round(1000 * check / cells, 3),
        "predicting_seconds_a_cell": a_cell,
        "checking_share_of_predicting": {
            entry: round(check / cells / seconds, 5) for entry, seconds in a_cell.items()
        },
    }


def _write(path: Path, cells: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (BATCH, SIDE, SIDE, 3), dtype=np.uint8)
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(
            file, {"descr": "|u1", "fortran_order": False, "shape": (cells, SIDE, SIDE, 3)}
        )
        for start in range(0, cells, BATCH):
            file.write(pixels[: cells - start].data)


def _read_all(source: CropSource) -> None:
    for start in range(0, len(source), BATCH):
        source[np.arange(start, min(start + BATCH, len(source)))]


def _seconds_a_cell(name: str, count: int, source: CropSource) -> float:
    """Of a prediction by an entry that learnt one epoch from eight cells, with random weights."""
    entry, _ = registry.find(name)
    entry = entry.configured({"epochs": "1", "batch": "4"})
    session = Session(weights="none")
    learnt = _cells(source, 8, np.arange(8, dtype=np.uint8) % 2)
    fitted = entry.fit(learnt, session)
    fitted.predict(_cells(source, 2), session)
    return _seconds(lambda: fitted.predict(_cells(source, count), session)) / count


def _cells(source: CropSource, count: int, labels: Any = None) -> Cells:
    names = tuple(f"{number}.bmp" for number in range(count))
    return Cells(names, (None,) * count, source, labels, np.arange(count))


def _digests() -> dict[str, int]:
    content = np.random.default_rng(0).bytes(2**26)
    names = ("sha256", "sha1", "md5", "blake2b", "blake2s", "sha3_256")
    seconds = {name: _seconds(lambda name=name: hashlib.new(name, content)) for name in names}  # type: ignore[misc]
    return {name: round(len(content) / 1e6 / taken) for name, taken in seconds.items()}


def _checked(path: Path, threads: int) -> float:
    """Wall seconds to read and digest the whole file, block by block."""

    def one(start: int) -> str:
        with path.open("rb") as file:
            file.seek(start)
            return hashlib.sha256(file.read(BLOCK)).hexdigest()

    started = time.monotonic()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(one, range(0, path.stat().st_size, BLOCK)))
    return round(time.monotonic() - started, 2)


def _fitted(folder: Path) -> dict[str, Any]:
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(np.random.default_rng(0).bytes(FITTED_BYTES))
    seal_folder(folder, {"entry": "seresnext"})
    return {
        "fitted_bytes": FITTED_BYTES,
        "fitted_checking_seconds": round(_seconds(lambda: require_folder(folder)), 3),
    }


if __name__ == "__main__":
    main()
