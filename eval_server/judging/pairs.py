"""What is said of two entries: difference, interval and tests, as values and as a document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eval_server.scoring.intervals import Interval
from eval_server.scoring.pairwise import DESCRIPTIVE


@dataclass(frozen=True, slots=True)
class SecondaryTest:
    """A test reported beside the primary one: difference (first - second) and two-sided p."""

    difference: float
    p: float

    def to_json(self) -> dict[str, float]:
        return {"difference": self.difference, "p": self.p}


@dataclass(frozen=True, slots=True)
class ScoreTest:
    """A test of two areas under the ROC curve; `p_holm` within the family of the pairs that have scores."""

    difference: float
    p: float
    p_holm: float | None = None

    def to_json(self) -> dict[str, float | None]:
        return {"difference": self.difference, "p": self.p, "p_holm": self.p_holm}


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
            "label": DESCRIPTIVE,
        }


@dataclass(frozen=True, slots=True)
class DiagnosisTest:
    """Subjects only one of two entries names rightly by majority, and McNemar's exact test of them.

    Subjects are independent, so here the test holds; with few of them it finds little.
    """

    only_a: int
    only_b: int
    p: float

    def to_json(self) -> dict[str, Any]:
        return {"only_a": self.only_a, "only_b": self.only_b, "p": self.p}


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Two one-sided tests against a margin fixed beforehand, by the 1 - 2 alpha interval.

    `equivalent`: the whole interval lies within the margin; `not_inferior`: the first is not worse than
    the second by the margin or more; `other_not_inferior`: the second is not worse than the first by it.
    All None where no interval can be estimated. Not adjusted for the number of pairs.
    """

    margin: float
    low: float | None
    high: float | None
    equivalent: bool | None
    not_inferior: bool | None
    other_not_inferior: bool | None

    def to_json(self) -> dict[str, Any]:
        return {
            "margin": self.margin,
            "interval": [self.low, self.high],
            "equivalent": self.equivalent,
            "not_inferior": self.not_inferior,
            "other_not_inferior": self.other_not_inferior,
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
    auc: ScoreTest | None
    auc_cells: SecondaryTest | None
    equivalence: Equivalence | None
    diagnosis: DiagnosisTest | None = None

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
            "diagnosis": None if self.diagnosis is None else self.diagnosis.to_json(),
            "durkalski_chi2": self.durkalski_chi2,
            "obuchowski_chi2": self.obuchowski_chi2,
            "auc": None if self.auc is None else self.auc.to_json(),
            "auc_cells": None if self.auc_cells is None else self.auc_cells.to_json(),
            "equivalence": None if self.equivalence is None else self.equivalence.to_json(),
        }
