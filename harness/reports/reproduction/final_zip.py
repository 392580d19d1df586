"""The final phase predicted by the best checkpoint of a study, as the paper's team handed it in."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from harness import console
from harness.data.cache import cache_folder
from harness.data.crops import cells_of, open_crops
from harness.data.splits import make_split
from harness.runs.plan import Plan
from models.contract import Session
from submissions.packing import pack
from submissions.predictions import Predictions


def write_final(plan: Plan, folder: Path) -> Path:
    """Predict the final cells by what a run has learnt, and pack them; a partial zip says so in its name."""
    split = make_split(plan.dataset, "final", shared_cells="keep", limit=plan.request.limit)
    cells = cells_of(split.test, open_crops(plan.dataset.records, progress=console.progress), labelled=False)
    session = Session(
        seed=plan.request.seed,
        device=plan.device,
        progress=console.progress,
        cache=cache_folder(),
        engine=plan.request.engine,
        ahead=len(cells),
    )
    scores = plan.entry.load(plan.folder.fitted).predict(cells, session)
    path = folder / ("final-partial.zip" if split.partial else "final.zip")
    path.unlink(missing_ok=True)
    pack(Predictions.from_scores(split.phase, np.asarray(scores)), path)
    return path
