"""All runs below a folder as one table: what was tried, how far it came, what it is worth."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from harness.errors import DataWrong
from harness.runs.folder import RunFolder, read_json
from harness.runs.provenance import file_sha256
from submissions.sealing import SealBroken, require_names

COLUMNS = (
    "run", "entry", "split", "seed", "status", "cells", "weighted_f1", "low", "high", "accuracy",
    "remarks", "created", "settings", "weights", "limit",
)  # fmt: skip

_TYPES = {
    "seed": "Int64", "cells": "Int64", "limit": "Int64",
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
    _tell_apart(rows)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype(_TYPES).sort_values(["created", "run"], ignore_index=True)


def _tell_apart(rows: list[dict[str, Any]]) -> None:
    """Of each run's settings those that differ among the runs of its entry, in words.

    A run whose plan holds no settings, such as one on images of one's own, differs in none.
    """
    for row in rows:
        own = row.get("settings") or {}
        alike = [
            other["settings"]
            for other in rows
            if other["entry"] == row["entry"] and other["settings"] is not None
        ]
        row["alone"] = {
            name: value for name, value in own.items() if any(one.get(name) != value for one in alike)
        }
    for row in rows:
        row["settings"] = ", ".join(f"{name}={value}" for name, value in row.pop("alone").items())


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
            "remarks": "",
            "created": "",
            "settings": None,
            "weights": "",
        }


def _readable(folder: RunFolder) -> dict[str, Any]:
    kinds = {"entry": str, "split": str, "seed": int, "settings": dict, "weights": dict, "limit": int}
    plan = _facts(folder.plan, kinds)
    folder = RunFolder(folder.path, str(plan.get("key", "")))
    manifest = _facts(folder.manifest, {"cells": int, "remarks": list, "created": str}, folder)
    _require_kept(folder, manifest)
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
        "settings": plan.get("settings"),
        "weights": _weights(plan.get("weights") or {}),
        "limit": plan.get("limit"),
    }


def _require_kept(folder: RunFolder, manifest: Mapping[str, Any]) -> None:
    """Raise `DataWrong` for predictions that somebody changed, and where a file of what was learnt is gone.

    What is large is looked into by the commands that use it.
    """
    written = manifest.get("predictions_sha256")
    if written and folder.predictions.is_file() and file_sha256(folder.predictions) != written:
        raise _damaged(folder.predictions)
    if not (folder.key and folder.fitted.is_dir()):
        return
    try:
        require_names(folder.fitted)
    except SealBroken as broken:
        raise _damaged(broken.path) from broken


def _weights(facts: Mapping[str, Any]) -> str:
    """Where the first weights came from: the file's name with the first of its digest, hub, none."""
    file = facts.get("file")
    return f"{file} ({str(facts.get('sha256', ''))[:8]})" if file else str(facts.get("source", ""))


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
