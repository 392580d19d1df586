"""What can be seen of some cells of a run: their images, and where its network looked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from harness.data.crops import decoded
from harness.data.dataset import Dataset, open_dataset
from harness.data.records import CellRecord
from harness.errors import HarnessError
from harness.reports.inspection.found import AskedInspection, Look, MissedCell
from harness.runs.computing import device_for
from harness.runs.ensemble import Part
from harness.runs.finished import FinishedRun
from harness.runs.plan import cells_digest
from models.contract import Cells, Crops, EntryError, Maps, Session

Say = Callable[..., None]
NAMES_ONLY = "so cells are named only; --data FOLDER says where they lie."
HOW_TO_MAP = "pip install '.[inspect]'"


def looks_at(
    asked: AskedInspection, part: Part, learnt: FinishedRun | None, shown: Sequence[MissedCell], say: Say
) -> Mapping[str, Look]:
    """What can be seen of these cells; what cannot is said."""
    crops = _crops(asked, part, shown, say)
    if not crops:
        return {}
    maps = _maps(asked, learnt, crops, say) if asked.maps else None
    return {
        name: Look(crop, None if maps is None else maps[at]) for at, (name, crop) in enumerate(crops.items())
    }


def _crops(asked: AskedInspection, part: Part, shown: Sequence[MissedCell], say: Say) -> dict[str, Crops]:
    """The crops by name; none, with words, where the images are not there or are other cells'."""
    try:
        dataset = open_dataset(asked.data_root, accept_resaved=True)
        records = _records(dataset, part)
        if not _same_cells(dataset, part, records):
            say(f"The images that were found are other cells than the run's, {NAMES_ONLY}")
            return {}
        return {one.name: decoded(records[one.name]) for one in shown if one.name in records}
    except (HarnessError, OSError) as error:
        say(f"The images were not found here, {NAMES_ONLY}", str(error))
        return {}


def _records(dataset: Dataset, part: Part) -> dict[str, CellRecord]:
    """The images of the run's cells by name, as far as they are there."""
    split = part.manifest.split
    of = split if split in ("prelim", "final") else "train"
    names = set(part.predictions.phase.cells)
    return {one.name: one for one in dataset.of(of) if one.name in names}


def _same_cells(dataset: Dataset, part: Part, records: Mapping[str, CellRecord]) -> bool:
    """Whether these are the cells that were predicted: published ones are known, drawn ones have a digest."""
    if dataset.drawn != part.manifest.drawn:
        return False
    known = part.manifest.data.get("test_sha256")
    if not dataset.drawn or known is None:
        return bool(records)
    there = tuple(records[name] for name in part.predictions.phase.cells if name in records)
    return cells_digest(there) == known


def _maps(
    asked: AskedInspection, learnt: FinishedRun | None, crops: Mapping[str, Crops], say: Say
) -> Maps | None:
    """Where the network looked; None, with words, where there is none or nobody can say."""
    if learnt is None:
        return None
    cells = Cells(tuple(crops), (None,) * len(crops), np.stack(list(crops.values())))
    try:
        entry = learnt.entry()
        device = device_for(asked.device, entry, str(learnt.plan["origin"]))
        maps = learnt.fitted().maps(cells, Session(seed=int(learnt.plan["seed"]), device=device))
    except EntryError as error:
        say(
            f"No class-activation maps: they need the network and the package captum ({HOW_TO_MAP}).",
            str(error),
        )
        return None
    if maps is None:
        say(f"No class-activation maps: {learnt.plan['entry']} has no last picture that could be mapped.")
    return maps
