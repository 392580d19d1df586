"""Areas under the ROC curve with drawn scores: the interval of one, and the test of two."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.special import ndtr

from benchmarks.calibration.designs import SIZES, subjects_of_design
from benchmarks.calibration.tables import NOMINAL, Band, Job, Row, covered, rate
from eval_server.scoring import auc
from eval_server.scoring.counts import Floats

TITLE = "areas under the ROC curve"
LEVELS = {"AUC 0.74": 0.45, "AUC 0.95": 1.16}
"""Distance of the class means from the middle, in standard deviations of a cell's score, by true area."""
SHARED, OWN = 0.6, 0.35
SIZE, COVERED = Band(0.0, 0.075), Band(0.92, 1.0)


def areas(design: str, distance: float, datasets: int, generator: np.random.Generator) -> Row:
    """Two entries of the same true area; a score is the class mean, subject effects and noise of the cell."""
    subjects = subjects_of_design(design)
    index = np.repeat(np.arange(len(subjects)), subjects.cells)
    labels = (subjects.positives > 0)[index].astype(np.uint8)
    side = np.where(labels == 1, distance, -distance)
    true = float(ndtr(2 * distance / np.sqrt(2 * (1 + SHARED**2 + OWN**2))))
    rows = []
    for _ in range(datasets):
        shared = SHARED * generator.normal(size=len(subjects))
        cells = generator.normal(size=len(index))
        parts = []
        for _ in "ab":
            own = OWN * generator.normal(size=len(subjects))
            noise = np.sqrt(0.5) * (cells + generator.normal(size=len(index)))
            parts.append(_summed(labels, side + (shared + own)[index] + noise, index, subjects))
        rows.append(_row(parts))
    p_t, p_normal, low, high = np.array(rows).T
    return {
        "test, Student's t": rate(p_t < NOMINAL, SIZE),
        "test, normal (before)": rate(p_normal < NOMINAL),
        "interval of one": covered(low, high, true, COVERED),
    }


def _summed(labels, scores: Floats, index, subjects) -> auc.ClusteredComponents:  # type: ignore[no-untyped-def]
    found = auc.components(labels, scores)
    assert found is not None
    return auc.clustered(found, labels, index, subjects)


def _row(parts: list[auc.ClusteredComponents]) -> tuple[float, float, float, float]:
    pair = np.array([0]), np.array([1])
    difference = np.array([parts[0].auc - parts[1].auc])
    variance = auc.difference_variances(auc.clustered_covariances(parts), *pair)
    p = float(auc.two_sided_p(difference, variance, auc.difference_freedom(parts, *pair))[0])
    one = auc.auc_interval(parts[0])
    if np.isnan(p) or one.low is None or one.high is None:
        return 1.0, 1.0, np.nan, np.nan
    return p, float(auc.two_sided_p(difference, variance)[0]), one.low, one.high


def jobs() -> Iterator[Job]:
    for level, distance in LEVELS.items():
        for design in SIZES:
            yield Job(TITLE, f"{design}, {level}", areas, (design, distance))
