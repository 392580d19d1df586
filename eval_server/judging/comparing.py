"""Verdicts in, comparisons and standings out: who is better, by how much, and what is not known.

Who stands where comes of `placing`, as on the server's boards; the numbers of each pair come beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval_server.judging.comparisons import Pairs
from eval_server.judging.family import Lineup, family_of
from eval_server.judging.placing import ALPHA, PairTable, places
from eval_server.judging.report import Agreement, RankStability, Report, Standing, TauSummary
from eval_server.judging.verdict import Verdict
from eval_server.scoring import pairwise, ranking, resampling
from eval_server.scoring.counts import Floats
from eval_server.scoring.foresight import power
from eval_server.scoring.intervals import LEVEL, Interval
from eval_server.scoring.metrics import SWAPPED, WEIGHTED_F1
from eval_server.scoring.subjects import accuracies

EXACT = "exact subject swap on weighted F1, two-sided, Holm over the family"
RESAMPLED = f"{EXACT}; resampled where counting is too large"
CELLS_ONLY = f"McNemar mid-p on cells, which {pairwise.DESCRIPTIVE}"


class EntriesDiffer(ValueError):
    """Entries that were judged on different cells and cannot be compared; `hint` says what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def compare(
    entries: Mapping[str, Verdict],
    *,
    alpha: float = ALPHA,
    baseline: str | None = None,
    margin: float | None = None,
    stability: bool = True,
    resamples: int = resampling.RESAMPLES,
    digits: int | None = None,
) -> Report:
    """Compare entries judged on the same truth; those that tie (to so many `digits`) stand by name.

    With a `baseline` only its N - 1 pairs are tested. Raises `EntriesDiffer` when the verdicts are about
    different cells, and ValueError without entries, for an unknown baseline, alpha or margin.
    """
    _check(entries, alpha, baseline, margin)
    lineup = _lineup(entries, alpha, baseline, digits)
    family = family_of(lineup, alpha, margin)
    resampled = _resampled(lineup, stability, resamples)
    standings = _standings(lineup, resampled, alpha)
    table = lineup.table
    return Report(
        standings,
        Pairs(family),
        alpha,
        None if table is None else len(table.subjects),
        len(lineup.verdicts[0].cells.labels),
        lineup.verdicts[0].phase,
        _method(lineup),
        baseline,
        margin,
        family.significant(),
        family.mcnemar_significant(),
        _agreement(lineup, standings),
        None if resampled is None else _tau(resampled.stability),
        lineup.places.groups,
        None if table is None else ranking.friedman(accuracies(table), alpha=alpha),
        tuple(dict.fromkeys(remark for verdict in lineup.verdicts for remark in verdict.remarks)),
        _findable(lineup, alpha),
    )


def _lineup(entries: Mapping[str, Verdict], alpha: float, baseline: str | None, digits: int | None) -> Lineup:
    names = sorted(entries)
    against = None if baseline is None else names.index(baseline)
    found, table = [entries[name] for name in names], PairTable(SWAPPED)
    where = places(found, table, alpha=alpha, against=against, digits=digits)
    ordered = tuple(names[at] for at in where.order)
    return Lineup(ordered, tuple(entries[name] for name in ordered), where)


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


@dataclass(frozen=True, slots=True, eq=False)
class _Resampled:
    """What the resampled subjects say."""

    stability: resampling.Stability
    low: Floats
    high: Floats


def _resampled(lineup: Lineup, wanted: bool, resamples: int) -> _Resampled | None:
    if lineup.table is None or not wanted:
        return None
    verdict = lineup.verdicts[0]
    resampled = resampling.weights(
        lineup.table.subjects, resamples, resampling.generator_of(verdict.truth_sha256)
    )
    values = resampling.resampled(WEIGHTED_F1, lineup.table, resampled)
    return _Resampled(
        resampling.stability(values, lineup.weighted_f1), *resampling.percentile_limits(values, LEVEL)
    )


def _standings(lineup: Lineup, resampled: _Resampled | None, alpha: float) -> tuple[Standing, ...]:
    where = lineup.places
    better, sets = where.better, where.rank_sets
    means, own = lineup.subject_accuracy, where.own_ranks(alpha)
    by_subject = None if lineup.table is None else ranking.mean_subject_ranks(accuracies(lineup.table))
    return tuple(
        Standing(
            entry=name,
            weighted_f1=verdict.weighted_f1,
            interval=_interval(verdict, alpha),
            rank=where.ranks[at],
            rank_set=None if sets is None else sets[at],
            subject_accuracy=None if means is None else float(means[at]),
            mean_subject_rank=None if by_subject is None else float(by_subject[at]),
            wins=int(better[at].sum()),
            losses=int(better[:, at].sum()),
            percentile=None if resampled is None else (float(resampled.low[at]), float(resampled.high[at])),
            stability=None if resampled is None else _rank_stability(resampled.stability, at),
            remarks=verdict.remarks,
            own_rank=None if own is None else own[at],
        )
        for at, (name, verdict) in enumerate(zip(lineup.names, lineup.verdicts, strict=True))
    )


def _findable(lineup: Lineup, alpha: float) -> float | None:
    if lineup.table is None:
        return None
    found = power(lineup.table, lineup.places.first, lineup.places.second, alpha)
    return None if found is None else found.findable


def _interval(verdict: Verdict, alpha: float) -> Interval:
    """The interval of an entry, at the level of the tests beside it."""
    found = verdict.intervals[WEIGHTED_F1.name]
    return found if alpha == ALPHA else found.at_level(1 - alpha, WEIGHTED_F1.scale)


def _rank_stability(found: resampling.Stability, at: int) -> RankStability:
    frequency = tuple(found.frequency[at].tolist())
    return RankStability(frequency, float(found.median_rank[at]), float(found.first[at]))


def _tau(found: resampling.Stability) -> TauSummary | None:
    if not len(found.tau):
        return None
    low, middle, high = (float(value) for value in np.quantile(found.tau, [0.25, 0.5, 0.75]))
    used = len(found.tau) + found.undefined
    return TauSummary(float(found.tau.mean()), (low, middle, high), used, found.undefined)


def _agreement(lineup: Lineup, standings: Sequence[Standing]) -> Agreement | None:
    if lineup.table is None or len(standings) < 2:
        return None
    value = lineup.weighted_f1
    subjects = [-(standing.mean_subject_rank or 0.0) for standing in standings]
    wins = [float(standing.wins) for standing in standings]
    tau = ranking.kendall_tau_b
    return Agreement(tau(value, subjects), tau(value, wins), tau(subjects, wins))


def _method(lineup: Lineup) -> str:
    if lineup.table is None:
        return CELLS_ONLY
    return EXACT if lineup.places.tests[0].exact.all() else RESAMPLED
