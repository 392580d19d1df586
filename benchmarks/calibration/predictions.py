"""How often the value on the next subjects lies in the prediction interval, and in the confidence one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.calibration.designs import LEVELS, SIZES, SPREADS, Spread, TrueRates, draw
from benchmarks.calibration.tables import Band, Job, Row, covered
from eval_server.scoring.counts import Floats, Subjects, Tally
from eval_server.scoring.foresight import next_interval
from eval_server.scoring.intervals import entry_intervals
from eval_server.scoring.metrics import WEIGHTED_F1

TITLE = "share / width, next subjects, true wF1"
HOLDS, THREE_NORMAL = Band(0.925, 1.0), Band(0.905, 1.0)
"""fold_1 has three normal subjects, and covers 91.8 % near .98 where their sizes are drawn anew."""


def predicted(
    design: str, spread: Spread, truth: TrueRates, datasets: int, generator: np.random.Generator
) -> Row:
    """The second entry of a data set stands for the next subjects: as many, with effects of their own."""
    again = list(draw(design, spread, (truth, truth), datasets, generator))
    later = draw(design, spread, (truth, truth), datasets, generator)
    inside: dict[str, list[Floats]] = {}
    for now, then in zip(again, later, strict=True):
        value = _values(then.firsts)
        ahead = [_limits(row, len(now.table.subjects)) for row in _rows(now.firsts)]
        known = entry_intervals(WEIGHTED_F1, now.firsts)
        for name, (low, high) in {
            "prediction interval": np.array(ahead).T,
            "confidence interval": (known.low, known.high),
        }.items():
            inside.setdefault(name, []).append(np.stack([low, high, value]))
    bands = {"prediction interval": THREE_NORMAL if design == "fold_1" else HOLDS}
    return {name: covered(*np.concatenate(each, axis=1), bands.get(name)) for name, each in inside.items()}


def _values(table: Tally) -> Floats:
    return np.asarray(
        WEIGHTED_F1.value(table.tp.sum(axis=1), table.tn.sum(axis=1), table.positives, table.negatives)
    )


def _rows(table: Tally) -> list[Tally]:
    subjects: Subjects = table.subjects
    return [Tally(subjects, table.tp[at : at + 1], table.tn[at : at + 1]) for at in range(len(table))]


def _limits(table: Tally, subjects: int) -> tuple[float, float]:
    found = next_interval(table, subjects)
    return (np.nan, np.nan) if found.low is None or found.high is None else (found.low, found.high)


def jobs() -> Iterator[Job]:
    for level in ("0.72", "0.89", "0.98"):
        for spread in SPREADS:
            for design in SIZES:
                name = f"{design}, {level}, {spread.name}"
                yield Job(TITLE, name, predicted, (design, spread, TrueRates(*LEVELS[level], 0.25)))
