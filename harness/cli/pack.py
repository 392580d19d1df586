"""`harness pack`: a table of predictions to the zip that CodaLab and Codabench take."""

from __future__ import annotations

from pathlib import Path

import click

from harness import console
from harness.cli.check import CELLS, PHASE, asked_phase, unreadable
from harness.cli.options import JSON, PATH
from harness.errors import DataWrong, Refused
from submissions.packing import pack as packed_to
from submissions.phases import OFFICIAL, Phase
from submissions.predictions import Predictions
from submissions.reading import read
from submissions.tables import read_table


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
@JSON
def pack(
    table: Path,
    out: Path,
    phase_name: str | None,
    cells_file: Path | None,
    allow_partial: bool,
    as_json: bool,
) -> None:
    """Write a submission zip from TABLE, a CSV with the columns cell and score, label or both.

    Rows may stand in any order; a label that is left out is 1 (ALL) where the score lies above one
    half. Without --phase the cells decide. The zip is read back and must say the same. A partial zip
    is named so, and no platform takes it.
    """
    predictions = _predictions(table, asked_phase(phase_name, cells_file), allow_partial=allow_partial)
    out = named_partial(out) if predictions.phase.partial else out
    try:
        sha256 = packed_to(predictions, out)
    except OSError as error:
        found = error.strerror or str(error)
        hint = "Name another file with --out."
        raise DataWrong(f"{out}: expected a file to write, found: {found}", hint) from error
    agree_or_raise(predictions, out)
    _show(predictions, out, sha256, as_json=as_json)


def _predictions(table: Path, phase: Phase | None, *, allow_partial: bool) -> Predictions:
    try:
        predictions = read_table(table, phase, allow_partial=allow_partial)
    except OSError as error:
        raise unreadable(table, error) from error
    if phase is None and predictions.phase.name not in OFFICIAL:
        raise Refused(
            f"{table}: expected the cells of prelim (1.bmp to 1867.bmp) or final (1.bmp to 2586.bmp), "
            f"found {len(predictions.phase)} others",
            "Say --phase prelim or final to see which are missing, or name the cells with --cells CSV.",
        )
    return predictions


def named_partial(path: Path) -> Path:
    """``submission.zip`` becomes ``submission-partial.zip``, so that nobody hands it in unawares."""
    return path if "partial" in path.stem else path.with_stem(f"{path.stem}-partial")


def agree_or_raise(predictions: Predictions, path: Path) -> None:
    """Read the zip back; anything else than the very same labels is a bug of ours."""
    if not (read(path, predictions.phase).predictions.labels == predictions.labels).all():
        raise AssertionError(f"{path} does not say what was packed")


def _show(predictions: Predictions, path: Path, sha256: str, *, as_json: bool) -> None:
    phase = predictions.phase
    if as_json:
        console.emit(
            {
                "submission": str(path),
                "sha256": sha256,
                "phase": phase.name,
                "predictions": len(phase),
                "positives": predictions.positives,
                "partial": phase.partial,
            }
        )
        return
    kind = "a part of " if phase.partial else ""
    console.result(f"{path}: {len(phase)} predictions for {kind}{phase.name}, {predictions.positives} ALL")
    console.result(f"  sha256 {sha256}")
