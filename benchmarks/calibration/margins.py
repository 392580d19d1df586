"""Equivalence at its margin: how often it is declared of entries that differ by exactly the margin."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.calibration.designs import LEVELS, SIZES, SPREADS, Spread, TrueRates, draw
from benchmarks.calibration.tables import Band, Job, Row, rate
from eval_server.scoring.counts import Floats
from eval_server.scoring.differences import difference_limits
from eval_server.scoring.metrics import WEIGHTED_F1

TITLE = "size of non-inferiority at the margin (nominal 5 %)"
HOLDS = Band(0.0, 0.06)
THREE_NORMAL = Band(0.0, 0.10)
"""fold_1 has three normal subjects; the page says what that does."""
CASES = {
    "0.89, 1 point": (LEVELS["0.89"], (0.918, 0.801)),
    "0.89, 2 points": (LEVELS["0.89"], (0.911, 0.783)),
    "0.72, 2 points": (LEVELS["0.72"], (0.87, 0.42)),
    "0.98, 1 point": (LEVELS["0.98"], (0.9795, 0.952)),
}


def size(design: str, spread: Spread, case: str, datasets: int, generator: np.random.Generator) -> Row:
    """How often the worse entry is called not inferior by the very margin by which it is worse."""
    row = {}
    band = THREE_NORMAL if design == "fold_1" else HOLDS
    for v in (0.05, 0.25):
        better, worse = (TrueRates(*rates, v) for rates in CASES[case])
        found: list[Floats] = []
        for drawn in draw(design, spread, (better, worse), datasets, generator):
            margin = better.value(drawn.table.subjects) - worse.value(drawn.table.subjects)
            limits = difference_limits(WEIGHTED_F1, drawn.table, drawn.first, drawn.second).margin
            found.append(limits.high < margin)
        row[f"v = {v:g}"] = rate(np.concatenate(found), band)
    return row


def jobs() -> Iterator[Job]:
    for case in CASES:
        for spread in SPREADS:
            for design in SIZES:
                yield Job(TITLE, f"{design}, {case}, {spread.name}", size, (design, spread, case))
