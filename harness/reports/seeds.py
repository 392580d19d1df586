"""Many runs of a few methods, summed up as the paper's Table 2 and compared over seeds and subjects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from eval_server.scoring.counts import stacked
from eval_server.scoring.methods import BothSources, both_sources
from eval_server.scoring.metrics import METRICS
from eval_server.scoring.ranking import holm
from eval_server.scoring.seeds import SeedComparison, SeedSummary, compare_seeds, summarise
from harness.errors import DataWrong
from harness.reports.seed_runs import SeedRuns, SeedTable, table_of

TABLE_2 = (
    "accuracy",
    "sensitivity",
    "specificity",
    "weighted_f1",
    "weighted_precision",
    "weighted_recall",
)
"""The rows of the paper's Table 2, in its order."""

PUBLISHED: Mapping[str, SeedSummary] = {
    metric: SeedSummary(24, low / 100, mean / 100, sd / 100, None, high / 100)
    for metric, low, mean, sd, high in (
        ("accuracy", 86.40, 87.96, 0.90, 89.88),
        ("sensitivity", 88.43, 92.01, 1.44, 94.50),
        ("specificity", 75.31, 80.36, 2.39, 84.72),
        ("weighted_f1", 86.28, 87.89, 0.90, 89.81),
        ("weighted_precision", 86.27, 87.91, 0.90, 89.81),
        ("weighted_recall", 86.40, 87.96, 0.90, 89.88),
    )
}
"""Table 2 of Prellberg and Kramer 2019: preliminary test set, the best epoch of each of 24 runs."""


@dataclass(frozen=True, slots=True)
class Method:
    """One method: its seeds where they are known, and its summary in every metric there is."""

    name: str
    seeds: tuple[int, ...] | None
    summaries: Mapping[str, SeedSummary]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MethodPair:
    """Two methods compared; `both` is absent with its reason where subjects and seeds cannot be joined.

    `p` is two-sided, and one-sided where one of the two was named beforehand as the `better` one; `p_holm` is
    adjusted over the pairs of the report.
    """

    a: str
    b: str
    seeds: SeedComparison
    p: float
    p_holm: float
    better: str | None
    both: BothSources | None
    why_not_both: str = ""

    def to_json(self) -> dict[str, Any]:
        found = asdict(self.seeds)
        paired = found.pop("paired")
        if self.seeds.paired is not None:
            said = self.seeds.paired
            paired |= {"significant": said.significant, "meaningful": said.meaningful}
        both = None if self.both is None else {**asdict(self.both), "seeds_share": self.both.seeds_share}
        return {
            "a": self.a,
            "b": self.b,
            **found,
            "p": self.p,
            "expected_better": self.better,
            "p_holm": self.p_holm,
            "paired": paired,
            "both_sources": both,
        }


@dataclass(frozen=True, slots=True)
class SeedReport:
    """What `harness seeds` shows; `metric` is the one that was tested."""

    metric: str
    methods: tuple[Method, ...]
    pairs: tuple[MethodPair, ...]
    subjects: int | None

    def to_json(self) -> dict[str, Any]:
        return {
            "metric": self.metric,
            "subjects": self.subjects,
            "methods": [
                {
                    "name": one.name,
                    "seeds": None if one.seeds is None else list(one.seeds),
                    "summary": {metric: asdict(found) for metric, found in one.summaries.items()},
                    "remarks": list(one.remarks),
                }
                for one in self.methods
            ],
            "pairs": [pair.to_json() for pair in self.pairs],
        }


def report_of_table(table: SeedTable, better: str | None = None) -> SeedReport:
    """A table of one metric: no predictions, so nothing can be said about other subjects."""
    methods = tuple(
        Method(name, table.seeds, {table.metric: summarise(values)}) for name, values in table.values.items()
    )
    pairs = [(a, b, None, "a table holds no predictions") for a, b in combinations(table.values, 2)]
    return SeedReport(table.metric, methods, _pairs(table, pairs, better), None)


def report_of_runs(runs: Sequence[SeedRuns], metric: str, better: str | None = None) -> SeedReport:
    """Runs with their predictions: every metric of Table 2, and both sources of noise together."""
    if not runs:
        raise DataWrong("there are no runs", "Name runs as method=PATTERN, or a table with a column seed.")
    _check_same_cells(runs)
    known = runs[0].verdicts[0].metrics
    names = dict.fromkeys((*(name for name in TABLE_2 if known[name] is not None), metric))
    methods = tuple(
        Method(
            one.method,
            one.seeds,
            {name: summarise(table_of([one], name).values[one.method]) for name in names},
            one.remarks,
        )
        for one in runs
    )
    pairs = [(one.method, other.method, *_both(one, other, metric)) for one, other in combinations(runs, 2)]
    summary = runs[0].verdicts[0].summary
    subjects = None if summary is None else summary.subjects
    return SeedReport(metric, methods, _pairs(table_of(runs, metric), pairs, better), subjects)


def _check_same_cells(runs: Sequence[SeedRuns]) -> None:
    first = runs[0].verdicts[0]
    for one in runs:
        for verdict in one.verdicts:
            if verdict.truth_sha256 != first.truth_sha256:
                counts = f"{len(verdict.cells.labels)} and {len(first.cells.labels)} cells"
                raise DataWrong(
                    f"runs of {one.method} and {runs[0].method} are about different cells ({counts})",
                    "Compare runs that predict the same cells.",
                )


def _both(one: SeedRuns, other: SeedRuns, metric: str) -> tuple[BothSources | None, str]:
    tallies = [[verdict.tally for verdict in runs.verdicts] for runs in (one, other)]
    known = [[table for table in part if table is not None] for part in tallies]
    if not all(known):
        return None, "the subjects are not known"
    if min(map(len, known)) < 2:
        return None, "one seed shows no spread over seeds"
    if metric not in METRICS:
        return None, f"{metric} is no function of the counts by subject"
    return both_sources(stacked(known[0]), stacked(known[1]), metric=METRICS[metric]), ""


def _pairs(
    table: SeedTable, found: Sequence[tuple[str, str, BothSources | None, str]], better: str | None
) -> tuple[MethodPair, ...]:
    _check_better(better, tuple(table.values))
    paired = table.seeds is not None
    generator = np.random.default_rng(0)
    compared = [
        compare_seeds(table.values[a], table.values[b], paired=paired, generator=generator)
        for a, b, _, _ in found
    ]
    p = [_p(one, a, b, better) for one, (a, b, _, _) in zip(compared, found, strict=True)]
    return tuple(
        MethodPair(a, b, one, own, float(adjusted), better if better in (a, b) else None, both, why)
        for (a, b, both, why), one, own, adjusted in zip(found, compared, p, holm(p), strict=True)
    )


def _check_better(better: str | None, names: tuple[str, ...]) -> None:
    if better is not None and better not in names:
        raise DataWrong(f"there is no method {better}", f"The methods are {', '.join(names)}.")


def _p(one: SeedComparison, a: str, b: str, better: str | None) -> float:
    """One-sided in the direction that was named, two-sided without one."""
    if better not in (a, b):
        return one.p
    return one.p_greater if better == a else one.p_less
