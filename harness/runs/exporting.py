"""A finished run's network as a file for timm, torch or an ONNX runtime, with its manifest and an example."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import DataWrong, UsageWrong
from harness.runs.finished import FinishedRun
from harness.runs.own import NO_DIAGNOSIS
from harness.runs.provenance import file_sha256, package_versions, revision
from models.exports import ENDINGS, ONNX, Export
from submissions.writing import to_disk, write_whole

_OF_THE_PLAN = ("entry", "entry_version", "seed", "split", "select", "settings", "weights")


@dataclass(frozen=True, slots=True)
class ExportedRun:
    """The files of an export (network, manifest, a script that uses it), and what the manifest says."""

    file: Path
    manifest: Path
    example: Path
    told: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        files = {"file": str(self.file), "manifest": str(self.manifest), "example": str(self.example)}
        return {**files, **self.told}


def export_run(
    run: FinishedRun, form: str, file: Path | None = None, *, with_views: bool = False, force: bool = False
) -> ExportedRun:
    """Write the network of a run in a form of `ENDINGS`; the file is named after the run where none is given.

    Raises `DataWrong` where a file is there already, `UsageWrong` for a form that is none, a file that does
    not end as its form does and views that a form cannot hold, and `EntryUnavailable` where the entry is no
    network, or none in this form.
    """
    _require_sense(form, file, with_views=with_views)
    file = file or Path(run.name + ENDINGS[form])
    ends = _beside(file)
    there = [str(one) for one in ends if one.exists()]
    if there and not force:
        raise DataWrong(_there_already(there), "Name another with --out, or add --force.")
    with _aside(file) as folder:
        told = _written(run, Export(form, folder / file.name, file.name, _facts(run), with_views))
        for end in reversed(ends):
            (folder / end.name).replace(end)
        to_disk(file.parent)
    return ExportedRun(*ends, told)


def _require_sense(form: str, file: Path | None, *, with_views: bool) -> None:
    """Raise, before any work, for what no file can be made of: readers tell a file's kind by its ending."""
    if form not in ENDINGS:
        raise UsageWrong(f"expected a form of {', '.join(ENDINGS)}, found {form!r}", "Name one of them.")
    if file is not None and not file.name.endswith(ENDINGS[form]):
        raise UsageWrong(
            f"{file}: expected a name that ends in {ENDINGS[form]}, by which readers know a file of the form "
            f"{form}",
            f"Name it {file.with_suffix(ENDINGS[form])}, or leave --out away.",
        )
    if with_views and form != ONNX:
        raise UsageWrong(
            f"--with-views puts the views into an ONNX graph, and {form} holds weights alone",
            f"Leave it out, or export --to {ONNX}.",
        )


def _there_already(paths: Sequence[str]) -> str:
    *others, last = paths
    return f"{', '.join(others)} and {last} are there already" if others else f"{last} is there already"


def _beside(file: Path) -> tuple[Path, Path, Path]:
    """The file, its manifest, its example."""
    return file, file.with_name(f"{file.name}.json"), file.with_name(f"{file.name}.example.py")


def _written(run: FinishedRun, asked: Export) -> dict[str, Any]:
    """Write all three aside; returns what the manifest says."""
    made = run.entry().exported(run.fitted(), asked)
    told = {**asked.told, **made.facts, "sha256": file_sha256(asked.file)}
    file, manifest, example = _beside(asked.file)
    to_disk(file)
    write_whole(manifest, json.dumps(told, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
    write_whole(example, made.example)
    file.chmod(manifest.stat().st_mode & 0o777)  # a library may write for its owner alone
    return told


def _facts(run: FinishedRun) -> dict[str, Any]:
    """What a reader of the file must know of the run; no name of a person or a computer."""
    return {
        "made_by": f"harness {package_versions()['cnmc-harness']}",
        "revision": revision(),
        "warning": NO_DIAGNOSIS,
        "run": run.name,
        "run_key": run.folder.key,
        **{name: run.plan.get(name) for name in _OF_THE_PLAN},
        "weights_sha256": run.weights_sha256,
        "trained_on": {"words": run.trained_on, **({} if run.elsewhere else run.learnt.described())},
        "training": {name: one for name, one in run.facts.items() if name != "engine"},
        "remarks": list(run.remarks),
    }


@contextmanager
def _aside(file: Path) -> Iterator[Path]:
    """An empty folder beside the file, which vanishes with whatever is left in it."""
    folder = file.with_name(f".{file.name}.aside")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
