"""How much too high the best of several tries comes out, as it was chosen on the subjects it is shown on.

The subjects at hand stand for all of their kind, and resampled ones (within each class, the same for all
tries) for those at hand. In every resample the best try is chosen by its value there. The optimism is the
mean, over resamples, of the value that the chosen one has there minus its value on the subjects at hand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eval_server.scoring.counts import TIE, Floats, Tally
from eval_server.scoring.metrics import Metric
from eval_server.scoring.resampling import resampled


@dataclass(frozen=True, slots=True)
class BestOf:
    """So many tries of which the best is shown, and the optimism to expect of its value."""

    tries: int
    optimism: float


def optimism(metric: Metric, table: Tally, drawn: Floats) -> float:
    """The optimism of the best row of `table` over resamples (rows: how often each subject is taken).

    Of rows that tie in a resample the first is chosen, as on a board the earlier submission.
    """
    values = resampled(metric, table, drawn)
    chosen = (values >= values.max(axis=1, keepdims=True) - TIE).argmax(axis=1)
    at_hand = metric.value(table.tp.sum(axis=1), table.tn.sum(axis=1), table.positives, table.negatives)
    return float((values[np.arange(len(values)), chosen] - at_hand[chosen]).mean())
