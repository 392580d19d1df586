"""`harness predict`."""

from __future__ import annotations

from typing import Any

import click

from harness.cli.from_run import from_options, predicted_from, require_no_training, show_outcomes
from harness.cli.run_options import run_command, run_options, show_outcome


@click.command()
@run_options
@from_options
@click.pass_context
def predict(context: click.Context, **options: Any) -> None:
    """Predict a split: with a finished run (--from), or with an entry (--model), which is fitted first.

    With --model the entry is fitted where that is not done; the scores lie in the run's folder as
    predictions.csv, and `harness submit` with the same options packs them. With --from nothing is trained:
    the prediction gets a run folder of its own, with a zip, and its manifest names the run it comes from.
    """
    if not options["from_runs"]:
        outcome = run_command(options, "predicted")
        show_outcome(outcome, as_json=options["as_json"])
        return
    require_no_training(context)
    outcomes = predicted_from(options, whole=False)
    if outcomes is not None:
        show_outcomes(outcomes, as_json=options["as_json"])
