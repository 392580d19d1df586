"""All runs below a folder as one table: what was tried, how far it came, what it is worth."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from harness.errors import DataWrong
from harness.runs.folder import RunFolder, read_json

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
    """What a run's files say of it; one that cannot be read is named in place of the status."""
    try:
        return _readable(folder)
    except DataWrong as damage:
        where = folder.path.name
        return {
            "run": where,
            "entry": "?",
            "split": "?",
            "status": str(damage),
            "remarks": where,
            "created": "",
        }


def _readable(folder: RunFolder) -> dict[str, Any]:
    plan = _facts(folder.plan, {"entry": str, "split": str, "seed": int})
    folder = RunFolder(folder.path, str(plan.get("key", "")))
    manifest = _facts(folder.manifest, {"cells": int, "remarks": list, "created": str}, folder)
    metrics = _facts(folder.metrics, {"metrics": dict, "intervals": dict}, folder)
    found = metrics.get("metrics", {})
    low, high = _interval(folder.metrics, metrics)
    return {
        "run": folder.path.name,
        "entry": plan.get("entry"),
        "split": plan.get("split"),
        "seed": plan.get("seed"),
        "status": _status(folder),
        "cells": manifest.get("cells"),
        "weighted_f1": _number(folder.metrics, found.get("weighted_f1")),
        "low": low,
        "high": high,
        "accuracy": _number(folder.metrics, found.get("accuracy")),
        "remarks": ", ".join(map(str, (*manifest.get("remarks", ()), *_of_before(folder, manifest)))),
        "created": manifest.get("created", ""),
    }


def _status(folder: RunFolder) -> str:
    try:
        return folder.status().value
    except (DataWrong, OSError) as error:
        raise _damaged(folder.path / "status.json") from error


def _of_before(folder: RunFolder, manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """A run made before 0.1.1 carries no seals: it is listed as it stands, and that is said."""
    return ("not sealed",) if manifest and not folder.key else ()


def _facts(path: Path, kinds: Mapping[str, type], of: RunFolder | None = None) -> dict[str, Any]:
    """The JSON object of a run, empty where the run has not come so far.

    Raises `DataWrong` for one that is damaged, or belongs to another run.
    """
    try:
        document = read_json(path) if of is None else of.read(path)
    except FileNotFoundError:
        return {}
    except (DataWrong, OSError) as error:
        raise _damaged(path) from error
    for name, kind in kinds.items():
        value = document.get(name)
        fits = isinstance(value, kind) and not isinstance(value, bool)
        if value is None:
            document.pop(name, None)
        elif not fits or (isinstance(value, int) and abs(value) >= 2**63):
            raise _damaged(path)
    return document


def _interval(path: Path, metrics: Mapping[str, Any]) -> tuple[float | None, float | None]:
    try:
        low, high = metrics.get("intervals", {}).get("weighted_f1", {}).get("interval") or (None, None)
    except (AttributeError, TypeError, ValueError) as error:
        raise _damaged(path) from error
    return _number(path, low), _number(path, high)


def _number(path: Path, value: Any) -> float | None:
    if value is None or isinstance(value, float | int):
        return value
    raise _damaged(path)


def _damaged(path: Path) -> DataWrong:
    return DataWrong(f"damaged: {path.name}")
