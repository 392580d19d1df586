"""`harness import-leaderboard`: a leaderboard of Codabench as reference rows for a board of ours."""

from __future__ import annotations

import os
from pathlib import Path

import click

from harness import console
from harness.cli.options import JSON, PATH, SITE_OPTION
from harness.errors import DataWrong, UsageWrong


@click.command(name="import-leaderboard")
@click.option("--table", type=PATH, help="CSV table of the leaderboard, as its organizer exports it.")
@click.option("--competition", type=click.IntRange(1), help="Number of a competition on Codabench.")
@click.option("--phase", "phase_name", help="Name of the phase there.")
@click.option("--source", help="What the rows are said to come from.")
@click.option("--out", type=PATH, default=Path("references.csv"), show_default=True, help="Table to write.")
@SITE_OPTION
@JSON
def import_leaderboard(
    table: Path | None,
    competition: int | None,
    phase_name: str | None,
    source: str | None,
    out: Path,
    site: str | None,
    as_json: bool,
) -> None:
    """Write a leaderboard of Codabench as a table for `harness phase reference`.

    From --table, or with --competition and --phase from the site, which answers without a token (a
    competition that is not published asks for CODABENCH_TOKEN). Rows without weighted F1 are left out.
    """
    from harness.upload.codabench import SITE, Site
    from harness.upload.standings import as_table, from_site, from_table
    from harness.upload.token import VARIABLE
    from submissions.writing import write_whole

    if bool(table) == bool(competition) or bool(competition) != bool(phase_name):
        raise UsageWrong("expected --table CSV, or --competition ID and --phase NAME", "Give one of them.")
    if table:
        found, usual = from_table(table), table.name
    else:
        there = Site(site or SITE, os.environ.get(VARIABLE, ""))
        found = from_site(there, competition or 0, phase_name or "")
        usual = f"Codabench competition {competition}, {phase_name}"
    if not found.rows:
        raise DataWrong("no row of the leaderboard has weighted F1", "Is it a leaderboard of this challenge?")
    write_whole(out, as_table(found, source or usual))
    _tell(out, len(found.rows), found.without, as_json=as_json)


def _tell(out: Path, rows: int, without: int, *, as_json: bool) -> None:
    if as_json:
        console.emit({"references": str(out), "rows": rows, "without": without})
        return
    console.result(f"Wrote {out}: {rows} rows; {without} without weighted F1 are left out.")
    console.say(f"Add them to a phase: harness phase reference PHASE {out}")
