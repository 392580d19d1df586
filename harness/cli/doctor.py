"""`harness doctor`: what is installed, what is wrong, and how to mend it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness import console
from harness.cli.options import DATA, JSON
from harness.cli.variables import ELSEWHERE, SECRET, readers, told, unknown
from harness.errors import Unavailable

if TYPE_CHECKING:
    from harness.doctor import Finding


@click.command()
@DATA
@JSON
@click.pass_context
def doctor(ctx: click.Context, data_root: Path, as_json: bool) -> None:
    """Say what is installed, which device there is, whether the data is found, and how to mend the rest."""
    from harness.doctor import State, diagnose

    findings = (*diagnose(data_root), *_variables(ctx))
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


def _variables(ctx: click.Context) -> Iterator[Finding]:
    """The variables with our prefix that are set, and who reads them."""
    from harness.cli.main import cli
    from harness.doctor import Finding, State

    known = readers(cli.all_commands(ctx))
    for name in sorted(name for name in os.environ if name in known and os.environ[name]):
        hidden = known[name][0].partition("--")[2] in SECRET
        value = "is set" if hidden else f"= {os.environ[name]}"
        yield Finding("variable", State.OK, f"{name} {value}, read by {_some(known[name])}")
    for name in sorted(ELSEWHERE.keys() & os.environ.keys()):
        yield Finding("variable", State.OK, f"{name} is set: {ELSEWHERE[name]}")
    for name, near in unknown(os.environ, known).items():
        yield Finding("variable", State.NOTE, told(name, near))


def _some(names: list[str]) -> str:
    more = len(names) - 3
    return ", ".join(names[:3]) + (f" and {more} more" if more > 0 else "")
