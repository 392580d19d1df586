"""Many tests and many entries: adjusted p values, three ways to rank, rank sets and their agreement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc

from eval_server.scoring.counts import TIE, Floats, Ints, mid_ranks, ratio

Marks = npt.NDArray[np.bool_]
NO_TEST = -1
"""The number of what is no test: two copies of one entry."""


def holm(p: npt.ArrayLike) -> Floats:
    """Holm's step-down adjusted p values: they control the chance of any false claim in the family."""
    values = np.asarray(p, dtype=float)
    order = np.argsort(values, kind="stable")
    stepped = np.minimum(values[order] * np.arange(len(values), 0, -1), 1.0)
    return _put_back(np.maximum.accumulate(stepped), order)


def benjamini_hochberg(p: npt.ArrayLike) -> Floats:
    """BH adjusted p values ("q"); all pairs of entries lack the proof of positive dependence."""
    values = np.asarray(p, dtype=float)
    order = np.argsort(values, kind="stable")[::-1]
    stepped = np.minimum(values[order] * len(values) / np.arange(len(values), 0, -1), 1.0)
    return _put_back(np.minimum.accumulate(stepped), order)


def over_tests(adjust: Callable[[Floats], Floats], p: Floats, tests: Ints | None = None) -> Floats:
    """Adjust the p values that are known; equal numbers in `tests` are one test, and `NO_TEST` is none.

    So a copy of an entry does not make everybody's p larger.
    """
    adjusted = np.full(len(p), np.nan)
    known = ~np.isnan(p)
    numbers = np.arange(len(p)) if tests is None else tests
    adjusted[known & (numbers == NO_TEST)] = 1.0
    used = np.flatnonzero(known & (numbers != NO_TEST))
    _, once, back = np.unique(numbers[used], return_index=True, return_inverse=True)
    adjusted[used] = adjust(p[used][once])[back]
    return adjusted


def _put_back(ordered: Floats, order: Ints) -> Floats:
    back = np.empty_like(ordered)
    back[order] = ordered
    return back


def rank(values: npt.ArrayLike, *, ties: str = "min", smallest_first: bool = False) -> Floats:
    """Ranks from 1 for the best; values closer than 1e-12 are ties and get the min, mean or max rank."""
    keys = np.asarray(values, dtype=float) * (1 if smallest_first else -1)
    order = np.argsort(keys, kind="stable")
    run = np.concatenate([[0], np.cumsum(np.diff(keys[order]) > TIE)])
    counts = np.bincount(run)
    last = np.cumsum(counts)
    shown = {"min": last - counts + 1, "mean": last - (counts - 1) / 2, "max": last}[ties]
    return _put_back(shown[run].astype(float), order)


def mean_subject_ranks(shares: Floats, *, ties: str = "mean") -> Floats:
    """Rank-then-aggregate: rank the entries on every subject, then average over subjects."""
    return np.asarray(np.mean([rank(column, ties=ties) for column in shares.T], axis=0))


def better_than(size: int, first: Ints, second: Ints, difference: Floats, significant: Marks) -> Marks:
    """The significance map: cell (i, j) holds where entry i is significantly better than entry j."""
    marks = np.zeros((size, size), dtype=bool)
    wins = significant & (difference > 0)
    loses = significant & (difference < 0)
    marks[first[wins], second[wins]] = True
    marks[second[loses], first[loses]] = True
    return marks


def rank_sets(better: Marks) -> list[tuple[int, int]]:
    """For each entry the ranks it may have: 1 + those better, N - those worse (simultaneous level)."""
    size = len(better)
    low, high = 1 + better.sum(axis=0), size - better.sum(axis=1)
    return list(zip(low.tolist(), high.tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class OwnRank:
    """What the tests say of one entry taken alone, with 95 % for it and not for all together.

    `low` to `high` are the ranks it may have; it is among the best `among_best` (one-sided).
    """

    low: int
    high: int
    among_best: int


def own_ranks(
    size: int,
    pairs: tuple[Ints, Ints],
    difference: Floats,
    p: Floats,
    alpha: float,
    tests: Ints | None = None,
) -> list[OwnRank]:
    """For each entry Holm over its own pairs alone (marginal sets of Mogstad et al. 2024); all are given.

    Equal numbers in `tests` are one test, as for `over_tests`: a copy of another entry is tested once.
    """
    first, second = pairs
    whole, ahead = np.zeros((2, size, size))
    numbers = np.zeros((size, size), dtype=np.int64)
    whole[first, second] = whole[second, first] = p
    ahead[first, second], ahead[second, first] = difference, -difference
    numbers[first, second] = numbers[second, first] = np.arange(len(p)) if tests is None else tests
    others = ~np.eye(size, dtype=bool)
    whole, ahead = (side[others].reshape(size, size - 1) for side in (whole, ahead))
    numbers = numbers[others].reshape(size, size - 1)
    told = _rejected(whole, numbers, alpha)
    beaten = _rejected(np.where(ahead > 0, whole / 2, 1.0), numbers, alpha).sum(axis=1)
    low, high = 1 + (told & (ahead < 0)).sum(axis=1), size - (told & (ahead > 0)).sum(axis=1)
    columns = (column.tolist() for column in (low, high, size - beaten))
    return [OwnRank(*row) for row in zip(*columns, strict=True)]


def _rejected(p: Floats, numbers: Ints, alpha: float) -> Marks:
    """Which tests Holm rejects, each row a family of its own."""
    rows = [over_tests(holm, row, tests) < alpha for row, tests in zip(p, numbers, strict=True)]
    return np.array(rows, dtype=bool).reshape(p.shape)


def groups(better: Marks) -> list[tuple[int, int]]:
    """Longest runs [start, stop) of entries, in leaderboard order, no two of which can be told apart."""
    apart = better | better.T
    found: list[tuple[int, int]] = []
    stop = 0
    for start in range(len(better)):
        stop = max(stop, start + 1)
        while stop < len(better) and not apart[start:stop, stop].any():
            stop += 1
        if not found or stop > found[-1][1]:
            found.append((start, stop))
    return found


def kendall_tau_b(first: npt.ArrayLike, second: npt.ArrayLike) -> float | None:
    """Agreement of two rankings with ties; None where one of them ties everything."""
    one, two = (_signs(np.asarray(values, dtype=float)) for values in (first, second))
    below = float(np.sqrt((one**2).sum() * (two**2).sum()))
    return float((one * two).sum() / below) if below else None


def _signs(values: Floats) -> Floats:
    rows, columns = np.triu_indices(len(values), 1)
    gap = values[rows] - values[columns]
    return np.asarray(np.sign(np.where(np.abs(gap) <= TIE, 0.0, gap)))


@dataclass(frozen=True, slots=True)
class Friedman:
    """Friedman's test over subjects, and Nemenyi's critical difference of mean ranks."""

    mean_ranks: tuple[float, ...]
    chi2: float
    chi2_tied: float
    f: float
    p: float
    critical_difference: float


def friedman(shares: Floats, *, alpha: float = 0.05) -> Friedman | None:
    """Friedman and Nemenyi on `shares` (entries x subjects); None below 2 subjects, 2 entries or ties only.

    `chi2` and `f` (Iman and Davenport) are without, `chi2_tied` and `p` with the correction for ties;
    Nemenyi's critical difference is `q / sqrt(2)` times the standard error, as in Demsar 2006.
    """
    entries, blocks = shares.shape
    if entries < 2 or blocks < 2:
        return None
    ranks = np.array([mid_ranks(-column) for column in shares.T])
    mean = ranks.mean(axis=0)
    scale = 12 * blocks / (entries * (entries + 1))
    chi2 = scale * float((mean**2).sum() - entries * (entries + 1) ** 2 / 4)
    ties = sum(float((counts**3 - counts).sum()) for counts in map(_tie_counts, ranks))
    correction = 1 - ties / (blocks * (entries**3 - entries))
    if correction <= 0:
        return None
    f = float(ratio((blocks - 1) * chi2, blocks * (entries - 1) - chi2))
    reach = _nemenyi_quantile(alpha, entries) * float(np.sqrt(entries * (entries + 1) / (6 * blocks)))
    tied = chi2 / correction
    return Friedman(tuple(mean.tolist()), chi2, tied, f, float(chdtrc(entries - 1, tied)), reach)


@lru_cache
def _nemenyi_quantile(alpha: float, entries: int) -> float:
    """Quantile of the studentized range over sqrt(2)."""
    from scipy.stats import studentized_range

    return float(studentized_range.ppf(1 - alpha, entries, np.inf) / np.sqrt(2))


def _tie_counts(row: Floats) -> Floats:
    return np.unique(row, return_counts=True)[1].astype(float)
