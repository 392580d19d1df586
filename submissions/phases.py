"""Phases: which cells are predicted, in which order, and under which name they travel."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from submissions.cells import submission_order

MEMBER = "isbi_valid.predict"
"""The one member of a CodaLab zip, as the challenge fixed it for every phase."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A set of cells to predict, in the order of the submission's lines.

    `partial` says that these are only some of the phase's cells (``--limit``, missing images), and
    `drawn` that they are synthetic: either word goes wherever the phase's results go.
    """

    name: str
    cells: tuple[str, ...]
    member: str = MEMBER
    partial: bool = False
    drawn: bool = False

    def __len__(self) -> int:
        return len(self.cells)

    @property
    def key(self) -> str:
        """SHA-256 of the cells in order: two phases that agree here ask for the same lines."""
        return hashlib.sha256("\n".join(self.cells).encode()).hexdigest()


def phase_of(name: str, cells: Iterable[str], *, partial: bool = False, drawn: bool = False) -> Phase:
    """A phase of these cells, put into submission order."""
    return Phase(name, tuple(sorted(cells, key=submission_order)), partial=partial, drawn=drawn)


PRELIM = phase_of("prelim", (f"{number}.bmp" for number in range(1, 1868)))
FINAL = phase_of("final", (f"{number}.bmp" for number in range(1, 2587)))
OFFICIAL = {phase.name: phase for phase in (PRELIM, FINAL)}
"""The two phases of the challenge: 1,867 and 2,586 cells, numbered without gaps."""
