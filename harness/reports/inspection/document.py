"""A look inside a run as one JSON document: every number of the page, and none of its pictures."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from eval_server.figures.entries import score_bins
from eval_server.scoring.subjects import wilson
from harness.reports.inspection.found import Inspection, MissedCell
from harness.runs.own import NO_DIAGNOSIS


def document_of(found: Inspection, page: Path) -> dict[str, Any]:
    """The document of ``harness inspect --json``."""
    return {
        "run": found.name,
        "page": str(page),
        "facts": dict(found.facts),
        "remarks": [*found.remarks, NO_DIAGNOSIS],
        "epochs": [dict(one) for one in found.epochs],
        "chosen_epoch": found.chosen,
        "scores": _scores(found),
        **_judged(found),
        "wrong": found.all_wrong,
        "most_wrong": [_cell(found, one) for one in found.wrong],
        "notes": list(found.notes),
    }


def _judged(found: Inspection) -> dict[str, Any]:
    """Metrics with their intervals, the subjects with theirs, and the calibration; None without labels."""
    verdict = found.verdict
    if verdict is None:
        return {"verdict": None, "subjects": None, "calibration": None}
    subjects = [
        {**one.to_json(), "within": list(wilson(one.correct, one.cells))} for one in verdict.subjects or ()
    ]
    bins = [] if verdict.cells.scores is None else score_bins(verdict.cells.scores, verdict.cells.labels == 1)
    return {
        "verdict": verdict.to_json(),
        "subjects": sorted(subjects, key=lambda one: (one["accuracy"], one["subject"])),
        "calibration": [asdict(one) for one in bins],
    }


def _scores(found: Inspection) -> dict[str, Any] | None:
    """How many cells are called what, and the scores in ten parts of equal size."""
    if found.predictions is None or found.predictions.scores is None:
        return None
    scores = found.predictions.scores
    called = int((scores > 0.5).sum())
    parts = [float(one) for one in np.quantile(scores, np.linspace(0, 1, 11))]
    return {"cells": len(scores), "ALL": called, "HEM": len(scores) - called, "deciles": parts}


def _cell(found: Inspection, cell: MissedCell) -> dict[str, Any]:
    look = found.looks.get(cell.name)
    told = {name: value for name, value in asdict(cell).items() if name != "row"}
    return {**told, "shown": look is not None, "map": _peak(None if look is None else look.map)}


def _peak(heat: Any) -> dict[str, Any] | None:
    """Where a map is highest, in pixels of the crop, and which share of the crop lies above half of that."""
    if heat is None:
        return None
    row, column = (int(one) for one in np.unravel_index(int(heat.argmax()), heat.shape))
    return {"row": row, "column": column, "above_half": float((heat > 0.5).mean()), "empty": not heat.any()}
