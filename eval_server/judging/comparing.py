"""Verdicts in, comparisons and standings out: who is better, by how much, and what is not known.

Every pair's numbers depend on the two verdicts alone; what belongs to the whole family (Holm, ranks,
stability) comes on top.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from eval_server.judging.pairs import (
    Board,
    Comparison,
    Equivalence,
    Family,
    McNemar,
    Pairs,
    SecondaryTest,
    family_of,
)
from eval_server.judging.verdict import Verdict
from eval_server.scoring import pairwise, ranking, resampling
from eval_server.scoring.counts import Floats
from eval_server.scoring.intervals import LEVEL, Interval
from eval_server.scoring.metrics import WEIGHTED_F1
from eval_server.scoring.subjects import accuracies

__all__ = [
    "Agreement",
    "Comparison",
    "EntriesDiffer",
    "Equivalence",
    "McNemar",
    "RankStability",
    "Report",
    "SecondaryTest",
    "Standing",
    "TauSummary",
    "compare",
]

ALPHA = 0.05
EXACT = "exact subject swap on weighted F1, two-sided, Holm over the family"
RESAMPLED = f"{EXACT}; resampled where counting is too large"
CELLS_ONLY = f"McNemar mid-p on cells, which {pairwise.DESCRIPTIVE}"


class EntriesDiffer(ValueError):
    """Entries that were judged on different cells and cannot be compared; `hint` says what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


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

    `mean_subject_rank` is rank-then-aggregate, `wins` and `losses` (Holm-significant) test-then-rank.
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

    IN_FULL: ClassVar = (
        *("interval", "subject_accuracy", "mean_subject_rank", "percentile_interval", "stability"),
    )
    """What everybody may read in full: it follows from counts by subject."""

    def to_json(self) -> dict[str, Any]:
        percentile = None if self.percentile is None else list(self.percentile)
        return {
            "name": self.entry,
            "weighted_f1": self.weighted_f1,
            "interval": self.interval.limits,
            "interval_remark": self.interval.remark,
            "rank": self.rank,
            "rank_set": None if self.rank_set is None else list(self.rank_set),
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
    `significant` and `mcnemar_significant` count differences after Holm at `alpha`.
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

    IN_FULL: ClassVar = (
        *("alpha", "margin", "agreement", "tau"),
        *(f"entries.{name}" for name in Standing.IN_FULL),
        *(f"pairs.{name}" for name in Comparison.IN_FULL),
    )
    """What everybody may read in full."""

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
            "remarks": list(self.remarks),
        }


def compare(
    entries: Mapping[str, Verdict],
    *,
    alpha: float = ALPHA,
    baseline: str | None = None,
    margin: float | None = None,
    stability: bool = True,
    resamples: int = resampling.RESAMPLES,
) -> Report:
    """Compare entries judged on the same truth.

    With a `baseline` only its N - 1 pairs are tested. Raises `EntriesDiffer` when the verdicts are about
    different cells, and ValueError without entries, for an unknown baseline, alpha or margin.
    """
    _check(entries, alpha, baseline, margin)
    board = Board.of(entries)
    family = family_of(board, alpha, baseline, margin)
    better = _better(board, family)
    drawn = _drawn(board, stability, resamples)
    standings = _standings(board, better, drawn, alpha)
    return Report(
        standings,
        Pairs(family),
        alpha,
        None if board.table is None else len(board.table.subjects),
        len(board.verdicts[0].cells.labels),
        board.verdicts[0].phase,
        _method(board, family),
        baseline,
        margin,
        int((family.tested & (family.p_holm < alpha)).sum()),
        int((family.tested & (family.midp_holm < alpha)).sum()),
        _agreement(board, standings),
        None if drawn is None else _tau(drawn.stability),
        tuple(ranking.groups(better)) if board.table is not None else (),
        None if board.table is None else ranking.friedman(accuracies(board.table), alpha=alpha),
        tuple(dict.fromkeys(remark for verdict in board.verdicts for remark in verdict.remarks)),
    )


def _check(entries: Mapping[str, Verdict], alpha: float, baseline: str | None, margin: float | None) -> None:
    if not entries:
        raise ValueError("there is nothing to compare: no entry was given")
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha lies between 0 and 0.5, found {alpha}")
    if margin is not None and not 0 < margin < 1:
        raise ValueError(f"the margin lies between 0 and 1, found {margin}")
    if baseline is not None and baseline not in entries:
        raise ValueError(f"the baseline {baseline} is not among the entries {', '.join(entries)}")
    (name, verdict), *others = entries.items()
    for other, found in others:
        if found.truth_sha256 != verdict.truth_sha256:
            counts = f"{name} with {len(verdict.cells.labels)}, {other} with {len(found.cells.labels)} cells"
            hint = "Score all entries against one label file, each with all of its cells."
            raise EntriesDiffer(f"{name} and {other} were judged on different cells: {counts}", hint)


def _better(board: Board, family: Family) -> npt.NDArray[np.bool_]:
    significant = family.tested & (family.p_holm < family.alpha)
    return ranking.better_than(
        len(board.names), family.first, family.second, family.column("difference"), significant
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """What the resampled subjects say."""

    stability: resampling.Stability
    low: Floats
    high: Floats


def _drawn(board: Board, wanted: bool, resamples: int) -> _Drawn | None:
    if board.table is None or not wanted:
        return None
    verdict = board.verdicts[0]
    drawn = resampling.weights(board.table.subjects, resamples, resampling.generator_of(verdict.truth_sha256))
    values = resampling.resampled(WEIGHTED_F1, board.table, drawn)
    return _Drawn(
        resampling.stability(values, board.weighted_f1), *resampling.percentile_limits(values, LEVEL)
    )


def _standings(
    board: Board, better: npt.NDArray[np.bool_], drawn: _Drawn | None, alpha: float
) -> tuple[Standing, ...]:
    places = ranking.rank(board.weighted_f1)
    sets = ranking.rank_sets(better)
    known = board.table is not None
    means = board.subject_accuracy
    by_subject = None if board.table is None else ranking.mean_subject_ranks(accuracies(board.table))
    return tuple(
        Standing(
            entry=name,
            weighted_f1=verdict.weighted_f1,
            interval=verdict.intervals["weighted_f1"],
            rank=int(places[at]),
            rank_set=sets[at] if known else None,
            subject_accuracy=None if means is None else float(means[at]),
            mean_subject_rank=None if by_subject is None else float(by_subject[at]),
            wins=int(better[at].sum()),
            losses=int(better[:, at].sum()),
            percentile=None if drawn is None else (float(drawn.low[at]), float(drawn.high[at])),
            stability=None if drawn is None else _rank_stability(drawn.stability, at),
            remarks=verdict.remarks,
        )
        for at, (name, verdict) in enumerate(zip(board.names, board.verdicts, strict=True))
    )


def _rank_stability(found: resampling.Stability, at: int) -> RankStability:
    frequency = tuple(found.frequency[at].tolist())
    return RankStability(frequency, float(found.median_rank[at]), float(found.first[at]))


def _tau(found: resampling.Stability) -> TauSummary | None:
    if not len(found.tau):
        return None
    low, middle, high = (float(value) for value in np.quantile(found.tau, [0.25, 0.5, 0.75]))
    used = len(found.tau) + found.undefined
    return TauSummary(float(found.tau.mean()), (low, middle, high), used, found.undefined)


def _agreement(board: Board, standings: Sequence[Standing]) -> Agreement | None:
    if board.table is None or len(standings) < 2:
        return None
    value = board.weighted_f1
    subjects = [-(standing.mean_subject_rank or 0.0) for standing in standings]
    wins = [float(standing.wins) for standing in standings]
    tau = ranking.kendall_tau_b
    return Agreement(tau(value, subjects), tau(value, wins), tau(subjects, wins))


def _method(board: Board, family: Family) -> str:
    if board.table is None:
        return CELLS_ONLY
    return EXACT if (family.column("exact") == 1).all() else RESAMPLED
