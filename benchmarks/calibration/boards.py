"""What a board of five entries says of ranks: claims of rank sets, an entry's own set, "among the best"."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.calibration.designs import PLAIN, SIZES, SPREADS, Spread
from benchmarks.calibration.rank_sets import NULLS, UNEQUAL, Null, drawn_entries
from benchmarks.calibration.tables import NOMINAL, Band, Job, Row, rate
from eval_server.scoring import ranking
from eval_server.scoring.exact import swap_tests
from eval_server.scoring.metrics import WEIGHTED_F1

TITLE = "false claims about ranks on a board of 5 entries (nominal 5 %)"
ENTRIES = 5
HOLDS = Band(0.0, 0.06)
BOLD = Band(0.0, 0.075)
"""Unequal spread: rank sets rest on the swap test, and are as bold as it is there."""


def false_claims(
    design: str, spread: Spread, null: Null, datasets: int, generator: np.random.Generator
) -> Row:
    """How often at least one rank set, an entry's own set, or its "among the best" leaves a true rank out."""
    entries = null.entries(ENTRIES)
    first, second = (side.astype(np.int64) for side in np.triu_indices(ENTRIES, 1))
    level = np.array([entry.sensitivity for entry in entries])
    best = 1 + (level[:, None] < level).sum(axis=1)
    last = ENTRIES - (level[:, None] > level).sum(axis=1)
    wrong: dict[str, list[object]] = {"rank sets, Holm": [], "own rank set": [], "among the best": []}
    for _ in range(datasets):
        table = drawn_entries(design, spread, entries, generator)
        value = np.asarray(
            WEIGHTED_F1.value(table.tp.sum(axis=1), table.tn.sum(axis=1), table.positives, table.negatives)
        )
        p, gap = swap_tests(WEIGHTED_F1, table, first, second).p, value[first] - value[second]
        better = ranking.better_than(ENTRIES, first, second, gap, ranking.holm(p) < NOMINAL)
        wrong["rank sets, Holm"].append((better & ~(level[:, None] > level)).any())
        own = ranking.own_ranks(ENTRIES, (first, second), gap, p, NOMINAL)
        low, high, among = np.array([(one.low, one.high, one.among_best) for one in own]).T
        wrong["own rank set"].extend((low > best) | (high < last))
        wrong["among the best"].extend(among < last)
    band = BOLD if null == UNEQUAL else HOLDS
    return {name: rate(each, band) for name, each in wrong.items()}


def jobs() -> Iterator[Job]:
    cases = [(null, spread) for null in NULLS for spread in SPREADS] + [(UNEQUAL, PLAIN)]
    for null, spread in cases:
        for design in SIZES:
            yield Job(TITLE, f"{design}, {null.name}, {spread.name}", false_claims, (design, spread, null))
