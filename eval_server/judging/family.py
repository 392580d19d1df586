"""The numbers of every pair of a board, a column each, and what depends on the whole family of tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval_server.judging.placing import Places
from eval_server.judging.verdict import Verdict
from eval_server.scoring import auc, pairwise, ranking
from eval_server.scoring.counts import Floats, Ints, Tally
from eval_server.scoring.differences import difference_limits
from eval_server.scoring.intervals import remark_of
from eval_server.scoring.metrics import WEIGHTED_F1
from eval_server.scoring.subjects import accuracies, diagnosed

NEEDS_SUBJECTS = "not estimable: the subjects are not known"
Columns = dict[str, Floats]


@dataclass(frozen=True, slots=True, eq=False)
class Lineup:
    """Entries in leaderboard order, with the places they hold."""

    names: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    places: Places

    @property
    def table(self) -> Tally | None:
        """Their counts by subject; None where the subjects are not known."""
        return self.places.table

    @property
    def weighted_f1(self) -> Floats:
        return np.array([verdict.weighted_f1 for verdict in self.verdicts])

    @property
    def subject_accuracy(self) -> Floats | None:
        return None if self.table is None else accuracies(self.table).mean(axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class PairFamily:
    """Pairs as columns: who, their numbers, and what is adjusted over the whole family of tests.

    A number that subjects or scores are missing for has no column, or is NaN in it.
    """

    names: tuple[str, ...]
    first: Ints
    second: Ints
    columns: Mapping[str, Floats]
    secondary: tuple[str, ...]
    p_holm: Floats
    q: Floats
    midp: Floats
    midp_holm: Floats
    auc_holm: Floats
    alpha: float
    margin: float | None
    remark: str

    def row(self, at: int) -> dict[str, float]:
        """The numbers of one pair that are known."""
        found = {name: float(column[at]) for name, column in self.columns.items()}
        return {name: value for name, value in found.items() if not np.isnan(value)}

    def only(self, at: int) -> tuple[int, int]:
        """Cells only the first, and only the second entry of one pair has right."""
        return int(self.columns["only_first"][at]), int(self.columns["only_second"][at])

    def significant(self) -> int:
        """How many differences are significant after Holm."""
        return int((self.p_holm < self.alpha).sum())

    def mcnemar_significant(self) -> int:
        """The same by McNemar's test on cells, of the pairs whose subjects allow the primary test."""
        return int((~np.isnan(self.p_holm) & (self.midp_holm < self.alpha)).sum())


def family_of(lineup: Lineup, alpha: float, margin: float | None) -> PairFamily:
    """Every number of the pairs that were placed."""
    where = lineup.places
    columns = _by_cells(lineup, where.first, where.second)
    columns |= _by_score(lineup, where.first, where.second)
    if lineup.table is not None:
        columns |= _by_swaps(where, lineup.table) | _by_subject(lineup.table, where.first, where.second)
        columns |= _limits(lineup.table, where, alpha)
        columns["design_effect"] = _design_effects(lineup.table, columns, where)
    midp = pairwise.mcnemar_midp(columns["only_first"], columns["only_second"])
    return PairFamily(
        lineup.names,
        where.first,
        where.second,
        columns,
        (*(metric.name for metric in where.metrics[1:]), "subject_accuracy"),
        where.p_holm,
        where.adjusted(where.tests[0].p, ranking.benjamini_hochberg),
        midp,
        where.adjusted(midp, ranking.holm),
        ranking.over_tests(ranking.holm, columns.get("auc_p", np.full(len(midp), np.nan))),
        alpha,
        margin,
        NEEDS_SUBJECTS if lineup.table is None else remark_of(WEIGHTED_F1, lineup.table),
    )


def _by_cells(lineup: Lineup, first: Ints, second: Ints) -> Columns:
    correct = np.array([verdict.cells.correct for verdict in lineup.verdicts])
    cells = pairwise.discordant(correct, first, second)
    value = lineup.weighted_f1
    return {
        "difference": value[first] - value[second],
        "only_first": cells.only_first.astype(float),
        "only_second": cells.only_second.astype(float),
    }


def _by_swaps(where: Places, table: Tally) -> Columns:
    """The primary test, and those of the other metrics that truth defines."""
    found = {"p": where.tests[0].p, "exact": where.tests[0].exact.astype(float)}
    for metric, test in zip(where.metrics[1:], where.tests[1:], strict=True):
        if metric.defined(table.positives, table.negatives):
            found |= {f"{metric.name}_difference": test.difference, f"{metric.name}_p": test.p}
    return found


def _by_subject(table: Tally, first: Ints, second: Ints) -> Columns:
    mean = accuracies(table).mean(axis=1)
    net, cells = pairwise.differences(table, first, second), table.subjects.cells
    ranked = pairwise.subject_wilcoxon(net, cells)
    named = pairwise.discordant(diagnosed(table), first, second)
    return {
        "subject_accuracy_difference": mean[first] - mean[second],
        "subject_accuracy_p": pairwise.subject_flip_p(net, cells),
        "wilcoxon_p": ranked.p,
        "wilcoxon_zeros": ranked.zeros.astype(float),
        "named_by_first": named.only_first.astype(float),
        "named_by_second": named.only_second.astype(float),
        "durkalski": pairwise.durkalski_chi2(net, cells),
        "obuchowski": pairwise.obuchowski_chi2(net),
    }


def _limits(table: Tally, where: Places, alpha: float) -> Columns:
    """The interval beside the primary test, and the limits that a margin is held against."""
    found = difference_limits(WEIGHTED_F1, table, where.first, where.second, 1 - alpha, where.tests[0].p)
    interval, margin = found.interval, found.margin
    limits = {"low": interval.low, "high": interval.high, "se": interval.se, "df": interval.df}
    return limits | {"margin_low": margin.low, "margin_high": margin.high}


def _design_effects(table: Tally, columns: Columns, where: Places) -> Floats:
    cells = pairwise.Discordant(
        columns["only_first"].astype(np.int64), columns["only_second"].astype(np.int64)
    )
    return pairwise.design_effects(table, cells, where.first, where.second)


def _by_score(lineup: Lineup, first: Ints, second: Ints) -> Columns:
    """AUC differences of the pairs in which both entries have scores, by cells and by subjects."""
    parts = [_auc_parts(verdict) for verdict in lineup.verdicts]
    scored = [part for part in parts if part is not None]
    if len(scored) < 2:
        return {}
    has = np.array([part is not None for part in parts])
    both = has[first] & has[second]
    place = np.cumsum(has) - 1
    one, other = place[first], place[second]
    value = np.array([part.auc for part in scored])
    difference = value[one] - value[other]

    def tested(matrix: Floats, df: Floats | None = None) -> Floats:
        variance = auc.difference_variances(matrix, one, other)
        return np.where(both, auc.two_sided_p(difference, variance, df), np.nan)

    found = {"auc_difference": np.where(both, difference, np.nan)}
    found["auc_cells_p"] = tested(auc.covariances(scored))
    if lineup.table is not None:
        summed = _by_subjects(lineup, parts)
        freedom = auc.difference_freedom(summed, one, other)
        found["auc_p"] = tested(auc.clustered_covariances(summed), freedom)
    return found


def _auc_parts(verdict: Verdict) -> auc.Components | None:
    cells = verdict.cells
    return None if cells.scores is None else auc.components(cells.labels, cells.scores)


def _by_subjects(lineup: Lineup, parts: Sequence[auc.Components | None]) -> list[auc.ClusteredComponents]:
    found = []
    for verdict, part in zip(lineup.verdicts, parts, strict=True):
        cells = verdict.cells
        if part is not None and cells.subjects is not None and verdict.tally is not None:
            found.append(auc.clustered(part, cells.labels, cells.subjects, verdict.tally.subjects))
    return found
