"""What a run finds of its own from before: each file is held to what was written, or refused by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import DataWrong
from harness.runs.folder import ANEW, RunFolder, read_manifest
from harness.runs.provenance import bytes_sha256, file_sha256
from submissions.manifest import Manifest
from submissions.packing import packed
from submissions.phases import Phase
from submissions.predictions import Predictions
from submissions.sealing import SealBroken, require_folder, seal_folder
from submissions.tables import read_table

FACTS = "facts.json"
"""Beside what was learnt: what its entry says of it, and how long it took."""

_LEARNT_FROM = (
    "entry",
    "entry_version",
    "defined_in",
    "source_sha256",
    "settings",
    "weights",
    "seed",
    "split",
    "select",
    "crops",
    "train_sha256",
    "validation_sha256",
    "fit_of",
)
"""What of a run's identity decides what it learns."""

_OVER = "What was learnt cannot be trusted any more. Start the run over with --fresh."


@dataclass(frozen=True, slots=True)
class Kept:
    """How much of a run is done already: what was learnt, what was predicted, the zip.

    `remarks` say what is there but has to be made anew.
    """

    fitted: bool = False
    predictions: Predictions | None = None
    manifest: Manifest | None = None
    packed: bool = False
    remarks: tuple[str, ...] = ()


def look(folder: RunFolder, identity: Mapping[str, Any], phase: Phase, *, partial: bool) -> Kept:
    """What is done of this run, whose zip says in its name whether it is `partial`.

    Raises `DataWrong`, naming the file, where one is not as it was written.
    """
    if folder.plan.exists():
        folder.read(folder.plan)
    if folder.history.exists():
        folder.events()
    fitted = folder.fitted.exists()
    if fitted:
        require_fit(folder, identity)
    predictions, manifest, remarks = _predicted(folder, phase)
    zipped = folder.submission(partial=partial)
    if predictions is not None and manifest is not None and zipped.exists():
        require_zip(zipped, predictions, manifest)
    return Kept(fitted, predictions, manifest, predictions is not None and zipped.exists(), remarks)


def seal_fit(fitted: Path, identity: Mapping[str, Any]) -> None:
    """Seal a folder with what was learnt: every file of it, and what it was learnt from."""
    seal_folder(fitted, _learnt_from(identity))


def _learnt_from(identity: Mapping[str, Any]) -> dict[str, Any]:
    """`fit_of` is there only where a fit was taken over."""
    return {name: identity[name] for name in _LEARNT_FROM if name in identity}


def require_fit(folder: RunFolder, identity: Mapping[str, Any]) -> None:
    """Hold what was learnt to its seal, and that to this run; raises `DataWrong`."""
    with broken_seals_as_data(_OVER):
        require_folder(folder.fitted, _learnt_from(identity))


@contextmanager
def broken_seals_as_data(hint: str) -> Iterator[None]:
    """A broken seal is a matter of data: exit code 3, with how to mend it."""
    try:
        yield
    except SealBroken as broken:
        raise DataWrong(str(broken), hint) from broken


def require_unchanged(table: Path, manifest: Manifest) -> None:
    """A table that somebody changed is no longer what its manifest speaks of; raises `DataWrong`."""
    if file_sha256(table) != manifest.predictions_sha256:
        raise DataWrong(
            f"{table} is not the table that {manifest_name(table)} was written for: its SHA-256 is another",
            ANEW,
        )


def manifest_name(table: Path) -> Path:
    """Where the manifest of a table lies."""
    return table.with_name("manifest.json")


def _predicted(
    folder: RunFolder, phase: Phase
) -> tuple[Predictions | None, Manifest | None, tuple[str, ...]]:
    """The predictions with the manifest that vouches for them.

    Without it they are made anew, from what was learnt: then nothing has to be believed.
    """
    if not folder.predictions.exists():
        return None, None, ()
    try:
        manifest = _manifest(folder)
    except DataWrong as damage:
        return None, None, (f"{damage}: the predictions are made anew",)
    require_unchanged(folder.predictions, manifest)
    return read_table(folder.predictions, phase), manifest, ()


def _manifest(folder: RunFolder) -> Manifest:
    if not folder.manifest.exists():
        raise DataWrong(f"{folder.manifest} is missing")
    manifest = read_manifest(folder.manifest)
    if manifest.key != folder.key:
        raise DataWrong(f"{folder.manifest} belongs to another run")
    return manifest


def require_zip(path: Path, predictions: Predictions, manifest: Manifest) -> None:
    """Hold the zip to the manifest and the predictions; raises `DataWrong`.

    Its bytes are a function of the predictions, but earlier versions had another one (a deflate stream),
    and what they packed is known by the digest that they noted.
    """
    known = {manifest.submission_sha256, bytes_sha256(packed(predictions))}
    if file_sha256(path) not in known:
        raise DataWrong(f"{path} does not hold the run's predictions: it was changed since", ANEW)
