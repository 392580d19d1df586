"""Secondary tests of two entries, for every pair at once: over subjects, and over cells as description.

A difference is always first - second. The tests over cells (McNemar, the Bayesian one-liner) take cells
for independent, which C-NMC cells of one subject are not: they describe, they do not decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr, betainc, chdtrc

from eval_server.scoring.counts import Floats, Ints, Tally, ratio
from eval_server.scoring.exact import LARGEST_BATCH, coin_sums, sign_flip_p

MOST_RANKED = 200
"""Subjects whose signed ranks are still counted out; for more, signs are drawn."""
DESCRIPTIVE = "assumes independent cells: descriptive only"


@dataclass(frozen=True, slots=True, eq=False)
class Discordant:
    """Cells that only the first entry of a pair has right, and only the second."""

    only_first: Ints
    only_second: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Wilcoxon:
    """Signed-rank tests: rank sum of the positive differences, exact p, and the zeros left out."""

    rank_sum: Floats
    p: Floats
    zeros: Ints


def discordant(correct: npt.NDArray[np.bool_], first: Ints, second: Ints) -> Discordant:
    """Discordant cells (or subjects) of pairs of rows of `correct` (entries x cells)."""
    right = correct.astype(np.float32)
    both = np.rint(right @ right.T).astype(np.int64)[first, second]
    each = correct.sum(axis=1)
    return Discordant(each[first] - both, each[second] - both)


def mcnemar_midp(only_first: npt.ArrayLike, only_second: npt.ArrayLike) -> Floats:
    """McNemar's mid-p value, two-sided (Fagerland, Lydersen and Laake 2013)."""
    less, total, below, upto = _binomial(only_first, only_second)
    even = 2 * less == total
    middle = 1 - 0.5 * (upto - below)
    return np.where(total == 0, 1.0, np.where(even, middle, np.minimum(upto + below, 1.0)))


def mcnemar_exact(only_first: npt.ArrayLike, only_second: npt.ArrayLike) -> Floats:
    """McNemar's exact conditional p value, two-sided."""
    _, total, _, upto = _binomial(only_first, only_second)
    return np.where(total == 0, 1.0, np.minimum(2 * upto, 1.0))


def _binomial(only_first: npt.ArrayLike, only_second: npt.ArrayLike) -> tuple[Any, Any, Floats, Floats]:
    """Smaller count m, total n, and the chances of less than m and of at most m in n fair coins."""
    one, two = np.asarray(only_first, dtype=np.int64), np.asarray(only_second, dtype=np.int64)
    less, total = np.minimum(one, two), one + two
    below = np.where(less > 0, bdtr(np.maximum(less - 1, 0), np.maximum(total, 1), 0.5), 0.0)
    return less, total, below, np.asarray(bdtr(less, np.maximum(total, 1), 0.5))


def mcnemar_chi2(only_first: npt.ArrayLike, only_second: npt.ArrayLike, *, corrected: bool = False) -> Floats:
    """McNemar's chi-square with one degree of freedom, with Edwards' continuity correction or without."""
    one, two = np.asarray(only_first, dtype=float), np.asarray(only_second, dtype=float)
    gap = np.maximum(np.abs(one - two) - corrected, 0.0)
    return ratio(gap**2, one + two)


def chi2_p(chi2: npt.ArrayLike) -> Floats:
    """p of a chi-square with one degree of freedom."""
    return np.asarray(chdtrc(1, chi2), dtype=float)


def chance_not_better(only_first: npt.ArrayLike, only_second: npt.ArrayLike) -> Floats:
    """Posterior chance that the first is no better, for a flat prior and independent cells."""
    return np.asarray(betainc(np.asarray(only_first) + 1, np.asarray(only_second) + 1, 0.5), dtype=float)


def durkalski_chi2(net: npt.ArrayLike, cells: npt.ArrayLike) -> Floats:
    """Durkalski's chi-square from the net discordant cells of each subject (last axis)."""
    shares = np.asarray(net) / np.asarray(cells)
    return ratio(shares.sum(axis=-1) ** 2, (shares**2).sum(axis=-1))


def obuchowski_chi2(net: npt.ArrayLike) -> Floats:
    """Obuchowski's chi-square of two clustered proportions (last axis: subjects)."""
    counts = np.asarray(net, dtype=float)
    size = counts.shape[-1]
    return np.asarray((size - 1) / size * ratio(counts.sum(axis=-1) ** 2, (counts**2).sum(axis=-1)))


def subject_differences(net: npt.ArrayLike, cells: npt.ArrayLike) -> Floats:
    """Differences in subject accuracy from net discordant cells: equal fractions are equal numbers.

    One division of integers is rounded correctly, so 2/6 and 1/3 are the same double, and up to 2^26 cells
    different fractions are different ones. The difference of two shares (5/6 - 3/6) promises neither.
    """
    return np.asarray(np.true_divide(net, cells))


def subject_flip_p(net: npt.ArrayLike, cells: npt.ArrayLike) -> Floats:
    """Exact sign-flip p of the difference in mean subject accuracy (rows: pairs)."""
    return np.array([sign_flip_p(row) for row in subject_differences(net, cells)])


def subject_wilcoxon(net: npt.ArrayLike, cells: npt.ArrayLike) -> Wilcoxon:
    """Wilcoxon's signed-rank test of subject accuracies (rows: pairs); ties are ties of exact fractions."""
    return wilcoxon(subject_differences(net, cells))


def wilcoxon(differences: npt.ArrayLike) -> Wilcoxon:
    """Wilcoxon's signed-rank test with mid-ranks, two-sided, zeros dropped (rows: cases).

    Exact up to 200 subjects, beyond with 10,000 draws of the signs. Values tie where they are equal: give
    fractions through `subject_wilcoxon`, and other computed numbers `settled`.
    """
    values = np.atleast_2d(np.asarray(differences, dtype=float))
    step = max(1, LARGEST_BATCH // max(values.shape[1], 1) ** 2)
    parts = [_wilcoxon(values[at : at + step]) for at in range(0, max(len(values), 1), step)]
    columns = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Wilcoxon(*columns)


def _wilcoxon(values: Floats) -> tuple[Floats, Floats, Ints]:
    """Rank sums, p values and zeros.

    Ranks are taken twice, so that mid-ranks are integers and the null distribution is a convolution.
    """
    size = np.abs(values)
    zeros = (size == 0).sum(axis=1)
    less = (size[:, None, :] < size[:, :, None]).sum(axis=2)
    equal = (size[:, None, :] == size[:, :, None]).sum(axis=2)
    ranks = np.where(size == 0, 0, 2 * less + equal + 1 - 2 * zeros[:, None])
    ours, total = (ranks * (values > 0)).sum(axis=1), ranks.sum(axis=1)
    if values.shape[1] > MOST_RANKED:
        return ours / 2, np.array([sign_flip_p(row) for row in ranks * np.sign(values)]), zeros
    beyond = np.cumsum(coin_sums(ranks)[:, ::-1], axis=1)[:, ::-1]
    tail = np.take_along_axis(beyond, np.maximum(ours, total - ours)[:, None], axis=1)[:, 0]
    return ours / 2, np.where(2 * ours == total, 1.0, np.minimum(2 * tail, 1.0)), zeros


def cluster_se(net: npt.ArrayLike, cells: Ints) -> Floats:
    """Standard error of a mean over cells with subjects as clusters: sandwich with G / (G - 1)."""
    sums = np.asarray(net, dtype=float)
    mean = sums.sum(axis=-1, keepdims=True) / cells.sum()
    groups = sums.shape[-1]
    spread = ((sums - mean * cells) ** 2).sum(axis=-1)
    return np.asarray(np.sqrt(ratio(groups * spread, groups - 1)) / cells.sum())


def design_effects(table: Tally, pairs: Discordant, first: Ints, second: Ints) -> Floats:
    """How much too small the variance of an accuracy difference is when cells count as independent.

    The squared ratio of the clustered and the plain standard error; NaN where the entries agree.
    """
    cells = table.subjects.cells
    total = int(cells.sum())
    net = (table.correct[first] - table.correct[second]).astype(float)
    mean = net.sum(axis=1) / total
    squares = pairs.only_first + pairs.only_second - total * mean**2
    plain = squares / total**2
    clustered = cluster_se(net, cells) ** 2
    known = (plain > 0) & (len(cells) > 1)
    return np.where(known, ratio(clustered, plain), np.nan)


def differences(table: Tally, first: Ints, second: Ints) -> Ints:
    """Net discordant cells of each pair (row) and subject (column)."""
    return np.asarray(table.correct[first] - table.correct[second])
