"""`harness inspect`: a look inside one run, as a page and as numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness import console
from harness.cli.options import DATA, JSON, KNOWN_TRUTH, PATH, RUNS, TRUST_LABELS

if TYPE_CHECKING:
    from harness.reports.inspection.found import Inspection


@click.command()
@click.argument("run", metavar="RUN")
@DATA
@RUNS
@KNOWN_TRUTH
@TRUST_LABELS
@click.option(
    "-o", "--out", type=PATH, help="Where the page goes; inspect.html in the run's folder when left out."
)
@click.option(
    "--cells",
    type=click.IntRange(min=0, max=500),
    default=24,
    show_default=True,
    help="How many of the most wrong cells are shown.",
)
@click.option(
    "--maps/--no-maps",
    default=True,
    show_default=True,
    help="For networks: show where in each cell the network looked (needs the extra `inspect`).",
)
@click.option("--device", default="auto", show_default=True, help="What computes the maps: cpu, cuda, …")
@JSON
def inspect(
    run: str,
    data_root: Path,
    runs_root: Path,
    truth_file: Path | None,
    trust_labels: bool,
    out: Path | None,
    cells: int,
    maps: bool,
    device: str,
    as_json: bool,
) -> None:
    """Look inside a run: its epochs, its subjects, its most wrong cells, and where its network looked.

    Writes one HTML page that needs no network. Takes any run: trained, predicted by another (--from), joined;
    one that is still training shows its epochs so far. Research only: nothing on it is a diagnosis.
    """
    from harness.reports.inspection.document import document_of
    from harness.reports.inspection.found import AskedInspection
    from harness.reports.inspection.gathering import inspect as look
    from harness.reports.inspection.page import write_inspection
    from harness.runs.finished import one_run

    path = one_run(run, runs_root)
    asked = AskedInspection(path, data_root, truth_file, trust_labels, cells, maps, device)
    found = look(asked)
    page = out or path / "inspect.html"
    write_inspection(page, found)
    if as_json:
        console.emit(document_of(found, page))
        return
    _show(found, page)


def _show(found: Inspection, page: Path) -> None:
    from harness.runs.own import NO_DIAGNOSIS
    from harness.runs.verdict_words import headline, weakness

    verdict = found.verdict
    rows = [
        ("score", "" if verdict is None else headline(found.entry, verdict)),
        ("", "" if verdict is None else weakness(verdict)),
        ("epochs", f"{len(found.epochs)} recorded" if found.epochs else ""),
        ("wrong", f"{found.all_wrong} cells, {len(found.wrong)} shown" if verdict is not None else ""),
        ("marked", ", ".join(found.remarks)),
        ("page", str(page)),
    ]
    for name, text in rows:
        if text:
            console.result(f"{name:12} {text}")
    console.result(NO_DIAGNOSIS)
