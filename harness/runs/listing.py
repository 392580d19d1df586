"""All runs below a folder as one table: what was tried, how far it came, what it is worth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from harness.errors import DataWrong
from harness.runs.folder import RunFolder

COLUMNS = (
    "run", "entry", "split", "seed", "status", "cells", "weighted_f1", "low", "high", "accuracy",
    "remarks", "created",
)  # fmt: skip

_TYPES = {
    "seed": "Int64", "cells": "Int64",
    "weighted_f1": "float64", "low": "float64", "high": "float64", "accuracy": "float64",
}  # fmt: skip


def runs_table(root: Path) -> pd.DataFrame:
    """One row a run with the columns `COLUMNS`, the latest last; what a run does not know yet is missing.

    `low` and `high` bound the 95 % interval of weighted F1 over subjects. Raises `DataWrong` where
    there is no such folder.
    """
    if not root.is_dir():
        raise DataWrong(f"there is no folder {root}", "Make a run first, or name another folder with --runs.")
    rows = [_row(RunFolder(plan.parent)) for plan in root.glob("*/plan.json")]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype(_TYPES).sort_values(["created", "run"], ignore_index=True)


def _row(folder: RunFolder) -> dict[str, Any]:
    plan, manifest, metrics = (_document(path) for path in (folder.plan, folder.manifest, folder.metrics))
    interval = metrics.get("intervals", {}).get("weighted_f1", {}).get("interval") or (None, None)
    return {
        "run": folder.path.name,
        "entry": plan.get("entry"),
        "split": plan.get("split"),
        "seed": plan.get("seed"),
        "status": folder.status().value,
        "cells": manifest.get("cells"),
        "weighted_f1": metrics.get("metrics", {}).get("weighted_f1"),
        "low": interval[0],
        "high": interval[1],
        "accuracy": metrics.get("metrics", {}).get("accuracy"),
        "remarks": ", ".join(manifest.get("remarks", ())),
        "created": manifest.get("created", ""),
    }


def _document(path: Path) -> dict[str, Any]:
    """A JSON object, empty where the run has not come so far."""
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return document
