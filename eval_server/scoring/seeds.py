"""Entries over many seeds: the table and the test of the paper, and effect sizes.

The tests over seeds hold the subjects fixed, the tests over subjects hold the seed fixed; a claim about
a method needs `methods.both_sources`. All "greater" tests ask whether the first has the larger values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eval_server.scoring.counts import Floats, mid_ranks, settled
from eval_server.scoring.exact import RESAMPLES, sign_flip_p
from eval_server.scoring.intervals import LEVEL, t_quantile
from eval_server.scoring.pairwise import wilcoxon
from eval_server.scoring.resampling import percentile_limits

MAGNITUDES = ((0.147, "negligible"), (0.33, "small"), (0.474, "medium"))
"""Limits of |Cliff's delta| for each word (Romano et al. 2006); beyond the last it is large."""
MEANINGFUL = 0.75
ONE_SEED_EACH = "one seed each tells nothing about other seeds"


@dataclass(frozen=True, slots=True)
class SeedSummary:
    """One entry's values over its seeds; `sd` is the population sd (as in the paper), `sd_sample` ddof 1."""

    seeds: int
    minimum: float
    mean: float
    sd: float
    sd_sample: float | None
    maximum: float


@dataclass(frozen=True, slots=True)
class PairedSeeds:
    """Two entries run with the same seeds: exact tests of the difference, and how often the first wins.

    `chance` is the share of seeds in which the first is better (ties one half) with percentile limits.
    """

    mean_difference: float
    sign_flip_p: float
    wilcoxon_p: float
    chance: float
    chance_low: float
    chance_high: float

    @property
    def significant(self) -> bool:
        """Bouthillier et al. 2021: the lower limit of the chance lies above one half."""
        return self.chance_low > 0.5

    @property
    def meaningful(self) -> bool:
        """Significant, and the first may win often enough to matter: the upper limit lies above 0.75."""
        return self.significant and self.chance_high > MEANINGFUL


@dataclass(frozen=True, slots=True)
class SeedComparison:
    """Two entries over seeds: Mann-Whitney, effect sizes with limits, shift.

    `p` is two-sided; `p_greater` asks whether the first, `p_less` whether the second has the larger values:
    for a direction that was named before looking, as in the paper.

    A single seed each is no sample: effect sizes and paired tests are None, and `remark` says so. The word
    for the effect is empty wherever one of the two has a single seed.
    """

    u: float
    p: float
    p_greater: float
    p_less: float
    a12: float | None
    a12_limits: tuple[float, float] | None
    cliffs_delta: float | None
    cliffs_limits: tuple[float, float] | None
    magnitude: str
    shift: float
    paired: PairedSeeds | None
    remark: str = ""


def summarise(values: npt.ArrayLike) -> SeedSummary:
    """Min, mean, both standard deviations and max; raises ValueError without values."""
    found = np.asarray(values, dtype=float)
    if not found.size:
        raise ValueError("an entry without seeds has no summary")
    sample = float(found.std(ddof=1)) if found.size > 1 else None
    limits = float(found.min()), float(found.max())
    return SeedSummary(found.size, limits[0], float(found.mean()), float(found.std()), sample, limits[1])


def compare_seeds(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    *,
    paired: bool = False,
    generator: np.random.Generator | None = None,
) -> SeedComparison:
    """Compare two entries over seeds; `paired` when position k of both is the same seed.

    Raises ValueError when an entry has no seeds, or when paired entries have different numbers of them.
    """
    one, two = (np.asarray(values, dtype=float) for values in (first, second))
    if not one.size or not two.size:
        raise ValueError(f"both entries need seeds, found {one.size} and {two.size}")
    if paired and one.size != two.size:
        raise ValueError(f"paired seeds need equal numbers, found {one.size} and {two.size}")
    differences = one - two if paired else None
    one, two = np.split(settled(np.concatenate([one, two])), [one.size])
    u, two_sided, greater, less = mann_whitney(one, two)
    shift = float(np.median(one[:, None] - two[None, :]))
    if one.size == two.size == 1:
        return SeedComparison(
            u, two_sided, greater, less, None, None, None, None, "", shift, None, ONE_SEED_EACH
        )
    delta = (2 * u - one.size * two.size) / (one.size * two.size)
    return SeedComparison(
        u,
        two_sided,
        greater,
        less,
        u / (one.size * two.size),
        a12_limits(one, two),
        delta,
        cliffs_limits(one, two),
        magnitude(delta) if min(one.size, two.size) > 1 else "",
        shift,
        None if differences is None else compare_paired(differences, generator or np.random.default_rng(0)),
    )


def mann_whitney(first: Floats, second: Floats) -> tuple[float, float, float, float]:
    """U of the first with p two-sided, "greater" and "less", as scipy chooses: normal with ties corrected.

    Only small samples (at most 8, no ties) are exact. p is 1 where all values are the same.
    """
    from scipy.stats import mannwhitneyu

    if len(np.unique(np.concatenate([first, second]))) == 1:
        return len(first) * len(second) / 2, 1.0, 1.0, 1.0
    found = [
        mannwhitneyu(first, second, alternative=side, method="auto")
        for side in ("two-sided", "greater", "less")
    ]
    two_sided, greater, less = (float(each.pvalue) for each in found)
    return float(found[0].statistic), two_sided, greater, less


def _placements(first: Floats, second: Floats) -> tuple[Floats, Floats]:
    """For every value the share of the other sample that lies below it (ties one half)."""
    ranks = mid_ranks(np.concatenate([first, second]))
    below = (ranks[: len(first)] - mid_ranks(first)) / len(second)
    return below, (ranks[len(first) :] - mid_ranks(second)) / len(first)


def a12_limits(first: Floats, second: Floats, level: float = LEVEL) -> tuple[float, float] | None:
    """Limits of P(X > Y) + P(X = Y) / 2 by Brunner and Munzel's t; None without spread or with one seed."""
    if len(first) < 2 or len(second) < 2:
        return None
    ours, theirs = _placements(first, second)
    parts = float(ours.var(ddof=1)) / len(first), float(theirs.var(ddof=1)) / len(second)
    variance = sum(parts)
    if variance <= 0:
        return None
    df = variance**2 / (parts[0] ** 2 / (len(first) - 1) + parts[1] ** 2 / (len(second) - 1))
    half = float(t_quantile(df, level)) * variance**0.5
    return max(float(ours.mean()) - half, 0.0), min(float(ours.mean()) + half, 1.0)


def cliffs_limits(first: Floats, second: Floats, level: float = LEVEL) -> tuple[float, float] | None:
    """Cliff's asymmetric limits of delta with t quantiles; None without spread or with a single seed."""
    m, n = len(first), len(second)
    if m < 2 or n < 2:
        return None
    signs = np.sign(first[:, None] - second[None, :])
    delta = float(signs.mean())
    rows = float(((signs.mean(axis=1) - delta) ** 2).sum())
    columns = float(((signs.mean(axis=0) - delta) ** 2).sum())
    within = float(((signs - delta) ** 2).sum())
    variance = (n**2 * rows + m**2 * columns - within) / (m * n * (m - 1) * (n - 1))
    if variance <= 0:
        return None
    quantile = float(t_quantile(m + n - 2, level))
    reach = quantile * variance**0.5 * ((1 - delta**2) ** 2 + quantile**2 * variance) ** 0.5
    below = 1 - delta**2 + quantile**2 * variance
    return (delta - delta**3 - reach) / below, (delta - delta**3 + reach) / below


def magnitude(delta: float) -> str:
    """The word for |Cliff's delta|."""
    return next((word for limit, word in MAGNITUDES if abs(delta) < limit), "large")


def compare_paired(differences: Floats, generator: np.random.Generator) -> PairedSeeds:
    """Exact sign flip and Wilcoxon of paired differences, and how often they are positive."""
    gaps = np.sign(differences) * settled(np.concatenate([[0.0], np.abs(differences)]))[1:]
    wins = (np.sign(gaps) + 1) / 2
    drawn = wins[generator.integers(0, len(wins), size=(RESAMPLES, len(wins)))].mean(axis=1)
    low, high = percentile_limits(drawn[:, None], LEVEL)
    return PairedSeeds(
        float(differences.mean()),
        sign_flip_p(gaps, generator=generator),
        float(wilcoxon(gaps).p[0]),
        float(wins.mean()),
        float(low[0]),
        float(high[0]),
    )
