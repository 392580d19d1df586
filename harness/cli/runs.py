"""`harness runs`: what was tried so far."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness import console
from harness.cli.options import JSON, RUNS

if TYPE_CHECKING:
    import pandas as pd


@click.command()
@RUNS
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv"]),
    default="table",
    show_default=True,
    help="csv also names the folders.",
)
@JSON
def runs(runs_root: Path, form: str, as_json: bool) -> None:
    """List all runs: how far each came, and its weighted F1 with the interval where it was judged."""
    from harness.runs.listing import runs_table

    table = runs_table(runs_root)
    if as_json:
        console.emit({"runs": json.loads(table.to_json(orient="records"))})
    elif form == "csv":
        console.result(table.to_csv(index=False).rstrip("\n"))
    else:
        _show(table)


def _show(table: pd.DataFrame) -> None:
    """What fits a terminal; the folders' whole names are in the other formats."""
    shown = ["entry", "split", "seed", "status", "F1, %", "95 %", "remarks"]
    rows = [
        (
            str(one.entry),
            str(one.split),
            str(one.seed),
            one.status,
            _percent(one.weighted_f1),
            _interval(one.low, one.high),
            one.remarks,
        )
        for one in table.itertuples()
    ]
    console.table(shown, rows, left=(0, 1, 3, 6))


def _percent(share: float) -> str:
    return "" if share != share else f"{100 * share:.2f}"


def _interval(low: float, high: float) -> str:
    return "" if low != low else f"{100 * low:.1f} to {100 * high:.1f}"
