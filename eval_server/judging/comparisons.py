"""The comparisons of a report, each put together from its family's columns when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import overload

import numpy as np

from eval_server.judging.family import PairFamily
from eval_server.judging.pairs import (
    Comparison,
    DiagnosisTest,
    Equivalence,
    McNemar,
    ScoreTest,
    SecondaryTest,
)
from eval_server.scoring import pairwise
from eval_server.scoring.counts import Floats
from eval_server.scoring.intervals import NO_SPREAD, Interval

ALIKE = "the two entries call every cell alike"


class Pairs(Sequence[Comparison]):
    """All comparisons of a report: 19,900 for 200 entries, of which most readers ask for a few."""

    def __init__(self, family: PairFamily) -> None:
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


def _comparison(family: PairFamily, at: int) -> Comparison:
    row = family.row(at)
    p_holm, zeros = _known(family.p_holm, at), row.get("wilcoxon_zeros")
    return Comparison(
        a=family.names[family.first[at]],
        b=family.names[family.second[at]],
        difference=row["difference"],
        interval=_difference_interval(family, row, ""),
        p=row.get("p"),
        p_holm=p_holm,
        q=_known(family.q, at),
        exact=row.get("exact") == 1,
        significant=p_holm is not None and p_holm < family.alpha,
        mcnemar=_mcnemar(*family.only(at), float(family.midp[at])),
        mcnemar_holm=float(family.midp_holm[at]),
        design_effect=row.get("design_effect"),
        secondary=_secondary(family, row),
        wilcoxon_p=row.get("wilcoxon_p"),
        wilcoxon_zeros=None if zeros is None else int(zeros),
        durkalski_chi2=row.get("durkalski"),
        obuchowski_chi2=row.get("obuchowski"),
        auc=_auc_test(row, _known(family.auc_holm, at)),
        auc_cells=_auc_cells(row),
        equivalence=None if family.margin is None else _equivalence(family, row, family.margin),
        diagnosis=_diagnosis(row),
    )


def _known(column: Floats, at: int) -> float | None:
    return None if np.isnan(column[at]) else float(column[at])


def _secondary(family: PairFamily, row: Mapping[str, float]) -> dict[str, SecondaryTest]:
    return {
        name: SecondaryTest(row[f"{name}_difference"], row[f"{name}_p"])
        for name in family.secondary
        if f"{name}_p" in row
    }


def _mcnemar(one: int, other: int, midp: float) -> McNemar:
    exact = float(pairwise.mcnemar_exact(one, other))
    return McNemar(one, other, midp, exact, float(pairwise.chance_not_better(one, other)))


def _diagnosis(row: Mapping[str, float]) -> DiagnosisTest | None:
    if "named_by_first" not in row:
        return None
    one, other = int(row["named_by_first"]), int(row["named_by_second"])
    return DiagnosisTest(one, other, float(pairwise.mcnemar_exact(one, other)))


def _auc_test(row: Mapping[str, float], p_holm: float | None) -> ScoreTest | None:
    return ScoreTest(row["auc_difference"], row["auc_p"], p_holm) if "auc_p" in row else None


def _auc_cells(row: Mapping[str, float]) -> SecondaryTest | None:
    return SecondaryTest(row["auc_difference"], row["auc_cells_p"]) if "auc_cells_p" in row else None


def _difference_interval(family: PairFamily, row: Mapping[str, float], which: str) -> Interval:
    """The limits of one kind; entries that call every cell alike differ by 0 and nothing else."""
    if not row["only_first"] + row["only_second"]:
        return Interval(0.0, 0.0, 0.0, 0.0, None, ALIKE)
    if "se" not in row:
        reason = family.remark if family.remark.startswith("not ") else NO_SPREAD
        return Interval(row["difference"], None, None, remark=reason)
    low, high = row[f"{which}low"], row[f"{which}high"]
    return Interval(row["difference"], low, high, row["se"], row["df"], family.remark)


def _equivalence(family: PairFamily, row: Mapping[str, float], margin: float) -> Equivalence:
    limits = _difference_interval(family, row, "margin_")
    if limits.low is None or limits.high is None:
        return Equivalence(margin, None, None, None, None, None)
    above, below = limits.low > -margin, limits.high < margin
    return Equivalence(margin, limits.low, limits.high, above and below, above, below)
