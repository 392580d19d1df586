"""A long prediction, saved chunk by chunk: what was predicted before a stop is not predicted again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness import console
from harness.runs.folder import RunFolder
from models.contract import Cells, Fitted, Scores, Session
from submissions.sealing import SealBroken, sealed, unsealed
from submissions.writing import write_whole

CHUNK = 128
"""Cells predicted between two saves."""


@dataclass(frozen=True, slots=True, eq=False)
class ScoredCells:
    """Scores of all cells, and what a manifest says of how they were computed: engines, and why these."""

    scores: Scores
    computed: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Chunks:
    """The saved chunks of one run's prediction; `made_from` (JSON-able) is what their scores depend on."""

    folder: RunFolder
    made_from: Mapping[str, Any]

    def scores(self, fitted: Fitted, cells: Cells, session: Session, *, whole: bool) -> ScoredCells:
        """Scores of all cells, in order.

        An entry that looks at all cells at once (`whole`) is never given a part of them.
        """
        if whole or len(cells) <= CHUNK:
            return scored_at_once(fitted, cells, session, whole=whole)
        parts: list[Scores] = []
        engines: set[str] = set()
        for start in range(0, len(cells), CHUNK):
            kept = self._saved(start)
            if kept is None:
                chosen = np.arange(start, min(start + CHUNK, len(cells)))
                scores = fitted.predict(cells.take(chosen), session)
                kept = {"scores": scores.tolist(), "engine": _engine(fitted)}
                write_whole(self._file(start), sealed(self._told(start) | kept))
            parts.append(np.array(kept["scores"], dtype=np.float64))
            engines.add(kept.get("engine", ""))  # chunks of before 0.1.1 do not say
        return ScoredCells(np.concatenate(parts), _computed(fitted, engines))

    def _saved(self, start: int) -> Mapping[str, Any] | None:
        """The scores of a chunk as they were saved, with their engine; None where they are to be made."""
        file = self._file(start)
        if not file.exists():
            return None
        try:
            kept = unsealed(file)
        except SealBroken as broken:
            console.say(f"{broken}: its cells are predicted anew")
            return None
        if kept.get("made_from") != self._told(start)["made_from"]:
            console.say(f"{file} belongs to another run: its cells are predicted anew")
            return None
        return kept

    def _told(self, start: int) -> dict[str, Any]:
        return {"made_from": {"key": self.folder.key, "start": start, **self.made_from}}

    def _file(self, start: int) -> Path:
        return self.folder.checkpoints / f"scores-{start}.json"


def scored_at_once(fitted: Fitted, cells: Cells, session: Session, /, *, whole: bool) -> ScoredCells:
    """Scores of all cells in one go, with nothing saved on the way."""
    scores = fitted.predict(cells, session)
    return ScoredCells(scores, _computed(fitted, {_engine(fitted)}))


def _engine(fitted: Fitted) -> str:
    """What has computed the last scores; empty where an entry has no engines."""
    return str(fitted.facts().get("predicted_with", {}).get("name", ""))


def _computed(fitted: Fitted, engines: Collection[str]) -> dict[str, Any]:
    named = sorted(filter(None, engines))
    return {**fitted.facts().get("predicted_with", {}), "engines": named} if named else {}
