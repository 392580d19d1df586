"""`harness upload`: hand in what was made elsewhere, a zip or a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from harness.cli.options import JSON, PATH, SCORES


@click.command()
@click.argument("submission", metavar="FILE", type=PATH)
@click.option("--server", required=True, help="Address of the evaluation server.")
@click.option("--phase", "phase_name", required=True, help="Name of the phase there.")
@click.option("--entry", required=True, help="What the entry is called on the board.")
@click.option("--token", envvar="HARNESS_TOKEN", help="The team's token there.")
@click.option("--team", help="The team's name, on an open loopback server.")
@SCORES
@JSON
def upload(
    submission: Path,
    server: str,
    phase_name: str,
    entry: str,
    token: str | None,
    team: str | None,
    scale: str | None,
    as_json: bool,
) -> None:
    """Hand in FILE, a submission zip or a table of predictions, and wait for its verdict.

    A table is read by the server as `harness score` reads it. The scores that `harness pack` kept beside a
    zip go with it.
    """
    from harness import console
    from harness.upload.server import Server, files_of, hand_in

    fields = {"entry": entry} | ({"team": team} if team else {}) | ({"scores_as": scale} if scale else {})
    found = hand_in(Server(server, token), phase_name, files_of(submission), fields)
    if as_json:
        console.emit(found)
    else:
        _show(found, server)


def _show(found: dict[str, Any], server: str) -> None:
    from harness import console

    console.result(f"{found['entry']} of {found['team']}: {_worth(found)}")
    console.result(f"  {server.rstrip('/')}{found['url']}")
    for remark in found.get("read_as", ()):
        console.say(f"Note: {remark}.", style="yellow")
    for hint in found.get("hints", ()):
        number = f"weighted F1 would be {hint['weighted_f1']:.3f}"
        console.say(f"Hint: {hint['says']}: {number}. {hint['mend']}", style="bold yellow")


def _worth(found: dict[str, Any]) -> str:
    """The number with its interval, where the server tells one."""
    if not found["metrics"]:
        return "scored; its numbers are not told yet"
    limits = found["intervals"]["weighted_f1"]["interval"]
    between = f", 95 % interval [{limits[0]:.3f}, {limits[1]:.3f}]" if limits else ""
    return f"weighted F1 {found['metrics']['weighted_f1']:.4f}{between}"
