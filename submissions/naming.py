"""Names of cells as people write them: behind a path, without their ending, in any case, by an older name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from submissions.phases import PRELIM, Phase

ORIGINALS = "prelim_names.txt"
"""Line k holds the digest of the original name of the preliminary cell ``k.bmp``: the names themselves
end in the class, and what knows no truth must not learn it from this package."""
_DIGITS = 16


def last_part(name: str) -> str:
    """``17.bmp`` of ``C:\\cells\\17.bmp``."""
    return name.replace("\\", "/").rstrip("/").rpartition("/")[2]


def plain(name: str) -> str:
    """A name without its path, its ending ``.bmp`` and its case: what two spellings of a cell share."""
    return last_part(name).lower().removesuffix(".bmp")


def original_digest(name: str) -> str:
    """What stands in the list for an original name."""
    return hashlib.sha256(plain(name).encode()).hexdigest()[:_DIGITS]


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of a phase, found by any spelling that means exactly one of them."""

    exact: Mapping[str, int]
    spelled: Mapping[str, int]
    original: Mapping[str, int]

    def find(self, name: str) -> int:
        """The place of the cell in its phase; -1 where the name is none of them, or means two."""
        if (at := self.exact.get(name, -1)) >= 0:
            return at
        if (at := self.spelled.get(plain(name), -1)) >= 0:
            return at
        is_original = bool(self.original) and plain(name).startswith("uid_")
        return self.original.get(original_digest(name), -1) if is_original else -1


@lru_cache(maxsize=8)
def cells_of(phase: Phase) -> Cells:
    """The cells of this phase by all their spellings."""
    exact = {cell: at for at, cell in enumerate(phase.cells)}
    original = _originals() if phase.cells == PRELIM.cells else {}
    return Cells(exact, _unambiguous(phase.cells), original)


def _unambiguous(cells: Iterable[str]) -> dict[str, int]:
    """Where each plain name stands; -1 for one that two cells share."""
    found: dict[str, int] = {}
    for at, cell in enumerate(cells):
        key = plain(cell)
        found[key] = -1 if key in found else at
    return found


@cache
def _originals() -> dict[str, int]:
    lines = files("submissions").joinpath(ORIGINALS).read_text(encoding="ascii").split()
    return {digest: at for at, digest in enumerate(lines)}
