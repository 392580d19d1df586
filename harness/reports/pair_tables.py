"""Every pair of a comparison as a table: what was tested, with all its digits."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from eval_server.judging.report import Report
from harness.reports.seeds import SeedReport

ENTRIES = (
    "a", "b", "difference", "low", "high", "p", "p_holm", "significant", "mcnemar_midp", "mcnemar_holm",
    "auc_difference", "auc_p",
)  # fmt: skip
"""Columns of the pairs of `harness compare`: weighted F1 of a minus b, its interval and tests, the AUC."""

SEEDS = (
    "a", "b", "shift", "p", "p_holm", "a12", "a12_low", "a12_high", "cliffs_delta", "both_difference",
    "both_low", "both_high", "both_p",
)  # fmt: skip
"""Columns of the pairs of `harness seeds`; A12 is the area under the ROC curve of two sets of runs."""


def csv_text(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A CSV table; what is not known is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heads)
    writer.writerows(["" if value is None else value for value in row] for row in rows)
    return text.getvalue()


def pairs_of_entries(report: Report) -> str:
    """Every pair of a leaderboard."""
    return csv_text(ENTRIES, _of_entries(report))


def _of_entries(report: Report) -> Iterator[tuple[Any, ...]]:
    for pair in report.pairs:
        limits = pair.interval.limits
        auc = (None, None) if pair.auc is None else (pair.auc.difference, pair.auc.p)
        cells = (pair.mcnemar_midp, pair.mcnemar_holm)
        tests = (pair.p, pair.p_holm, pair.significant)
        yield pair.a, pair.b, pair.difference, *limits, *tests, *cells, *auc


def pairs_of_methods(report: SeedReport) -> str:
    """Every pair of methods over seeds."""
    return csv_text(SEEDS, _of_methods(report))


def _of_methods(report: SeedReport) -> Iterator[tuple[Any, ...]]:
    for pair in report.pairs:
        found, both = pair.seeds, pair.both
        nobody = (None, None, None, None)
        drawn = nobody if both is None else (both.difference, both.low, both.high, both.p)
        effect = (found.a12, *(found.a12_limits or (None, None)), found.cliffs_delta)
        yield pair.a, pair.b, found.shift, pair.p, pair.p_holm, *effect, *drawn
