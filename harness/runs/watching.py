"""`--watch PART`: cells by which every epoch is judged and none is chosen; what is learnt is the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.data.dataset import Dataset
from harness.data.records import CellRecord
from harness.data.splits import Split, to_predict
from harness.errors import DataWrong, UsageWrong
from harness.runs.learnt import Seen, learnt_cells, seen_by
from models.contract import Entry

NOTHING_LEFT = "nothing is watched: the run has learnt already; --fresh trains it again"


@dataclass(frozen=True, slots=True)
class WatchAsked:
    """What is to be watched, and whether cells that are learnt from may be; `select` says what chooses."""

    part: str
    select: str = "last"
    limit: int | None = None
    allow_seen: bool = False


@dataclass(frozen=True, slots=True)
class Watched:
    """The part that is watched, and its cells; `seen` are those that the training sees."""

    part: str
    cells: tuple[CellRecord, ...]
    seen: Seen = field(default_factory=Seen)

    @property
    def name(self) -> str:
        """What the record of an epoch calls it."""
        return f"{self.part} (seen in training)" if len(self.seen) else self.part

    def to_json(self) -> dict[str, Any]:
        """JSON-able facts for the plan and the manifest."""
        seen = {"seen": self.seen.to_json()} if len(self.seen) else {}
        return {"part": self.part, "cells": len(self.cells), **seen}

    def facts(self, events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The same with the epochs that were judged by it: not all, where a run began unwatched."""
        judged = [event["epoch"] for event in events if event.get("judged_on") == self.name]
        return {**self.to_json(), "epochs": judged}


def watched(asked: WatchAsked, dataset: Dataset, split: Split, entry: Entry) -> Watched:
    """Look up what is to be watched.

    Raises `UsageWrong` where nothing could be judged by it, and `DataWrong` where its labels are not known or
    the training sees its cells, their twins, or others of their subjects.
    """
    _require_sense(asked, entry)
    cells = to_predict(dataset, asked.part, limit=asked.limit).cells
    unknown = next((cell.name for cell in cells if cell.label is None), None)
    if unknown is not None:
        raise DataWrong(
            f"{asked.part} cannot be watched: the label of {unknown} is not known", "Watch another part."
        )
    found = Watched(asked.part, cells, seen_by(learnt_cells(split.train), cells))
    if len(found.seen) and not asked.allow_seen:
        raise _seen(found)
    return found


def _require_sense(asked: WatchAsked, entry: Entry) -> None:
    if not entry.watches:
        raise UsageWrong(
            f"{entry.card.name} has no epochs that could be judged: --watch {asked.part}",
            "Leave --watch out; an entry of your own that judges epochs without choosing says so by "
            "`watches = True`.",
        )
    if asked.select != "last":
        raise UsageWrong(
            f"--select {asked.select} judges every epoch already, so --watch {asked.part} cannot be had",
            "Leave one of the two out.",
        )


def _seen(found: Watched) -> DataWrong:
    seen = found.seen
    names = [*seen.cells, *seen.twins, *seen.of_subjects][:3]
    return DataWrong(
        f"the training sees {len(seen):,} of the {len(found.cells):,} cells of {found.part} that are to be "
        f"watched: {seen}, such as {', '.join(names)}",
        "Its curve would say nothing about new people. Watch a part that is not learnt from, or add "
        '--allow-seen: every record then says "seen in training".',
    )
