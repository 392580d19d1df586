"""What a look inside a run finds: plain values that the page and the JSON document are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from eval_server.judging.verdict import Verdict
from models.contract import Crops
from submissions.predictions import Predictions


@dataclass(frozen=True, slots=True)
class AskedInspection:
    """Which run is looked into, where its images and labels are looked for, and how many cells are shown."""

    run: Path
    data_root: Path = Path("data")
    truth_file: Path | None = None
    trust_labels: bool = False
    cells: int = 24
    maps: bool = True
    device: str = "auto"


@dataclass(frozen=True, slots=True)
class MissedCell:
    """A cell that was called wrong; `row` is its place among the run's predictions."""

    row: int
    name: str
    subject: str
    label: str
    called: str
    score: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What can be seen of a cell: its crop, and where what was learnt looked, None where nobody can say."""

    crop: Crops
    map: npt.NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Inspection:
    """All that is known of one run.

    `facts` say what it is, row by row; `epochs` are the records of `history.jsonl`, `chosen` the epoch that
    predicts. `verdict` is None where labels are not known, `predictions` where there are none yet. `wrong`
    are the most wrong cells, the worst first, and `looks` what can be seen of them, by name. `notes` say what
    is not shown and why.
    """

    name: str
    entry: str
    facts: tuple[tuple[str, str], ...]
    remarks: tuple[str, ...] = ()
    epochs: tuple[Mapping[str, Any], ...] = ()
    chosen: int | None = None
    predictions: Predictions | None = None
    verdict: Verdict | None = None
    wrong: tuple[MissedCell, ...] = ()
    all_wrong: int = 0
    looks: Mapping[str, Look] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
