"""A leaderboard as a value: standings in order of rank, comparisons, and what may be said of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from eval_server.judging.comparisons import Pairs
from eval_server.judging.pairs import Comparison
from eval_server.scoring import ranking, resampling
from eval_server.scoring.intervals import Interval


@dataclass(frozen=True, slots=True)
class RankStability:
    """How one entry's rank moves when subjects are drawn anew: stability, not confidence."""

    frequency: tuple[float, ...]
    median_rank: float
    first: float

    def to_json(self) -> dict[str, Any]:
        return {"frequency": list(self.frequency), "median_rank": self.median_rank, "first": self.first}


@dataclass(frozen=True, slots=True)
class Standing:
    """One entry's place: rank by weighted F1, the ranks it may have, and the other ways to rank.

    `rank_set` holds for all entries together, `own_rank` for the entry taken alone; it is None where only the
    pairs with a baseline were tested. `mean_subject_rank` is rank-then-aggregate, `wins` and `losses`
    (Holm-significant) test-then-rank.
    """

    entry: str
    weighted_f1: float
    interval: Interval
    rank: int
    rank_set: tuple[int, int] | None
    subject_accuracy: float | None
    mean_subject_rank: float | None
    wins: int
    losses: int
    percentile: tuple[float, float] | None
    stability: RankStability | None
    remarks: tuple[str, ...] = ()
    own_rank: ranking.OwnRank | None = None

    def to_json(self) -> dict[str, Any]:
        percentile = None if self.percentile is None else list(self.percentile)
        return {
            "name": self.entry,
            "weighted_f1": self.weighted_f1,
            "interval": self.interval.limits,
            "interval_remark": self.interval.remark,
            "rank": self.rank,
            "rank_set": None if self.rank_set is None else list(self.rank_set),
            "own_rank_set": None if self.own_rank is None else [self.own_rank.low, self.own_rank.high],
            "among_best": None if self.own_rank is None else self.own_rank.among_best,
            "subject_accuracy": self.subject_accuracy,
            "mean_subject_rank": self.mean_subject_rank,
            "wins": self.wins,
            "losses": self.losses,
            "percentile_interval": percentile,
            "stability": None if self.stability is None else self.stability.to_json(),
            "remarks": list(self.remarks),
        }


@dataclass(frozen=True, slots=True)
class Agreement:
    """Kendall's tau-b among the three ways to rank; None where a ranking ties everything."""

    f1_and_subjects: float | None
    f1_and_tests: float | None
    subjects_and_tests: float | None

    def to_json(self) -> dict[str, float | None]:
        return {
            "f1_and_subjects": self.f1_and_subjects,
            "f1_and_tests": self.f1_and_tests,
            "subjects_and_tests": self.subjects_and_tests,
        }


@dataclass(frozen=True, slots=True)
class TauSummary:
    """Kendall's tau-b between the ranking and those of drawn subjects; `undefined` draws are left out."""

    mean: float
    quartiles: tuple[float, float, float]
    resamples: int
    undefined: int

    def to_json(self) -> dict[str, Any]:
        return {
            "mean": self.mean,
            "quartiles": list(self.quartiles),
            "resamples": self.resamples,
            "undefined": self.undefined,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """The leaderboard of a phase: standings in order of rank, comparisons, and what may be said.

    `groups` are the longest runs of standings, as (start, stop), no two of which can be told apart.
    `significant` and `mcnemar_significant` count differences after Holm at `alpha`; `findable` is the
    difference that is found in 80 of 100 cases, taken alone, among entries that differ as these do.
    """

    entries: tuple[Standing, ...]
    pairs: Pairs
    alpha: float
    subjects: int | None
    cells: int
    phase: str
    method: str
    baseline: str | None
    margin: float | None
    significant: int
    mcnemar_significant: int
    agreement: Agreement | None
    tau: TauSummary | None
    groups: tuple[tuple[int, int], ...]
    friedman: ranking.Friedman | None
    remarks: tuple[str, ...]
    findable: float | None = None

    def between(self, one: str, other: str) -> Comparison:
        """The comparison of two entries, whichever stands higher; raises KeyError where there is none."""
        for at, (first, second) in enumerate(self._names()):
            if {first, second} == {one, other}:
                return self.pairs[at]
        raise KeyError((one, other))

    def _names(self) -> Iterator[tuple[str, str]]:
        return self.pairs.names()

    def to_json(self) -> dict[str, Any]:
        return {
            "entries": [standing.to_json() for standing in self.entries],
            "pairs": [pair.to_json() for pair in self.pairs],
            "alpha": self.alpha,
            "subjects": self.subjects,
            "cells": self.cells,
            "phase": self.phase,
            "method": self.method,
            "baseline": self.baseline,
            "margin": self.margin,
            "significant": self.significant,
            "mcnemar_significant": self.mcnemar_significant,
            "agreement": None if self.agreement is None else self.agreement.to_json(),
            "tau": None if self.tau is None else self.tau.to_json(),
            "groups": [list(group) for group in self.groups],
            "percentile_label": resampling.PERCENTILE,
            "findable": self.findable,
            "remarks": list(self.remarks),
        }
