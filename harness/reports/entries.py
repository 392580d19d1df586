"""What a user names as an entry (a zip, a run folder, a table of predictions), opened as predictions."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from eval_server.judging.truth import Truth
from harness.data.published import FOLD_OF
from harness.errors import DataWrong
from harness.runs.folder import read_manifest
from submissions.columns import Scale
from submissions.manifest import Manifest
from submissions.parts import is_zip, read_parts
from submissions.phases import OFFICIAL, Phase
from submissions.predictions import Predictions
from submissions.problems import SubmissionRefused
from submissions.reading import Reading
from submissions.tables import reading_of_table

TABLE = "predictions.csv"
MANIFEST = "manifest.json"
_SAYS_NOTHING = {"submission", "submission-partial", "predictions"}


@dataclass(frozen=True, slots=True)
class NamedEntry:
    """An entry under the name that tables and pages show; `manifest` where one lies beside it.

    `read_as` says what was assumed about its table.
    """

    name: str
    predictions: Predictions
    manifest: Manifest | None = None
    read_as: tuple[str, ...] = ()

    @property
    def remarks(self) -> tuple[str, ...]:
        """The words that must stand beside its results."""
        return () if self.manifest is None else self.manifest.remarks


def scores_beside(path: Path) -> Path:
    """Where `harness pack` keeps the scores of a table beside the zip that it makes of it."""
    return path.with_suffix(".scores.csv")


def open_entry(text: str, truth: Truth, scale: Scale | str | None = None) -> NamedEntry:
    """Open ``path`` or ``name=path`` as predictions of the phase of `truth`; `scale` says what scores are.

    A run folder or a table whose manifest says partial may leave cells out: its phase is then a partial
    one. Raises `DataWrong` where nothing can be opened and `SubmissionRefused` for unsound content.
    """
    name, path = named_path(text)
    require_there(path)
    manifest = manifest_of(path)
    if manifest is not None:
        _require_phase(path, manifest, truth)
    try:
        reading = _reading(path, truth, manifest, scale)
    except OSError as error:
        raise DataWrong(f"cannot read {path}: {error.strerror}") from error
    except SubmissionRefused as refused:
        refused.args = (f"{path} cannot be judged:\n{refused}",)
        raise
    return NamedEntry(name or _default_name(path), reading.predictions, manifest, reading.read_as)


def require_there(path: Path) -> None:
    """Raise `DataWrong` for a path that names nothing."""
    if not path.exists():
        raise DataWrong(
            f"there is no {path}", "Name a submission zip, a run folder or a table of predictions."
        )


def truth_for(entry: NamedEntry, truth: Truth) -> Truth:
    """The truth of the entry's own cells: all of it, or for a partial entry those that it predicts."""
    phase = entry.predictions.phase
    return truth.only(phase) if phase.partial and len(phase) < len(truth.phase) else truth


def named_path(text: str) -> tuple[str, Path]:
    """``NAME=PATH`` taken apart; the name is empty where there is none."""
    name, equals, path = text.partition("=")
    if equals and name and not Path(text).exists() and "/" not in name:
        return name, Path(path)
    return "", Path(text)


def _default_name(path: Path) -> str:
    stem = path.name if path.is_dir() else path.stem
    return path.resolve().parent.name if stem in _SAYS_NOTHING else stem or path.resolve().name


def manifest_of(path: Path) -> Manifest | None:
    """What stands beside the predictions of a run; None for all that is none."""
    beside = path / MANIFEST if path.is_dir() else path.with_name(MANIFEST)
    known = path.is_dir() or path.stem in _SAYS_NOTHING
    try:
        return read_manifest(beside) if known and beside.exists() else None
    except DataWrong as error:
        raise DataWrong(str(error), "Mend or move this file: it stands beside what is judged.") from error


def _require_phase(path: Path, manifest: Manifest, truth: Truth) -> None:
    """The official phases share names of cells, so the manifest has to say whether this truth is meant."""
    asked = truth.phase.name
    if asked in OFFICIAL and manifest.phase in OFFICIAL and asked != manifest.phase:
        raise DataWrong(
            f"{path} holds predictions of the phase {manifest.phase}, the labels are of {asked}",
            f"Judge it by labels of {manifest.phase}, or predict {asked}.",
        )


def _require_unchanged(file: Path, sha256: str) -> None:
    """A run's file that somebody changed is no longer what its manifest speaks of."""
    if hashlib.sha256(file.read_bytes()).hexdigest() != sha256:
        raise DataWrong(
            f"{file} is not the file that {MANIFEST} beside it was written for: its SHA-256 is another",
            "Make the run again with --fresh, or judge a copy under another name, away from the run.",
        )


def _reading(path: Path, truth: Truth, manifest: Manifest | None, scale: Scale | str | None) -> Reading:
    table = path / TABLE if path.is_dir() else path
    if path.is_dir() and not table.exists():
        hint = "The run is not finished: the command that began it goes on where it stopped."
        raise DataWrong(f"the run folder {path} holds no {TABLE}", hint)
    if manifest is not None and manifest.submission_sha256 and table.suffix == ".zip":
        _require_unchanged(table, manifest.submission_sha256)
    if is_zip(table):
        return with_scores_beside(table, truth.phase)
    if manifest is not None and table.name == TABLE:
        _require_unchanged(table, manifest.predictions_sha256)
    partial = manifest is not None and manifest.partial
    mend = _mend_missing(truth)
    return reading_of_table(table, truth.phase, allow_partial=partial, scale=scale, mend_missing=mend)


def _mend_missing(truth: Truth) -> str:
    """What to do where cells are missing, as on a copy that lacks images: labels of the others judge it."""
    name = truth.phase.name
    if name not in FOLD_OF and name != "prelim":
        return "Predict these cells too, or judge by a label file of the others alone."
    return (
        f"Predict these cells too. Where a copy lacks images, `harness data table ROOT --split {name} "
        "--part test --out cells.csv` writes the labels of those it has: judge with --truth cells.csv."
    )


def with_scores_beside(path: Path, phase: Phase) -> Reading:
    """A zip, with the scores that were packed with it; raises `DataWrong` for those of another zip."""
    beside = scores_beside(path)
    if not beside.exists():
        return read_parts(path, None, phase)
    reading = read_parts(path, beside, phase)
    packed_with = reading_of_table(beside, phase).predictions
    if (packed_with.labels != reading.predictions.labels).any():
        raise DataWrong(
            f"{beside} holds the scores of another submission: its labels are not those of {path.name}",
            "Pack the table again, or move the file away to judge the zip without scores.",
        )
    return reading
