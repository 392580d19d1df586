"""`harness predict`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from harness.cli.from_run import from_options, predicted_from, require_no_training, show_outcomes
from harness.cli.options import PATH
from harness.cli.own_images import predicted_images
from harness.cli.run_options import run_command, run_options, show_outcome


@click.command()
@run_options
@from_options
@click.option(
    "--images",
    type=PATH,
    help="With --from: score the images of this folder (BMP, PNG, TIFF, JPEG of single cells) in place of a "
    "split. Research only: a score is no diagnosis.",
)
@click.pass_context
def predict(context: click.Context, images: Path | None, **options: Any) -> None:
    """Predict a split: with a finished run (--from), or with an entry (--model), which is fitted first.

    With --model the entry is fitted where that is not done; the scores lie in the run's folder as
    predictions.csv, and `harness submit` with the same options packs them. With --from nothing is trained:
    the prediction gets a run folder of its own, with a zip, and its manifest names the run it comes from.
    With --images the run scores images of your own into a table and a page.
    """
    if images is not None:
        predicted_images(context, images, options)
        return
    if not (options["from_runs"] or options["trained"]):
        outcome = run_command(options, "predicted")
        show_outcome(outcome, as_json=options["as_json"])
        return
    require_no_training(context)
    outcomes = predicted_from(options, whole=False)
    if outcomes is not None:
        show_outcomes(outcomes, as_json=options["as_json"])
