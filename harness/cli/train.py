"""`harness train`."""

from __future__ import annotations

from typing import Any

import click

from harness.cli.run_options import run_command, run_options, show_outcome


@click.command()
@run_options
def train(**options: Any) -> None:
    """Fit an entry to a split, and save what it learnt in the run's folder."""
    outcome = run_command(options, "fitted")
    show_outcome(outcome, as_json=options["as_json"])
