"""Always ALL: what the metrics say about knowing nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from models.contract import Cells, Entry, EntryCard, Fitted, Scores, Session, reading_back
from submissions.writing import write_whole

_FILE = "majority.txt"


class AlwaysTheSame(Fitted):
    """Gives every cell the same score, the share of ALL among the cells it was fitted to."""

    def __init__(self, share: float) -> None:
        self.share = share

    def predict(self, cells: Cells, session: Session) -> Scores:
        return np.full(len(cells), self.share)

    def save(self, folder: Path) -> None:
        write_whole(folder / _FILE, repr(self.share))


class Majority(Entry):
    """Calls every cell by the class that most training cells have."""

    card = EntryCard(
        name="majority",
        summary="calls every cell by the more frequent class of the training cells",
        paper="none: the floor that every entry has to leave behind",
        reported="weighted F1 0.5158 on the preliminary set when every cell is called ALL",
    )

    def fit(self, cells: Cells, session: Session) -> Fitted:
        return AlwaysTheSame(float(cells.require_labels().mean()))

    def load(self, folder: Path) -> Fitted:
        with reading_back(folder, self.card.name):
            share = float((folder / _FILE).read_text())
            if not 0 <= share <= 1:
                raise ValueError(f"expected a share in {_FILE}, found {share}")
        return AlwaysTheSame(share)


ENTRY = Majority()
