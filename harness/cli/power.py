"""`harness power`: how large a difference these subjects can show, and how many subjects would do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import DATA, JSON, KNOWN_TRUTH, TRUST_LABELS, Share, asked_truth, split_option

if TYPE_CHECKING:
    from eval_server.scoring.counts import Tally
    from eval_server.scoring.foresight import Power

ASKED = (0.005, 0.01, 0.02, 0.037, 0.05, 0.1)
"""Differences for which the table says how many subjects would do."""


@click.command()
@click.option(
    "--like", "entries", multiple=True, required=True, help="An entry to be like; several for pairs."
)
@KNOWN_TRUTH
@TRUST_LABELS
@split_option()
@DATA
@click.option(
    "--difference",
    type=Share(0, 1, min_open=True, max_open=True),
    help="Ask for one difference in weighted F1.",
)
@JSON
def power(
    entries: tuple[str, ...],
    truth_file: Path | None,
    trust_labels: bool,
    split: str | None,
    data_root: Path,
    difference: float | None,
    as_json: bool,
) -> None:
    """Say which difference in weighted F1 would be found in 80 of 100 cases with these subjects.

    With several --like the pairs of these entries stand for the pairs to come; with one, pairs are drawn that
    are as good as it and differ by subject as entries usually do.
    """
    from harness import console
    from harness.reports.judged import judged

    found = judged(list(entries), asked_truth(truth_file, split, data_root, trust_labels=trust_labels))
    known = _power([verdict.tally for verdict in found.verdicts.values()])
    wanted = ASKED if difference is None else (difference,)
    rows = [(one, known.subjects_for(one)) for one in wanted]
    if as_json:
        subjects = [{"difference": one, "subjects": many} for one, many in rows]
        console.emit({"findable": known.findable, "subjects": known.subjects, "subjects_for": subjects})
        return
    _show(known, rows, len(found.verdicts))


def _power(tallies: list[Tally | None]) -> Power:
    import numpy as np

    from eval_server.scoring import foresight
    from eval_server.scoring.counts import stacked
    from harness.errors import DataWrong

    known = [table for table in tallies if table is not None]
    if not known or len(known) < len(tallies):
        raise DataWrong("the subjects are not known", "Name a label file that says whose each cell is.")
    if len(known) > 1:
        table = stacked(known)
        first, second = (side.astype(np.int64) for side in np.triu_indices(len(known), 1))
    else:
        table = foresight.twins(known[0], np.random.default_rng(0))
        first = np.arange(0, len(table), 2)
        second = first + 1
    found = foresight.power(table, first, second)
    if found is None:
        raise DataWrong("nothing can be said: the differences show no spread over subjects")
    return found


def _show(known: Power, rows: list[tuple[float, int]], entries: int) -> None:
    from eval_server.figures.statements.intervals import can_find, subjects_needed
    from eval_server.figures.wording import signed
    from harness import console

    console.result(can_find(known.findable, known.subjects, entries=entries))
    cells: list[tuple[Any, ...]] = [(signed(one, 1), f"{many:,}") for one, many in rows]
    console.table(("difference, points", "subjects"), cells, title=subjects_needed())
