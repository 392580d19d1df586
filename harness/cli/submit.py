"""`harness submit`: train, predict, pack, read back, and score where the truth is at hand."""

from __future__ import annotations

from typing import Any

import click

from harness.cli.run_options import run_command, run_options, show_outcome


@click.command()
@run_options
def submit(**options: Any) -> None:
    """Train, predict and pack; the same command again goes on where it stopped.

    With the data in ./data or HARNESS_DATA, `harness submit --model seresnext` alone is enough.
    """
    outcome = run_command(options, "packed", packs=True)
    show_outcome(outcome, as_json=options["as_json"])
