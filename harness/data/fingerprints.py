"""Read every image once: its SHA-256 and its pixels, remembered as long as the file does not change."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from harness.data.cache import HashCache, Hashed, PixelMemory
from harness.data.layouts import FoundCell, FoundFiles
from harness.data.parallel import in_parallel
from harness.data.pixels import shown_by
from models.progress import Progress


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """What was read of every image, by its place below the root, and what the caches had to say.

    `pixels` are those of files that some audit has seen as they were published, by SHA-256.
    """

    of: Mapping[str, Hashed]
    pixels: Mapping[str, str]
    remarks: tuple[str, ...]


def fingerprints(
    found: FoundFiles,
    expected: Set[str],
    progress: Progress,
    jobs: int | None,
    cache: Path | None,
    *,
    rehash: bool,
) -> Fingerprints:
    """Read the images that are new or changed; `expected` are the SHA-256s of intact ones.

    An interrupted audit keeps what it has read so far.
    """
    hashes, memory = HashCache(found.root, cache), PixelMemory(cache)
    remembered, lost = ({}, "") if rehash else hashes.read()
    kept = {
        cell.place: one
        for cell in found.cells
        if (one := remembered.get(cell.place)) is not None and _holds(one, cell, expected)
    }
    new = [cell for cell in found.cells if cell.place not in kept]
    unkept = ""
    try:
        _read(new, expected, kept, progress, jobs)
    finally:
        if new or len(kept) != len(remembered):
            unkept = hashes.write({place: one for place, one in kept.items() if one.sha256})
    pixels, forgotten = memory.read()
    seen = {one.sha256: one.pixels for one in kept.values() if one.pixels and one.sha256 in expected}
    remarks = dict.fromkeys((lost, forgotten, unkept or memory.add(seen)))
    return Fingerprints(kept, pixels | seen, tuple(filter(None, remarks)))


def _holds(one: Hashed, cell: FoundCell, expected: Set[str]) -> bool:
    """Whether what is remembered is of this very file, and all that is needed now."""
    return one.state == cell.state and (one.sha256 in expected or bool(one.forms) or not one.pixels)


def _read(
    new: Iterable[FoundCell],
    expected: Set[str],
    kept: dict[str, Hashed],
    progress: Progress,
    jobs: int | None,
) -> None:
    cells = list(new)
    work: Callable[[FoundCell], Hashed] = partial(_fingerprint, expected=expected)
    with progress("reading images", len(cells)) as advance:
        for cell, one in zip(cells, in_parallel(work, cells, jobs), strict=True):
            kept[cell.place] = one
            advance()


def _fingerprint(cell: FoundCell, expected: Set[str]) -> Hashed:
    """What one file holds; an empty SHA-256 where it cannot be read."""
    try:
        content = cell.path.read_bytes()
    except OSError:
        return Hashed(cell.state, "")
    sha256 = hashlib.sha256(content).hexdigest()
    shown = shown_by(content, with_forms=sha256 not in expected)
    return Hashed(cell.state, sha256, shown.pixels, shown.forms)
