"""`split`: which cells are learnt from and which are predicted, with who was left out and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import console
from harness.data.dataset import open_dataset
from harness.data.records import CellRecord
from harness.data.splits import Split, make_split

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("side", "cell", "label", "subject", "part", "fold", "path", "sha256")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CellSplit:
    """A split of the data set: cells to learn from, to choose by, and to predict, as tables."""

    split: Split

    @property
    def name(self) -> str:
        return self.split.name

    @property
    def train(self) -> pd.DataFrame:
        """The cells to learn from: `cell`, `label`, `subject`, `part`, `fold`, `path`, `sha256`."""
        return _frame("train", self.split.train).drop(columns="side")

    @property
    def test(self) -> pd.DataFrame:
        """The cells to predict, in the order of a submission's lines."""
        return _frame("test", self.split.test).drop(columns="side")

    @property
    def validation(self) -> pd.DataFrame:
        """The cells that were held out for the choice of epoch; none without `holdout`."""
        return _frame("validation", self.split.validation).drop(columns="side")

    @property
    def dropped(self) -> tuple[str, ...]:
        """Who was taken out of training, and why."""
        return tuple(map(str, self.split.dropped))

    def to_frame(self) -> pd.DataFrame:
        """All cells, one row each, with their `side`."""
        import pandas as pd

        sides = (
            ("train", self.split.train),
            ("validation", self.split.validation),
            ("test", self.split.test),
        )
        return pd.concat([_frame(side, cells) for side, cells in sides if cells], ignore_index=True)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able facts: counts by class, subjects, who was left out, what is partial or drawn."""
        marks = {"partial": self.split.partial, "drawn": self.split.drawn}
        return {"split": self.name, "test_cells": len(self.split.test), **self.split.described(), **marks}

    def __repr__(self) -> str:
        marks = [
            word for word, holds in (("partial", self.split.partial), ("drawn", self.split.drawn)) if holds
        ]
        sides = f"{len(self.split.train):,} cells to learn from, {len(self.split.test):,} to predict"
        counted = f"split {self.name}: {sides}"
        return f"{counted} ({', '.join(marks)})" if marks else counted

    def _repr_html_(self) -> str:
        from harness.python import showing

        return showing.heading(repr(self)) + showing.notes(self.dropped) + showing.table(self.to_frame())


def split(
    root: str | Path,
    name: str,
    *,
    holdout: str | None = None,
    shared_cells: str = "drop-subjects",
    limit: int | None = None,
    accept_resaved: bool = False,
) -> CellSplit:
    """The split `name` (prelim, final, fold0, fold1, fold2) of the data set below `root`.

    `holdout` is a part that is not learnt from but kept to choose by. Subjects that share cells with the side
    that is tested are left out of training, unless `shared_cells` says otherwise (drop-cells, keep). Raises
    `DataWrong` where the data is not there, `UsageWrong` for a name that does not exist.
    """
    dataset = open_dataset(Path(root), console.progress, accept_resaved=accept_resaved)
    return CellSplit(make_split(dataset, name, shared_cells=shared_cells, limit=limit, holdout=holdout))


def _frame(side: str, cells: Sequence[CellRecord]) -> pd.DataFrame:
    import pandas as pd

    labels = [None if one.label is None else int(one.label) for one in cells]
    rows = [
        (side, one.name, label, one.subject, one.part, one.fold, str(one.path), one.sha256)
        for one, label in zip(cells, labels, strict=True)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"label": "Int64"})
