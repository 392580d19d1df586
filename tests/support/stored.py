"""What `tests/data` holds packed, unpacked once for all processes of all runs."""

from __future__ import annotations

import csv
import hashlib
import io
import lzma
import shutil
import tarfile
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

DATA = Path(__file__).resolve().parents[1] / "data"
_KEPT = DATA.parents[1] / ".pytest_cache" / "stored"
_PACKED = (".xz", ".png", "images.csv")


@cache
def unpacked() -> Path:
    """The folder with all that was packed; its name follows the content, so that no other is ever read."""
    folder = _KEPT / _digest()
    if not folder.exists():
        _KEPT.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=_KEPT))
        _unpack(made)
        _named(made, folder)
    return folder


def _digest() -> str:
    found = hashlib.sha256(Path(__file__).read_bytes())
    for path in sorted(path for path in DATA.rglob("*") if path.name.endswith(_PACKED)):
        found.update(path.relative_to(DATA).as_posix().encode() + path.read_bytes())
    return found.hexdigest()[:16]


def _named(made: Path, folder: Path) -> None:
    """Of two processes that unpack at once, the first gives its folder the name."""
    try:
        made.rename(folder)
    except OSError:
        if not folder.exists():
            raise
        shutil.rmtree(made)


def _unpack(target: Path) -> None:
    for path in sorted(DATA.rglob("*.xz")):
        content = lzma.decompress(path.read_bytes())
        place = target / path.relative_to(DATA).parent
        place.mkdir(parents=True, exist_ok=True)
        if path.stem.endswith(".tar"):
            with tarfile.open(fileobj=io.BytesIO(content)) as archive:
                archive.extractall(place, filter="data")
        else:
            (place / path.stem).write_bytes(content)
    _restore_images(target)
    shutil.copyfile(DATA / "cnmc" / "ATTRIBUTION.md", target / "cnmc" / "ATTRIBUTION.md")


def _restore_images(target: Path) -> None:
    """Every image is its published file again: the header that stands in the table, and the PNG's pixels."""
    with (DATA / "cnmc" / "images.csv").open(newline="") as table:
        for row in csv.DictReader(table):
            file = target / "cnmc" / row["path"]
            file.parent.mkdir(parents=True, exist_ok=True)
            content = bytes.fromhex(row["header"]) + pixel_rows(DATA / "cnmc" / f"{file.stem}.png")
            assert hashlib.sha256(content).hexdigest() == row["sha256"], row["path"]
            file.write_bytes(content)


def pixel_rows(image: Path) -> bytes:
    """The pixels as a BMP holds them: from the bottom up, blue first, every row a multiple of four bytes."""
    with Image.open(image) as opened:
        pixels = np.asarray(opened)[::-1, :, ::-1]
    height, width, _ = pixels.shape
    rows = np.zeros((height, -(-width * 3 // 4) * 4), dtype=np.uint8)
    rows[:, : width * 3] = pixels.reshape(height, -1)
    return rows.tobytes()
