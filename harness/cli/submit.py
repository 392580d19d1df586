"""`harness submit`: train, predict, pack, read back, score where the truth is at hand, and hand in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from harness import console
from harness.cli.from_run import (
    from_options,
    predicted_from,
    require_no_training,
    require_one_run,
    show_outcomes,
)
from harness.cli.run_options import run_command, run_options

if TYPE_CHECKING:
    from harness.runs.outcome import Outcome
    from harness.upload.server import Server


@click.command()
@run_options
@click.option("--server", help="Address of an evaluation server to hand the submission in to.")
@click.option("--token", help="The team's token there.")
@click.option("--team", help="The team's name, on an open loopback server.")
@click.option("--accept-terms", is_flag=True, help="Accept the phase's terms for the team (with --server).")
@from_options
@click.pass_context
def submit(
    context: click.Context,
    server: str | None,
    token: str | None,
    team: str | None,
    accept_terms: bool,
    **options: Any,
) -> None:
    """Train, predict and pack; the same command again goes on where it stopped.

    With the data in ./data or HARNESS_DATA, `harness submit --model seresnext` alone is enough. With
    --from a finished run predicts and nothing is trained: `harness submit --from RUN --split final` is the
    whole way from a network of the preliminary phase to the final zip.
    """
    from harness.upload.server import Server

    target = None if server is None else Server(server, token)
    outcomes = _from_runs(context, options, handed_in=target is not None)
    if not outcomes:
        return
    received = _handed_in(outcomes[-1], target, team, accept_terms) if target else None
    show_outcomes(outcomes, as_json=options["as_json"], received=received)


def _from_runs(context: click.Context, options: dict[str, Any], *, handed_in: bool) -> list[Outcome]:
    """What came out, the one to be handed in last; nothing after a dry run."""
    if not (options["from_runs"] or options["trained"]):
        outcome = run_command(options, "packed")
        return [] if outcome is None else [outcome]
    require_no_training(context)
    if handed_in and not options["join"]:
        require_one_run(options)
    return predicted_from(options, whole=True) or []


def _handed_in(outcome: Outcome, server: Server, team: str | None, accept_terms: bool) -> dict[str, Any]:
    from harness.upload.server import accepting_terms, hand_in, require_same_order

    assert outcome.manifest is not None
    assert outcome.submission is not None
    fields = {"entry": outcome.manifest.entry} | ({"team": team} if team else {})
    files = {
        "file": outcome.submission,
        "scores": outcome.folder.predictions,
        "manifest": outcome.folder.manifest,
    }
    require_same_order(server, outcome.manifest.phase, outcome.folder.predictions)
    if accept_terms:
        fields |= accepting_terms(server, outcome.manifest.phase, console.say)
    console.say(f"handing in to {server.url}")
    return hand_in(server, outcome.manifest.phase, files, fields)
