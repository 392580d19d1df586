"""A network that was trained elsewhere, such as the published one, as a run that can predict.

Nobody here knows which cells it has seen, so everything that it predicts says so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from harness.data.crops import CROP_VERSION
from harness.errors import DataWrong
from harness.runs.finished import FinishedRun, finished_of, open_finished
from harness.runs.folder import RunFolder, Status, write_json
from harness.runs.kept import FACTS, seal_fit
from harness.runs.learnt import write_learnt
from harness.runs.plan import code_of, file_name
from harness.runs.provenance import digest, file_sha256
from models import registry
from models.contract import Entry, Fitted
from models.source import source_of
from models.weights_source import weights_file
from submissions.writing import naming

ELSEWHERE = "elsewhere"
"""What stands where a run names the split that it was trained for."""


def trained_elsewhere(
    model: str,
    file: str,
    settings: Mapping[str, str],
    runs_root: Path,
    device: str = "cpu",
    *,
    to_plan: bool = False,
) -> FinishedRun:
    """The network in a file (or ``FILE#part``), last layer included, as a finished run below `runs_root`.

    `to_plan` writes nothing there: the run can be planned with, and has no fitted network. Raises `DataWrong`
    where there is no such file and `EntryUnavailable` where it does not hold this entry's whole network.
    """
    entry, origin = registry.find(model)
    entry = entry.configured(settings)
    named = weights_file(file)
    if not named.path.is_file():
        raise DataWrong(
            f"there is no file {named.path}", "Give --trained the checkpoint of a finished network."
        )
    identity = _identity(model, entry, named.path, named.part, runs_root)
    key = digest([json.dumps(identity, sort_keys=True)])
    folder = RunFolder(runs_root / f"{file_name(entry.card.name)}-trained-{ELSEWHERE}-{key[:8]}", key)
    if folder.fitted.exists():
        return open_finished(folder.path)
    told, fitted = {**identity, "origin": origin, "device": device}, entry.trained(file)
    if to_plan:
        with TemporaryDirectory() as aside:
            _fill(Path(aside), fitted, told)
            return finished_of(folder, {**told, "key": key}, Path(aside))
    with folder.locked():
        if not folder.fitted.exists():
            _adopt(folder, fitted, told)
    return open_finished(folder.path)


def _identity(model: str, entry: Entry, path: Path, part: str, runs_root: Path) -> dict[str, Any]:
    weights = {"source": "trained elsewhere", "name": path.name, "sha256": file_sha256(path)}
    return {
        "entry": entry.card.name,
        "entry_version": entry.card.version,
        "settings": json.loads(json.dumps(entry.described_settings())),
        "weights": weights | ({"part": part} if part else {}),
        "split": ELSEWHERE,
        "seed": 0,
        "select": "not known",
        "crops": CROP_VERSION,
        "train_sha256": "",
        "validation_sha256": "",
        **code_of(model, runs_root, source_of(model)),
    }


def _adopt(folder: RunFolder, fitted: Fitted, told: Mapping[str, Any]) -> None:
    folder.write(folder.plan, told)
    with folder.written_aside(folder.fitted) as aside:
        _fill(aside, fitted, told)
    folder.mark(Status.FITTED)


def _fill(aside: Path, fitted: Fitted, told: Mapping[str, Any]) -> None:
    """What `fitted/` of a run holds, into an empty folder."""
    with naming(aside):
        fitted.save(aside)
    write_json(aside / FACTS, {"facts": dict(fitted.facts()), "seconds": 0})
    write_learnt(aside, (), ())
    seal_fit(aside, told)
