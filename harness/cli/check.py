"""`harness check`: whether a submission would be accepted, and if not, every reason."""

from __future__ import annotations

from pathlib import Path

import click

from harness import console
from harness.cli.options import JSON, PATH, SCORES
from harness.data.published import known_phase
from harness.errors import DataWrong, Refused, UsageWrong
from harness.python.reading import check as checked
from harness.python.reading import unreadable
from submissions.checking import CheckReport
from submissions.columns import CELL
from submissions.naming import last_part, listed_phase
from submissions.phases import OFFICIAL, Phase
from submissions.problems import Problem, SubmissionRefused
from submissions.rows import sheet_of

PHASE = click.option(
    "--phase",
    "phase_name",
    help="prelim, final, fold0, fold1, fold2, or with --cells the name of your own phase.",
)
CELLS = click.option(
    "--cells",
    "cells_file",
    type=PATH,
    help="Table with a column `cell` (or `new_names`): a phase of your own, in the order of its rows.",
)


@click.command()
@click.argument("submission", metavar="FILE", type=PATH)
@PHASE
@CELLS
@SCORES
@JSON
@click.pass_context
def check(
    ctx: click.Context,
    submission: Path,
    phase_name: str | None,
    cells_file: Path | None,
    scale: str | None,
    as_json: bool,
) -> None:
    """Say whether FILE, a zip or a table of predictions, would be accepted, and if not, every reason.

    Without --phase the cells of a table or the number of lines decides: 1867 is prelim, 2586 is final.
    Exits with 5 when the submission would be refused.
    """
    report = checked(submission, asked_phase(phase_name, cells_file), scores=scale).report
    if as_json:
        console.emit(report.to_json())
    else:
        _show(report, submission.name)
    if not report.accepted:
        ctx.exit(Refused.exit_code)


def asked_phase(name: str | None, cells_file: Path | None) -> Phase | None:
    """The phase the options name; None when neither was given, and the submission itself decides."""
    if cells_file is not None:
        return _own_phase(name, listed_phase(name or cells_file.stem, _cells_of(cells_file)), cells_file)
    if name is None:
        return None
    phase = known_phase(name)
    if phase is None:
        known = "prelim or final, or a fold (fold0, fold1, fold2)"
        raise UsageWrong(f"there is no phase {name!r}: expected {known}", "Name its cells with --cells CSV.")
    return phase


def _own_phase(name: str | None, phase: Phase, cells_file: Path) -> Phase:
    """This phase; an official name stands for the official cells and no others."""
    official = OFFICIAL.get(name or phase.name)
    if official is not None and official.key != phase.key:
        raise UsageWrong(
            f"{cells_file} lists {len(phase)} cells, but {official.name} is the official phase "
            f"of {len(official)} other cells",
            "Give your own cells a name of their own with --phase, or leave --cells out.",
        )
    return phase


def _cells_of(path: Path) -> list[str]:
    """The cells a table lists, each once, in the order of its rows."""
    try:
        sheet = sheet_of(path)
        named = [at for name in CELL for at, title in enumerate(sheet.first) if title.lower() == name]
        rows = list(sheet.rows(header=True)) if named else []
    except OSError as error:
        raise unreadable(path, error) from error
    except SubmissionRefused as refused:
        raise DataWrong(f"{path}: {refused}") from refused
    cells = [last_part(fields[named[0]]) if len(fields) > named[0] else "" for _, fields in rows]
    if not cells or "" in cells or len(set(cells)) != len(cells):
        found = f"{len(rows)} rows with {len(set(cells) - {''})} different cells"
        hint = "Give the table a first line `cell` and list every cell of the phase once."
        raise DataWrong(f"{path}: expected a column `cell` that names every cell once, found {found}", hint)
    return cells


def _show(report: CheckReport, name: str) -> None:
    if report.predictions is None:
        number = len(report.problems)
        console.result(f"{name}: refused, {number} reason{'s' if number > 1 else ''}")
        for at, problem in enumerate(report.problems, start=1):
            console.result(_in_words(at, problem))
    else:
        count, positives = len(report.predictions.labels), report.predictions.positives
        console.result(f"{name}: accepted for {report.phase}")
        console.result(f"  {count} predictions: {positives} ALL, {count - positives} HEM")
    for remark in report.read_as:
        console.result(f"  {remark}")
    for remark in report.passed_over:
        console.result(f"  passed over: {remark}")


def _in_words(at: int, problem: Problem) -> str:
    return (
        f"{at:3}. {problem.what}\n"
        f"     where     {problem.where}\n"
        f"     expected  {problem.expected}\n"
        f"     found     {problem.found}\n"
        f"     mend      {problem.mend}"
    )
