"""Two entries at a time: the numbers of every pair, remembered by the verdicts they come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, overload

import numpy as np
import numpy.typing as npt

from eval_server.judging.verdict import Verdict
from eval_server.scoring import auc, pairwise, ranking
from eval_server.scoring.counts import Floats, Ints, Tally, settled, stacked
from eval_server.scoring.exact import swap_family
from eval_server.scoring.intervals import (
    LEVEL,
    NO_SPREAD,
    Interval,
    difference_intervals,
    remark_of,
    t_quantile,
)
from eval_server.scoring.metrics import SWAPPED, WEIGHTED_F1
from eval_server.scoring.subjects import accuracies

NEEDS_SUBJECTS = "not estimable: the subjects are not known"
Put = Callable[[str, npt.ArrayLike], None]
"""Sets one column of the pairs' numbers."""


@dataclass(frozen=True, slots=True)
class SecondaryTest:
    """A test reported beside the primary one: difference (first - second) and two-sided p."""

    difference: float
    p: float

    def to_json(self) -> dict[str, float]:
        return {"difference": self.difference, "p": self.p}


@dataclass(frozen=True, slots=True)
class McNemar:
    """Cells only one of two entries has right; assumes independent cells: descriptive only."""

    only_a: int
    only_b: int
    midp: float
    exact: float
    chance_not_better: float

    def to_json(self) -> dict[str, Any]:
        return {
            "only_a": self.only_a,
            "only_b": self.only_b,
            "midp": self.midp,
            "exact": self.exact,
            "chance_not_better": self.chance_not_better,
            "label": pairwise.DESCRIPTIVE,
        }


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Two one-sided tests against a margin fixed beforehand, by the 1 - 2 alpha interval.

    `equivalent`: the whole interval lies within the margin; `not_inferior`: the first is not worse than
    the second by the margin or more. All None where no interval can be estimated.
    """

    margin: float
    low: float | None
    high: float | None
    equivalent: bool | None
    not_inferior: bool | None

    def to_json(self) -> dict[str, Any]:
        return {
            "margin": self.margin,
            "interval": [self.low, self.high],
            "equivalent": self.equivalent,
            "not_inferior": self.not_inferior,
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two entries, the better-ranked first: difference in weighted F1 (a - b), interval and tests.

    `p` is the primary test and None without subjects; `p_holm` and `q` (BH) are None outside the family
    (all pairs, or those with the baseline). The chi-squares are for readers who know them.
    """

    a: str
    b: str
    difference: float
    interval: Interval
    p: float | None
    p_holm: float | None
    q: float | None
    exact: bool
    significant: bool
    mcnemar: McNemar
    mcnemar_holm: float
    design_effect: float | None
    secondary: Mapping[str, SecondaryTest]
    wilcoxon_p: float | None
    wilcoxon_zeros: int | None
    durkalski_chi2: float | None
    obuchowski_chi2: float | None
    auc: SecondaryTest | None
    auc_cells: SecondaryTest | None
    equivalence: Equivalence | None

    IN_FULL: ClassVar = (
        *("difference", "interval", "p", "p_holm", "q", "design_effect", "wilcoxon"),
        *("mcnemar", "mcnemar_midp", "mcnemar_holm", "durkalski_chi2", "obuchowski_chi2", "equivalence"),
        "secondary.subject_accuracy",
    )
    """What everybody may read in full: it follows from counts by subject and from discordant cells."""

    @property
    def mcnemar_midp(self) -> float:
        return self.mcnemar.midp

    def to_json(self) -> dict[str, Any]:
        return {
            "a": self.a,
            "b": self.b,
            "difference": self.difference,
            "interval": self.interval.limits,
            "interval_remark": self.interval.remark,
            "p": self.p,
            "p_holm": self.p_holm,
            "q": self.q,
            "exact": self.exact,
            "significant": self.significant,
            "mcnemar_midp": self.mcnemar.midp,
            "mcnemar_holm": self.mcnemar_holm,
            "mcnemar": self.mcnemar.to_json(),
            "design_effect": self.design_effect,
            "secondary": {name: test.to_json() for name, test in self.secondary.items()},
            "wilcoxon": {"p": self.wilcoxon_p, "zeros": self.wilcoxon_zeros},
            "durkalski_chi2": self.durkalski_chi2,
            "obuchowski_chi2": self.obuchowski_chi2,
            "auc": None if self.auc is None else self.auc.to_json(),
            "auc_cells": None if self.auc_cells is None else self.auc_cells.to_json(),
            "equivalence": None if self.equivalence is None else self.equivalence.to_json(),
        }


_COLUMNS: tuple[str, ...] = (
    "difference",
    "se",
    "df",
    "p",
    "exact",
    *(f"{metric.name}_difference" for metric in SWAPPED[1:]),
    *(f"{metric.name}_p" for metric in SWAPPED[1:]),
    "subject_accuracy_difference",
    "subject_accuracy_p",
    "wilcoxon_p",
    "wilcoxon_zeros",
    "durkalski",
    "obuchowski",
    "discordant",
    "net",
    "design_effect",
    "auc_difference",
    "auc_p",
    "auc_cells_p",
)
"""The numbers of a pair."""

_AT = {name: at for at, name in enumerate(_COLUMNS)}


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """Pairs as columns: who, their numbers, and what depends on the whole family of tests."""

    names: tuple[str, ...]
    first: Ints
    second: Ints
    rows: Floats
    tested: npt.NDArray[np.bool_]
    p_holm: Floats
    q: Floats
    midp: Floats
    midp_holm: Floats
    alpha: float
    margin: float | None
    remark: str

    def column(self, name: str) -> Floats:
        return self.rows[:, _AT[name]]


class Pairs(Sequence[Comparison]):
    """All comparisons of a report; each is put together when it is asked for."""

    def __init__(self, family: Family) -> None:
        self._family = family

    def __len__(self) -> int:
        return len(self._family.first)

    @overload
    def __getitem__(self, at: int) -> Comparison: ...
    @overload
    def __getitem__(self, at: slice) -> list[Comparison]: ...
    def __getitem__(self, at: int | slice) -> Comparison | list[Comparison]:
        if isinstance(at, slice):
            return [_comparison(self._family, row) for row in range(*at.indices(len(self)))]
        if not -len(self) <= at < len(self):
            raise IndexError(at)
        return _comparison(self._family, at % len(self))

    def __iter__(self) -> Iterator[Comparison]:
        return (_comparison(self._family, row) for row in range(len(self)))

    def names(self) -> Iterator[tuple[str, str]]:
        """The two entries of every comparison, the better-ranked first."""
        family = self._family
        return ((family.names[i], family.names[j]) for i, j in zip(family.first, family.second, strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class Board:
    """Entries in leaderboard order, with their counts by subject in one table."""

    names: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    table: Tally | None

    @classmethod
    def of(cls, entries: Mapping[str, Verdict]) -> Board:
        values = settled([verdict.weighted_f1 for verdict in entries.values()])
        value = dict(zip(entries, values.tolist(), strict=True))
        order = sorted(entries, key=lambda name: (-value[name], name))
        verdicts = tuple(entries[name] for name in order)
        tallies = [verdict.tally for verdict in verdicts if verdict.tally is not None]
        return cls(tuple(order), verdicts, stacked(tallies) if len(tallies) == len(verdicts) else None)

    @property
    def weighted_f1(self) -> Floats:
        return np.array([verdict.weighted_f1 for verdict in self.verdicts])

    @property
    def subject_accuracy(self) -> Floats | None:
        return None if self.table is None else accuracies(self.table).mean(axis=1)


def family_of(board: Board, alpha: float, baseline: str | None, margin: float | None) -> Family:
    first, second = (side.astype(np.int64) for side in np.triu_indices(len(board.names), 1))
    if baseline is not None:
        at = board.names.index(baseline)
        chosen = (first == at) | (second == at)
        first, second = first[chosen], second[chosen]
    rows = _computed(board, first, second)
    p = rows[:, _AT["p"]]
    tested = ~np.isnan(p)
    p_holm, q = np.full((2, len(p)), np.nan)
    p_holm[tested], q[tested] = ranking.holm(p[tested]), ranking.benjamini_hochberg(p[tested])
    midp = pairwise.mcnemar_midp(*_only(rows))
    remark = NEEDS_SUBJECTS if board.table is None else remark_of(WEIGHTED_F1, board.table)
    return Family(
        board.names, first, second, rows, tested, p_holm, q, midp, ranking.holm(midp), alpha, margin, remark
    )


def _only(rows: Floats) -> tuple[Ints, Ints]:
    """Cells only the first, and only the second entry of each pair has right."""
    total, net = rows[:, _AT["discordant"]], rows[:, _AT["net"]]
    return ((total + net) // 2).astype(np.int64), ((total - net) // 2).astype(np.int64)


def _computed(board: Board, first: Ints, second: Ints) -> Floats:
    """The numbers of pairs from scratch; columns that subjects or scores are missing for stay NaN."""
    rows = np.full((len(first), len(_COLUMNS)), np.nan)

    def put(name: str, values: npt.ArrayLike) -> None:
        rows[:, _AT[name]] = values

    correct = np.array([verdict.cells.correct for verdict in board.verdicts])
    cells = pairwise.discordant(correct, first, second)
    put("discordant", cells.only_first + cells.only_second)
    put("net", cells.only_first - cells.only_second)
    value = board.weighted_f1
    put("difference", value[first] - value[second])
    if board.table is not None:
        _by_subject(board.table, cells, first, second, put)
    _by_score(board, first, second, put)
    return rows


def _by_subject(table: Tally, cells: pairwise.Discordant, first: Ints, second: Ints, put: Put) -> None:
    tests = swap_family(SWAPPED, table, first, second)
    put("p", tests[0].p)
    put("exact", tests[0].exact)
    for metric, test in zip(SWAPPED[1:], tests[1:], strict=True):
        if not metric.defined(table.positives, table.negatives):
            continue
        put(f"{metric.name}_difference", test.difference)
        put(f"{metric.name}_p", test.p)
    spread = difference_intervals(WEIGHTED_F1, table, first, second)
    put("se", spread.se)
    put("df", spread.df)
    shares = accuracies(table)
    put("subject_accuracy_difference", shares.mean(axis=1)[first] - shares.mean(axis=1)[second])
    net, cells_of = pairwise.differences(table, first, second), table.subjects.cells
    put("subject_accuracy_p", pairwise.subject_flip_p(net, cells_of))
    ranked = pairwise.subject_wilcoxon(net, cells_of)
    put("wilcoxon_p", ranked.p)
    put("wilcoxon_zeros", ranked.zeros)
    put("durkalski", pairwise.durkalski_chi2(net, cells_of))
    put("obuchowski", pairwise.obuchowski_chi2(net))
    put("design_effect", pairwise.design_effects(table, cells, first, second))


def _by_score(board: Board, first: Ints, second: Ints, put: Put) -> None:
    """AUC differences of the pairs in which both entries have scores, by cells and by subjects."""
    parts = [_auc_parts(verdict) for verdict in board.verdicts]
    scored = [part for part in parts if part is not None]
    if len(scored) < 2:
        return
    has = np.array([part is not None for part in parts])
    both = has[first] & has[second]
    place = np.cumsum(has) - 1
    one, other = place[first], place[second]
    value = np.array([part.auc for part in scored])
    difference = value[one] - value[other]

    def tested(matrix: Floats) -> Floats:
        return np.where(both, auc.normal_p(difference, auc.difference_variances(matrix, one, other)), np.nan)

    put("auc_difference", np.where(both, difference, np.nan))
    put("auc_cells_p", tested(auc.covariances(scored)))
    if board.table is not None:
        put("auc_p", tested(auc.clustered_covariances(_by_subjects(board, parts))))


def _auc_parts(verdict: Verdict) -> auc.Components | None:
    cells = verdict.cells
    return None if cells.scores is None else auc.components(cells.labels, cells.scores)


def _by_subjects(board: Board, parts: Sequence[auc.Components | None]) -> list[auc.ClusteredComponents]:
    found = []
    for verdict, part in zip(board.verdicts, parts, strict=True):
        cells = verdict.cells
        if part is not None and cells.subjects is not None and verdict.tally is not None:
            found.append(auc.clustered(part, cells.labels, cells.subjects, verdict.tally.subjects))
    return found


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _comparison(family: Family, at: int) -> Comparison:
    row = {name: float(value) for name, value in zip(_AT, family.rows[at], strict=True)}
    p_holm = _known(family.p_holm[at])
    one, other = (int(side[0]) for side in _only(family.rows[at : at + 1]))
    names = [*(metric.name for metric in SWAPPED[1:]), "subject_accuracy"]
    secondary = {
        name: SecondaryTest(row[f"{name}_difference"], row[f"{name}_p"])
        for name in names
        if not np.isnan(row[f"{name}_p"])
    }
    zeros = _known(row["wilcoxon_zeros"])
    return Comparison(
        a=family.names[family.first[at]],
        b=family.names[family.second[at]],
        difference=row["difference"],
        interval=_difference_interval(family, row, LEVEL),
        p=_known(row["p"]),
        p_holm=p_holm,
        q=_known(family.q[at]),
        exact=row["exact"] == 1,
        significant=p_holm is not None and p_holm < family.alpha,
        mcnemar=_mcnemar(one, other, float(family.midp[at])),
        mcnemar_holm=float(family.midp_holm[at]),
        design_effect=_known(row["design_effect"]),
        secondary=secondary,
        wilcoxon_p=_known(row["wilcoxon_p"]),
        wilcoxon_zeros=None if zeros is None else int(zeros),
        durkalski_chi2=_known(row["durkalski"]),
        obuchowski_chi2=_known(row["obuchowski"]),
        auc=_auc_test(row, "auc_p"),
        auc_cells=_auc_test(row, "auc_cells_p"),
        equivalence=None if family.margin is None else _equivalence(family, row),
    )


def _mcnemar(one: int, other: int, midp: float) -> McNemar:
    exact = float(pairwise.mcnemar_exact(one, other))
    return McNemar(one, other, midp, exact, float(pairwise.chance_not_better(one, other)))


def _auc_test(row: Mapping[str, float], name: str) -> SecondaryTest | None:
    return None if np.isnan(row[name]) else SecondaryTest(row["auc_difference"], row[name])


def _difference_interval(family: Family, row: Mapping[str, float], level: float) -> Interval:
    if np.isnan(row["se"]):
        reason = family.remark if family.remark.startswith("not ") else NO_SPREAD
        return Interval(row["difference"], None, None, remark=reason)
    half = float(t_quantile(row["df"], level)) * row["se"]
    low, high = row["difference"] - half, row["difference"] + half
    return Interval(row["difference"], low, high, row["se"], row["df"], family.remark)


def _equivalence(family: Family, row: Mapping[str, float]) -> Equivalence:
    assert family.margin is not None
    limits = _difference_interval(family, row, 1 - 2 * family.alpha)
    if limits.low is None or limits.high is None:
        return Equivalence(family.margin, None, None, None, None)
    above = limits.low > -family.margin
    return Equivalence(family.margin, limits.low, limits.high, above and limits.high < family.margin, above)
