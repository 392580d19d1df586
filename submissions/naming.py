"""Names of cells as people write them: behind a path, without their ending, in any case, by an older name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from submissions.cells import is_training_name
from submissions.phases import OFFICIAL, PRELIM, Phase, phase_of

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
    """The cells of a phase, found by any spelling that means exactly one of them.

    `alike` are the names whose spellings two cells share: they are found by the letter.
    """

    names: Sequence[str]
    spelled: Mapping[str, int]
    alike: Mapping[str, int]
    original: Mapping[str, int]

    def find(self, name: str) -> int:
        """The place of the cell in its phase; -1 where the name is none of them, or means two."""
        key = plain(name)
        at = self.spelled.get(key)
        if at is not None:
            return at if at >= 0 else self.alike.get(name, self.alike.get(last_part(name), -1))
        is_original = bool(self.original) and key.startswith("uid_")
        return self.original.get(original_digest(name), -1) if is_original else -1


MOST_KEPT = 20_000
"""Cells of a phase whose spellings are kept for the next table; those of a million take 150 MB."""


def cells_of(phase: Phase) -> Cells:
    """The cells of this phase by all their spellings."""
    return _kept(phase) if len(phase) <= MOST_KEPT else _spelled(phase)


def _spelled(phase: Phase) -> Cells:
    spelled: dict[str, int] = {}
    alike: dict[str, int] = {}
    for at, cell in enumerate(phase.cells):
        other = spelled.setdefault(plain(cell), at)
        if other != at:
            spelled[plain(cell)] = -1
            alike |= {phase.cells[other]: other} if other >= 0 else {}
            alike[cell] = at
    original = _originals() if phase.cells == PRELIM.cells else {}
    return Cells(phase.cells, spelled, alike, original)


_kept = lru_cache(maxsize=8)(_spelled)


def listed_phase(name: str, rows: Iterable[str]) -> Phase:
    """The phase of the cells that a table lists.

    The cells of an official phase in any spelling are that phase whatever the order of the rows, and a
    fold, whose cells bear training names, keeps the order in which its submissions are written. Any other
    phase is one's own: its cells are called as they are written, and its lines follow the rows of its table.
    """
    cells = tuple(dict.fromkeys(rows))
    official = next((phase for phase in OFFICIAL.values() if _are_all(cells, phase)), None)
    if official is not None:
        return official
    bare = tuple(map(last_part, cells))
    return phase_of(name, dict.fromkeys(bare)) if all(map(is_training_name, bare)) else Phase(name, cells)


def _are_all(names: Sequence[str], phase: Phase) -> bool:
    """Whether these names mean every cell of the phase once."""
    return len(names) == len(phase) and set(map(cells_of(phase).find, names)) == set(range(len(phase)))


@cache
def _originals() -> dict[str, int]:
    lines = files("submissions").joinpath(ORIGINALS).read_text(encoding="ascii").split()
    return {digest: at for at, digest in enumerate(lines)}
