"""`harness predict`."""

from __future__ import annotations

from typing import Any

import click

from harness.cli.run_options import run_command, run_options, show_outcome


@click.command()
@run_options
def predict(**options: Any) -> None:
    """Predict a split, fitting the entry first where that is not done.

    The scores lie in the run's folder as predictions.csv; `harness submit` with the same options packs them.
    """
    outcome = run_command(options, "predicted")
    show_outcome(outcome, as_json=options["as_json"])
