"""Golden inputs of the statistics, and small truths and verdicts to play with."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np

from eval_server.judging.truth import Truth, read_truth
from eval_server.judging.verdict import Verdict, judge
from eval_server.scoring.counts import Subjects, Tally
from eval_server.scoring.metrics import Metric
from submissions.phases import phase_of
from submissions.predictions import Predictions
from tests.support import stored

ENTRIES = ("E1", "E2", "E3", "E4", "E5")
PAIRS = tuple(f"{one}-{two}" for one, two in combinations(ENTRIES, 2))
FIRST, SECOND = (side.astype(np.int64) for side in np.triu_indices(len(ENTRIES), 1))
"""Rows of the pairs of `PAIRS` in a golden table."""

LABEL_FILE = "cnmc/C-NMC_Leukemia/validation_data/C-NMC_test_prelim_phase_data_labels.csv"


@cache
def golden(name: str) -> Any:
    """A document of golden numbers."""
    return json.loads(stored(f"golden/{name}.json").read_text())


def golden_rows(name: str) -> list[dict[str, str]]:
    """The rows of a golden table."""
    with stored(f"golden/{name}.csv").open(newline="") as table:
        return list(csv.DictReader(table))


@cache
def golden_truth() -> Truth:
    """The truth of the 1,867 synthetic cells, read as a user would."""
    return read_truth(stored("golden/cells.csv"))


@cache
def golden_verdicts() -> dict[str, Verdict]:
    """The five synthetic entries, judged."""
    truth = golden_truth()
    rows = {f"{row['cell']}.bmp": row for row in golden_rows("cells")}
    ordered = [rows[cell] for cell in truth.phase.cells]
    return {
        entry: judge(
            Predictions(
                truth.phase,
                np.array([int(row[f"{entry}_pred"]) for row in ordered]),
                np.array([float(row[f"{entry}_prob"]) for row in ordered]),
            ),
            truth,
        )
        for entry in ENTRIES
    }


def golden_tally(names: Sequence[str] | None = None) -> Tally:
    """Correct cells of the five entries by subject, from the golden counts; only `names` if given."""
    rows = {(row["entry"], row["subject"]): row for row in golden_rows("subject_counts")}
    chosen = list(names or sorted({subject for _, subject in rows}))

    def column(entry: str, *fields: str) -> list[int]:
        return [sum(int(rows[entry, name][field]) for field in fields) for name in chosen]

    subjects = Subjects(tuple(chosen), np.array(column("E1", "tp", "fn")), np.array(column("E1", "tn", "fp")))
    tp, tn = (np.array([column(entry, field) for entry in ENTRIES]) for field in ("tp", "tn"))
    return Tally(subjects, tp, tn)


def a_truth(subjects: dict[str, str], name: str = "a phase") -> Truth:
    """A truth from each subject's labels: ``{"A": "111", "H1": "000"}``; cells are named A-1, A-2, …"""
    labels = {f"{who}-{at}.bmp": int(label) for who, row in subjects.items() for at, label in enumerate(row)}
    phase = phase_of(name, labels)
    return Truth(
        phase,
        np.array([labels[cell] for cell in phase.cells]),
        tuple(cell.rpartition("-")[0] for cell in phase.cells),
    )


def a_verdict(truth: Truth, wrong: Sequence[str] = (), scores: np.ndarray | None = None) -> Verdict:
    """A verdict that is right but for the cells named in `wrong`."""
    turned = np.array([cell in wrong for cell in truth.phase.cells])
    return judge(Predictions(truth.phase, np.where(turned, 1 - truth.labels, truth.labels), scores), truth)


def swap_by_enumeration(metric: Metric, table: Tally, first: int, second: int) -> tuple[float, float]:
    """Two-sided and "greater" p of the subject swap by looking at all 2^K swaps of the counts."""
    size = len(table.subjects)
    swaps = np.arange(2**size)[:, None] >> np.arange(size) & 1

    def value(one: int, two: int) -> np.ndarray:
        tp = np.where(swaps, table.tp[two], table.tp[one]).sum(axis=1)
        tn = np.where(swaps, table.tn[two], table.tn[one]).sum(axis=1)
        return metric.value(tp, tn, table.positives, table.negatives)

    null = value(first, second) - value(second, first)
    observed = null[0]
    return float(np.mean(np.abs(null) >= abs(observed) - 1e-12)), float(np.mean(null >= observed - 1e-12))
