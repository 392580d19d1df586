"""Decoded centre crops of all cells of a data set, in one large file.

The file is keyed by the SHA-256s it was made from, written aside, sealed, and renamed when whole; what a
killed build leaves is never mistaken for it and is cleared away by the next one. Each block of it is
checked when it is first used; what is not as it was written is made anew.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from harness import console
from harness.data.cache import cache_folder
from harness.data.layouts import how_to_get_data
from harness.data.parallel import in_parallel
from harness.data.records import CellRecord
from harness.errors import DataWrong
from models.contract import Cells, Crops, PixelSource
from models.progress import Progress, silent
from submissions.sealing import Blocks, SealBroken, break_seal, seal_blocks

SIDE = 300
"""Width and height of a crop: few published cells are larger (`harness.data.published.Box`)."""

CROP_VERSION = 1
"""Changes when the same image would give another crop."""

_BYTES = SIDE * SIDE * 3
_SPARE = 64 * 2**20


class CropSource:
    """Crops of the cells of a data set, row by row in the order of its records.

    ``source[rows]`` gives uint8 (n, 300, 300, 3); only the rows asked for are read, and what they are
    read from is checked first. A file that is not as it was written is made anew by `again`, or refused
    with `DataWrong` where there is none. `row_of` finds the row of a cell. The source travels to other
    processes as a path. Raises `SealBroken` where the file cannot be these crops.
    """

    def __init__(
        self,
        path: Path,
        rows: Mapping[tuple[str, str], int],
        made_from: Mapping[str, Any],
        again: Callable[[], None] | None = None,
    ) -> None:
        self.path = path
        self._rows = rows
        self._made_from = made_from
        self._again = again
        self._blocks = Blocks.open(path, made_from)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, rows: npt.NDArray[np.intp], /) -> Crops:
        chosen = np.arange(len(self))[rows]
        try:
            return self._read(chosen)
        except SealBroken as broken:
            self._mend(broken)
        return self._read(chosen)

    def _read(self, rows: npt.NDArray[np.intp]) -> Crops:
        crops = np.empty((len(rows), SIDE, SIDE, 3), dtype=np.uint8)
        starts = (self._blocks.size - (len(self) - rows) * _BYTES).tolist()
        with self._blocks.opened((start, start + _BYTES) for start in starts) as file:
            for crop, start in zip(crops, starts, strict=True):
                file.seek(start)
                if file.readinto(crop.data.cast("B")) != _BYTES:
                    raise SealBroken(self.path, "was cut while it was read")
        return crops

    def _mend(self, broken: SealBroken) -> None:
        break_seal(self.path)
        if self._again is None:
            raise DataWrong(str(broken), "The same command again makes it anew.") from broken
        console.say(f"{broken}: made anew")
        self._again()
        self._blocks = Blocks.open(self.path, self._made_from)

    def row_of(self, cell: CellRecord) -> int:
        return self._rows[cell.part, cell.name]

    def __reduce__(self) -> tuple[Any, ...]:
        return CropSource, (self.path, self._rows, self._made_from)


def open_crops(
    records: Sequence[CellRecord],
    folder: Path | None = None,
    progress: Progress = silent,
    jobs: int | None = None,
) -> CropSource:
    """The crops of these cells, built first when they are not there yet, or not as they were written.

    Give all records of a data set: one file then serves every split. `folder` is the user's cache
    folder when None. Raises `DataWrong` when the disk has no room, or an image changed since it was
    audited.
    """
    if not records:
        raise DataWrong("there is no intact image to decode", how_to_get_data())
    made_from = _made_from(records)
    path = (folder or cache_folder()) / f"crops-{made_from['cells'][:32]}.npy"
    build = partial(_build, records, path, made_from, progress, jobs)
    rows = {(cell.part, cell.name): row for row, cell in enumerate(records)}
    try:
        return CropSource(path, rows, made_from, build)
    except SealBroken as broken:
        if path.exists():
            console.say(f"{broken}: the crops are made anew")
    build()
    return CropSource(path, rows, made_from, build)


def cells_of(records: Sequence[CellRecord], source: CropSource, *, labelled: bool) -> Cells:
    """These records as an entry sees them: with labels to learn from, or without any to predict."""
    labels = None
    if labelled:
        unknown = next((cell.name for cell in records if cell.label is None), None)
        if unknown is not None:
            raise DataWrong(f"the label of {unknown} is not known", "Only labelled cells can be learnt from.")
        labels = np.array([cell.label for cell in records], dtype=np.uint8)
    pixels: PixelSource = source
    return Cells(
        names=tuple(cell.name for cell in records),
        subjects=tuple(cell.subject for cell in records),
        pixels=pixels,
        labels=labels,
        rows=np.array([source.row_of(cell) for cell in records], dtype=np.intp),
    )


def centre_crop(image: Image.Image) -> Crops:
    """The middle 300x300 pixels as RGB; a smaller image is padded with background."""
    left, top = (image.width - SIDE) // 2, (image.height - SIDE) // 2
    return np.asarray(image.convert("RGB").crop((left, top, left + SIDE, top + SIDE)))


def _made_from(records: Sequence[CellRecord]) -> dict[str, Any]:
    """What the crops depend on, in order: one digest over all cells names the file."""
    cells = hashlib.sha256(f"crops {CROP_VERSION} {SIDE}\n".encode())
    for cell in records:
        cells.update(f"{cell.sha256}\n".encode())
    return {"crops": CROP_VERSION, "side": SIDE, "rows": len(records), "cells": cells.hexdigest()}


def _build(
    records: Sequence[CellRecord],
    path: Path,
    made_from: Mapping[str, Any],
    progress: Progress,
    jobs: int | None,
) -> None:
    needed = len(records) * _BYTES
    _require_room(path, needed)
    words = f"decoding images ({needed / 1e9:.1f} GB on disk)"
    header = {"descr": "|u1", "fortran_order": False, "shape": (len(records), SIDE, SIDE, 3)}
    with _written_aside(path, made_from) as file, progress(words, len(records)) as advance:
        np.lib.format.write_array_header_1_0(file, header)
        for crop in in_parallel(decoded, records, jobs):
            file.write(crop.data)
            advance()


def decoded(cell: CellRecord) -> Crops:
    """The crop of one image, which must still be the one that was audited."""
    try:
        content = cell.path.read_bytes()
    except OSError as error:
        raise DataWrong(f"{cell.path} cannot be read: {error.strerror or error}", _AGAIN) from error
    if hashlib.sha256(content).hexdigest() != (cell.file_sha256 or cell.sha256):
        raise DataWrong(f"{cell.path} changed since it was audited", _AGAIN)
    with Image.open(io.BytesIO(content)) as image:
        return np.ascontiguousarray(centre_crop(image))


_AGAIN = "Audit the data set again: harness data audit ROOT --rehash."


def _require_room(path: Path, needed: int) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(path.parent).free
    except OSError as error:
        raise DataWrong(f"the cache folder {path.parent} cannot be used: {error}", _ELSEWHERE) from error
    if free < needed + _SPARE:
        raise DataWrong(
            f"decoded crops need {needed / 1e9:.1f} GB in {path.parent}, {free / 1e9:.1f} GB are free",
            _ELSEWHERE,
        )


_ELSEWHERE = "Make room there, or set HARNESS_CACHE to a folder on another disk."


@contextmanager
def _written_aside(path: Path, made_from: Mapping[str, Any]) -> Iterator[IO[bytes]]:
    """A file that takes its name only when it is whole, on the disk, and sealed."""
    host = socket.gethostname()
    _clear_left_over(path, host)
    aside = path.with_name(f"{path.name}.{host}.{os.getpid()}.part")
    try:
        with aside.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        seal_blocks(path, made_from, content=aside)
        aside.replace(path)
    except OSError as error:
        raise DataWrong(f"{path} cannot be written: {error.strerror or error}", _ELSEWHERE) from error
    finally:
        aside.unlink(missing_ok=True)


def _clear_left_over(path: Path, host: str) -> None:
    """Remove what builds of this machine left that no longer run."""
    for left in path.parent.glob(f"crops-*.{host}.*.part"):
        number = left.name.split(".")[-2]
        if number.isdigit() and not _runs(int(number)):
            with suppress(OSError):
                left.unlink()


def _runs(process: int) -> bool:
    """Whether a process of this number is alive; taken to be where the system cannot say safely."""
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
