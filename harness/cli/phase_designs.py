"""`harness phase designs`: teams whose uploads look like a design to learn a phase's labels by."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from harness import console
from harness.cli.options import DATABASE, JSON, SERVER_DATA


@click.command()
@click.argument("name")
@SERVER_DATA
@DATABASE
@JSON
def designs(name: str, data_dir: Path, database: str | None, as_json: bool) -> None:
    """Name the teams whose uploads to NAME look like a design to learn its labels by.

    Whoever trains models hands in labels that agree with each other; a team is named where three of its
    uploads or more have nothing to do with any that it handed in before (phi below 0.2, either way).
    """
    from eval_server.service import suspects
    from eval_server.service.verdicts import Verdicts
    from harness.cli.hosting import found_phase, store_at

    with store_at(data_dir, database) as store:
        found = suspects.designs(store, Verdicts(store), found_phase(store, name))
    if as_json:
        console.emit({"phase": name, "designs": [asdict(one) for one in found]})
        return
    lines = [f"{one.team}: {one.unlike} of its last {one.looked_at} uploads" for one in found]
    console.result("\n".join(lines) or f"No team's uploads to {name} look like a design.")
