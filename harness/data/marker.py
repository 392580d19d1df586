"""The marker of a drawn data set: it says that the cells are synthetic and what was drawn."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.data.layouts import MARKER
from harness.errors import DataWrong
from submissions.sealing import SealBroken, sealed, unsealed
from submissions.writing import write_whole

MARKER_VERSION = 1


@dataclass(frozen=True, slots=True)
class Marker:
    """What was drawn: `files` gives the SHA-256 of every image by part and name.

    `recipe` is the version of the drawing: another one draws other pixels from the same seed.
    """

    scale: float
    seed: int
    recipe: int
    label_sha256: str
    files: Mapping[str, Mapping[str, str]]
    version: int = MARKER_VERSION

    @property
    def words(self) -> str:
        """How a drawn set is called wherever it is used."""
        return f"drawn data (scale {self.scale:g}, seed {self.seed}, recipe {self.recipe})"

    def write(self, folder: Path) -> None:
        note = "DRAWN DATA: synthetic cells for trying the program; no person's cells, no evidence."
        write_whole(folder / MARKER, sealed({"note": note, **asdict(self)}))


def read_marker(path: Path) -> Marker:
    """The marker in this file; raises `DataWrong` when it is damaged."""
    try:
        document = _document(path)
        if document["version"] != MARKER_VERSION:
            raise ValueError(f"expected marker version {MARKER_VERSION}, found {document['version']}")
        return Marker(
            scale=float(document["scale"]),
            seed=int(document["seed"]),
            recipe=int(document["recipe"]),
            label_sha256=str(document["label_sha256"]),
            files={part: dict(document["files"].get(part, {})) for part in ("train", "prelim", "final")},
        )
    except (SealBroken, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataWrong(
            f"the marker {path} of a drawn data set is damaged: {error}",
            "Draw the data set again: harness data draw FOLDER.",
        ) from error


def _document(path: Path) -> dict[str, Any]:
    """What the marker holds; one of the first version carries no seal."""
    document = json.loads(path.read_bytes())
    first = isinstance(document, dict) and "content" not in document
    return dict(document) if first else unsealed(path)
