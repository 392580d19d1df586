"""`harness submit`: train, predict, pack, read back, score where the truth is at hand, and hand in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from harness import console
from harness.cli.run_options import run_command, run_options, show_outcome

if TYPE_CHECKING:
    from harness.runs.outcome import Outcome
    from harness.upload.server import Server


@click.command()
@run_options
@click.option("--server", help="Address of an evaluation server to hand the submission in to.")
@click.option("--token", help="The team's token there.")
@click.option("--team", help="The team's name, on an open loopback server.")
def submit(server: str | None, token: str | None, team: str | None, **options: Any) -> None:
    """Train, predict and pack; the same command again goes on where it stopped.

    With the data in ./data or HARNESS_DATA, `harness submit --model seresnext` alone is enough.
    """
    from harness.upload.server import Server

    target = None if server is None else Server(server, token)
    outcome = run_command(options, "packed")
    if outcome is None:
        return
    received = _handed_in(outcome, target, team) if target else None
    show_outcome(outcome, as_json=options["as_json"], received=received)


def _handed_in(outcome: Outcome, server: Server, team: str | None) -> dict[str, Any]:
    from harness.upload.server import hand_in, require_same_order

    assert outcome.manifest is not None
    assert outcome.submission is not None
    fields = {"entry": outcome.manifest.entry} | ({"team": team} if team else {})
    files = {
        "file": outcome.submission,
        "scores": outcome.folder.predictions,
        "manifest": outcome.folder.manifest,
    }
    require_same_order(server, outcome.manifest.phase, outcome.folder.predictions)
    console.say(f"handing in to {server.url}")
    return hand_in(server, outcome.manifest.phase, files, fields)
