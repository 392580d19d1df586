"""The table of hand-made descriptors of many cells, computed once and kept."""

from __future__ import annotations

from models.contract import Cells, Session
from models.descriptors import measures
from models.descriptors.store import Features, Measurement, features_of, made_by

DESCRIPTORS = Measurement(
    name=f"descriptors-{measures.VERSION}",
    width=len(measures.NAMES),
    compute=measures.describe,
    parallel=True,
    made_by=made_by([measures], ["scikit-image", "scipy", "numpy"]),
)


def descriptors_of(cells: Cells, session: Session) -> Features:
    """Descriptors of n cells, float64, shape (n, len(NAMES)); minutes for the whole data set."""
    return features_of(cells, DESCRIPTORS, session)
