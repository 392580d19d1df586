"""`harness data`: audit a copy of the data set, write its splits as tables, or draw a synthetic one."""

from __future__ import annotations

from pathlib import Path

import click

from harness import console
from harness.cli.options import ACCEPT_RESAVED, JSON, PATH, SEED, SHARED_CELLS
from harness.data.audit import EXAMPLES, Audit, Finding, SplitAudit, audit
from harness.errors import DataWrong
from submissions.label_files import SPLIT_PARTS
from submissions.writing import write_whole

_ROOT = click.argument("root", type=PATH)


@click.group()
def data() -> None:
    """Audit a copy of the data set, write a split as a table, or draw a synthetic set."""


@data.command("audit")
@_ROOT
@click.option("--rehash", is_flag=True, help="Read every file again, also those that did not change.")
@click.option("--jobs", type=click.IntRange(min=1), help="Files read at once (default: one a core).")
@ACCEPT_RESAVED
@JSON
def audit_command(root: Path, rehash: bool, jobs: int | None, accept_resaved: bool, as_json: bool) -> None:
    """Hold the copy below ROOT against the published list.

    Any published layout will do; images that were saved again with the same pixels count as intact, PNG
    copies too. Exit code 0 when it is complete, 3 when something is missing or damaged.
    """
    report = audit(root, console.progress, jobs, rehash=rehash, accept_resaved=accept_resaved)
    if as_json:
        console.emit(report.to_json())
    else:
        _show(report)
    if not report.complete:
        raise click.exceptions.Exit(DataWrong.exit_code)


@data.command("draw")
@_ROOT
@click.option("--scale", type=float, default=0.05, show_default=True, help="Share of the 15,114 cells.")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Another seed, other cells.")
@click.option("--jobs", type=click.IntRange(min=1), help="Cells drawn at once (default: one a core).")
@JSON
def draw_command(root: Path, scale: float, seed: int, jobs: int | None, as_json: bool) -> None:
    """Draw a synthetic data set below ROOT, in the published layout.

    For trying the program and its statistics: everything made from it says "drawn data".
    """
    from harness.data.synthetic import draw

    marker = draw(root, scale=scale, seed=seed, progress=console.progress, jobs=jobs)
    cells = {part: len(names) for part, names in marker.files.items()}
    if as_json:
        console.emit({"root": str(root), "drawn": True, "data": marker.words, "cells": cells})
        return
    counts = ", ".join(f"{count} {part}" for part, count in cells.items())
    console.result(f"{root}: {marker.words}; cells: {counts}")
    console.result(f"Hold it against its marker with: harness data audit {root}")


@data.command("table")
@_ROOT
@click.option(
    "--split",
    type=click.Choice(["prelim", "final", "fold0", "fold1", "fold2"]),
    required=True,
    help="What is predicted; everything else that is labelled and allowed is learnt from.",
)
@click.option("--out", type=PATH, default=Path("split.csv"), show_default=True, help="The table to write.")
@click.option("--part", type=click.Choice(SPLIT_PARTS), help="Only the cells of this part.")
@SHARED_CELLS
@ACCEPT_RESAVED
@JSON
def table_command(
    root: Path,
    split: str,
    out: Path,
    part: str | None,
    shared_cells: str,
    accept_resaved: bool,
    as_json: bool,
) -> None:
    """Write a split of the copy below ROOT as a table, for training elsewhere.

    One row a cell: path, cell, subject, label, part (train, test, left out) and the reason. Cells left out
    belong to subjects that share cells with the tested side. `harness score`, `compare` and `pack` take the
    predictions back. With --part test the table is a list of cells (--cells) and a label file (--truth), also
    of a copy that lacks images.
    """
    from harness.data.split_table import counts_of, rows_of, table_of
    from harness.data.splits import make_split, open_dataset

    dataset = open_dataset(root, console.progress, accept_resaved=accept_resaved)
    made = make_split(dataset, split, shared_cells=shared_cells)
    rows = rows_of(made, part)
    write_whole(out, table_of(rows))
    marks = [word for word, holds in (("drawn data", made.drawn), ("partial", made.partial)) if holds]
    if as_json:
        facts = {"split": split, "parts": counts_of(rows), "marked": marks}
        console.emit({"table": str(out), **facts, **made.described()})
        return
    counts = ", ".join(f"{count} {name}" for name, count in counts_of(rows).items() if count)
    console.result(f"{out}: split {split}, {counts}{''.join(f', {word}' for word in marks)}")
    for one in made.dropped:
        console.result(f"  {one}")


def _show(report: Audit) -> None:
    columns = ("part", "expected", "present", "missing", "corrupt", "unknown", "ALL", "HEM")
    console.result(f"{report.root}: {report.marker.words if report.marker else 'C-NMC 2019'}")
    console.table(columns, [_row(split) for split in report.splits.values()])
    console.result("ALL, HEM: intact cells/subjects of each class, as far as known.")
    for line in _remarks(report):
        console.result(line)
    console.result("Complete." if report.complete else "Not complete.")


def _row(split: SplitAudit) -> tuple[str, ...]:
    counts = split.classes()
    numbers = (split.expected, split.present, len(split.missing), len(split.corrupt), len(split.unknown))
    classes = (f"{counts[name].cells}/{counts[name].subjects}" for name in ("ALL", "HEM"))
    return (split.name, *map(str, numbers), *classes)


def _remarks(report: Audit) -> list[str]:
    label_file = report.label_file
    lines = [
        f"Label file: {label_file.path}, recognised."
        if label_file.recognised
        else f"Label file: not recognised; {label_file.reason}."
    ]
    for split in report.splits.values():
        lines += _listed(f"corrupt in {split.name}", split.corrupt)
        lines += _listed(f"unknown in {split.name}", split.unknown)
        lines += _resaved(split)
        if 0 < len(split.missing) < split.expected:
            lines.append(f"Missing in {split.name}: {_some(split.missing)}")
    lines += _listed("in another form", report.other_forms)
    if report.twins:
        lines.append(f"Cells that appear twice: {len(report.twins)} pairs of images.")
    for name in _WORDS:
        if paths := getattr(report, name):
            lines.append(f"{_WORDS[name]}: {_some(paths)}")
    return [*lines, *report.remarks]


_WORDS = {
    "stray": "Passed over, no images of the data set",
    "other_case": "Called otherwise than .bmp, taken all the same",
    "duplicates": "Passed over, further copies",
    "misplaced": "In another fold's folder (the published fold counts)",
}


def _resaved(split: SplitAudit) -> list[str]:
    """What was saved again, and whether it is used."""
    fate = "accepted, and marked on everything" if split.accepted else "not used; see --accept-resaved"
    kinds = {"same pixels, used as they are": split.resaved, f"pixels not known, {fate}": split.unproven}
    return [
        f"Saved again, {words}: {len(found)} images of {split.name} ({_some(_paths(found))})"
        for words, found in kinds.items()
        if found
    ]


def _paths(findings: tuple[Finding, ...]) -> tuple[str, ...]:
    return tuple(one.path for one in findings)


def _listed(words: str, findings: tuple[Finding, ...]) -> list[str]:
    lines = [f"{one.path}: {words}; {one.reason}" for one in findings[:EXAMPLES]]
    more = len(findings) - EXAMPLES
    return [*lines, f"… and {more} more {words}"] if more > 0 else lines


def _some(names: tuple[str, ...]) -> str:
    more = len(names) - EXAMPLES
    return ", ".join(names[:EXAMPLES]) + (f" and {more} more" if more > 0 else "")
