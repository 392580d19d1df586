"""`harness pack`: a table of predictions to the zip that CodaLab and Codabench take."""

from __future__ import annotations

from pathlib import Path

import click

from harness import console
from harness.cli.check import CELLS, PHASE, asked_phase, unreadable
from harness.cli.options import JSON, PATH, SCORES
from harness.errors import DataWrong, Refused
from harness.reports.entries import scores_beside
from submissions.packing import pack as packed_to
from submissions.phases import OFFICIAL, Phase
from submissions.predictions import Predictions
from submissions.reading import Reading, read
from submissions.tables import reading_of_table, write_table

MEND_MISSING = "Predict these cells too, or pack what there is with --allow-partial."


@click.command()
@click.argument("table", type=PATH)
@click.option(
    "--out",
    type=PATH,
    default=Path("submission.zip"),
    show_default=True,
    help="The zip to write.",
)
@PHASE
@CELLS
@click.option("--allow-partial", is_flag=True, help="Pack although cells of the phase are missing.")
@SCORES
@JSON
def pack(
    table: Path,
    out: Path,
    phase_name: str | None,
    cells_file: Path | None,
    allow_partial: bool,
    scale: str | None,
    as_json: bool,
) -> None:
    """Write a submission zip from TABLE: cells with scores, labels or both, as any program writes them.

    Rows may stand in any order; a label that is left out is 1 (ALL) where the score lies above one
    half. Without --phase the cells decide. What was assumed is said. The zip is read back and must say
    the same; scores are kept beside it (`submission.scores.csv`), where `harness score`, `compare` and
    `upload` find them. A partial zip is named so, and no platform takes it.
    """
    asked = asked_phase(phase_name, cells_file)
    reading = _reading(table, asked, scale, allow_partial=allow_partial)
    predictions = reading.predictions
    out = named_partial(out) if predictions.phase.partial else out
    try:
        sha256 = packed_to(predictions, out)
        scores = _kept_scores(predictions, out)
    except OSError as error:
        found = error.strerror or str(error)
        hint = "Name another file with --out."
        raise DataWrong(f"{out}: expected a file to write, found: {found}", hint) from error
    agree_or_raise(predictions, out)
    _show(reading, out, sha256, scores, as_json=as_json)


def _kept_scores(predictions: Predictions, out: Path) -> Path | None:
    """The scores beside the zip; what an earlier zip of this name had goes with it."""
    beside = scores_beside(out)
    if predictions.scores is None:
        beside.unlink(missing_ok=True)
        return None
    write_table(predictions, beside)
    return beside


def _reading(table: Path, phase: Phase | None, scale: str | None, *, allow_partial: bool) -> Reading:
    try:
        reading = reading_of_table(
            table, phase, allow_partial=allow_partial, scale=scale, mend_missing=MEND_MISSING
        )
    except OSError as error:
        raise unreadable(table, error) from error
    predictions = reading.predictions
    if phase is None and predictions.phase.name not in OFFICIAL:
        raise Refused(
            f"{table}: expected the cells of prelim (1.bmp to 1867.bmp) or final (1.bmp to 2586.bmp), "
            f"found {len(predictions.phase)} others",
            "Say --phase prelim, final or fold1 (fold0, fold2) to see which are missing, or name the cells "
            "with --cells CSV.",
        )
    return reading


def named_partial(path: Path) -> Path:
    """``submission.zip`` becomes ``submission-partial.zip``, so that nobody hands it in unawares."""
    return path if "partial" in path.stem else path.with_stem(f"{path.stem}-partial")


def agree_or_raise(predictions: Predictions, path: Path) -> None:
    """Read the zip back; anything else than the very same labels is a bug of ours."""
    if not (read(path, predictions.phase).predictions.labels == predictions.labels).all():
        raise AssertionError(f"{path} does not say what was packed")


def _show(reading: Reading, path: Path, sha256: str, scores: Path | None, *, as_json: bool) -> None:
    predictions, phase = reading.predictions, reading.predictions.phase
    if as_json:
        console.emit(
            {
                "submission": str(path),
                "sha256": sha256,
                "phase": phase.name,
                "predictions": len(phase),
                "positives": predictions.positives,
                "partial": phase.partial,
                "scores": None if scores is None else str(scores),
                "read_as": list(reading.read_as),
            }
        )
        return
    kind = "a part of " if phase.partial else ""
    console.result(f"{path}: {len(phase)} predictions for {kind}{phase.name}, {predictions.positives} ALL")
    console.result(f"  sha256 {sha256}")
    if scores is not None:
        console.result(f"  scores in {scores}")
    for remark in reading.read_as:
        console.result(f"  {remark}")
