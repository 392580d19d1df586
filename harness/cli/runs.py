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
    help="csv and --json hold more columns.",
)
@JSON
def runs(runs_root: Path, form: str, as_json: bool) -> None:
    """List all runs: how far each came, its weighted F1 with the interval where it was judged, and how it
    differs from the other runs of its entry (settings, weights, limit)."""
    from harness.runs.listing import runs_table

    table = runs_table(runs_root)
    if as_json:
        console.emit({"runs": json.loads(table.to_json(orient="records"))})
    elif form == "csv":
        console.result(table.to_csv(index=False).rstrip("\n"))
    else:
        _show(table)


def _show(table: pd.DataFrame) -> None:
    """What fits a terminal: folders hold entry, split and seed in their names; the rest tells runs apart."""
    shown = ["run", "status", "F1, %", "95 %", "what differs", "remarks"]
    rows = [
        (
            str(one.run),
            one.status,
            _percent(one.weighted_f1),
            _interval(one.low, one.high),
            _differs(one.settings, one.weights, one.limit),
            one.remarks,
        )
        for one in table.itertuples()
    ]
    console.table(shown, rows, left=(0, 1, 4, 5))


def _differs(settings: str, weights: str, limit: object) -> str:
    """Settings that differ among the runs of the entry, the first weights, and the limit on cells."""
    said = [
        settings,
        f"weights {weights}" if weights else "",
        f"limit {limit}" if str(limit).isdigit() else "",
    ]
    return ", ".join(filter(None, said))


def _percent(share: float) -> str:
    return "" if share != share else f"{100 * share:.2f}"


def _interval(low: float, high: float) -> str:
    return "" if low != low else f"{100 * low:.1f} to {100 * high:.1f}"
