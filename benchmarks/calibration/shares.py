"""Counted shares: the diagnosis by majority (Clopper and Pearson), and a subject's cells (Wilson)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import numpy.typing as npt

from benchmarks.calibration.designs import LEVELS, SIZES, SPREADS, Spread, TrueRates, draw
from benchmarks.calibration.tables import Band, Job, Row, covered
from eval_server.scoring.counts import Floats
from eval_server.scoring.subjects import clopper_pearson, diagnosed, wilson

TITLE = "coverage / median width, 95 %, of shares"
DIAGNOSES = Band(0.94, 1.0)
WITHIN = Band(0.93, 1.0)

_diagnoses = cache(clopper_pearson)
_within = cache(wilson)


def shares(
    design: str, spread: Spread, truth: TrueRates, datasets: int, generator: np.random.Generator
) -> Row:
    """Diagnoses of each class against their share in all draws; cells against the subject's own chance."""
    blocks = [one.firsts for one in draw(design, spread, (truth, truth), datasets, generator)]
    named = np.concatenate([diagnosed(table) for table in blocks])
    many = [len(sizes) for sizes in SIZES[design]]
    sides = np.split(named, many[:1], axis=1)
    row = {
        f"diagnosis of {name} subjects": covered(*_exact(side), float(side.mean()), DIAGNOSES)
        for name, side in zip(("ALL", "HEM"), sides, strict=True)
    }
    cells = np.array([size for sizes in SIZES[design] for size in sizes])
    chance = generator.beta(6, 1, size=(datasets, len(cells)))
    hits = generator.binomial(cells, chance).ravel().tolist()
    low, high = np.array([_within(*one) for one in zip(hits, cells.tolist() * datasets, strict=True)]).T
    return row | {"within a subject": covered(low, high, chance.ravel(), WITHIN)}


def _exact(named: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    found = [_diagnoses(int(hits), named.shape[1]) for hits in named.sum(axis=1)]
    low, high = np.array([(one.low, one.high) for one in found]).T
    return low, high


def jobs() -> Iterator[Job]:
    for level in ("0.72", "0.89", "0.98"):
        for spread in SPREADS:
            for design in SIZES:
                name = f"{design}, {level}, {spread.name}"
                yield Job(TITLE, name, shares, (design, spread, TrueRates(*LEVELS[level], 0.25)))
