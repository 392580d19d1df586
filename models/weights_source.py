"""What stands after ``--weights``: ``hub``, ``none``, a folder, or a file and perhaps a part of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

NOT_FILES = ("hub", "none")
"""The sources that name no file."""


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """A file of weights and the part of it that is meant, as in ``FILE#state_dict``; "" leaves it open."""

    path: Path
    part: str = ""


def weights_file(source: str) -> WeightsFile:
    """The file and part that a source names; where a file has that very name, the ``#`` belongs to it."""
    name, mark, part = source.rpartition("#")
    if not mark or Path(source).exists():
        return WeightsFile(Path(source))
    return WeightsFile(Path(name), part)
