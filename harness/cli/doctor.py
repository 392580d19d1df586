"""`harness doctor`: what is installed, what is wrong, and how to mend it."""

from __future__ import annotations

from pathlib import Path

import click

from harness import console
from harness.cli.options import DATA, JSON
from harness.errors import Unavailable


@click.command()
@DATA
@JSON
@click.pass_context
def doctor(ctx: click.Context, data_root: Path, as_json: bool) -> None:
    """Say what is installed, which device there is, whether the data is found, and how to mend the rest."""
    from harness.diagnosis import State, diagnose

    findings = diagnose(data_root)
    wrong = any(one.state is State.WRONG for one in findings)
    if as_json:
        console.emit({"healthy": not wrong, "checks": [one.to_json() for one in findings]})
    else:
        for one in findings:
            console.result(f"{one.state.value:6}{one.name:12} {one.found}")
            if one.mend:
                console.result(f"{'':18} -> {one.mend}")
    if wrong:
        ctx.exit(Unavailable.exit_code)
