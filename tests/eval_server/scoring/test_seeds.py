"""Entries over seeds: the golden seeds table against scipy and R."""

from __future__ import annotations

import numpy as np
import pytest

from eval_server.scoring import seeds
from tests.support.truth import golden, golden_rows

PAIRS = ("M1-M2", "M1-M3", "M2-M3")
HOGARTY = np.array([10, 10, 20, 20, 20, 30, 30, 30, 40, 50.0]), np.array([10, 20, 30, 40, 40, 50.0])


def _columns(pair: str) -> tuple[np.ndarray, np.ndarray]:
    rows = golden_rows("seeds")
    first, second = (np.array([float(row[name]) for row in rows]) for name in pair.split("-"))
    return first, second


@pytest.mark.parametrize("pair", PAIRS)
def test_mann_whitney_and_the_effect_sizes_equal_scipy_and_r(pair: str) -> None:
    """golden/scipy_tests.json and golden/r_stats.json (effsize, wilcox.test)."""
    found = seeds.compare_seeds(*_columns(pair))
    scipy, r = (golden(name)["results"]["mannwhitney"][pair] for name in ("scipy_tests", "r_stats"))
    assert found.u == scipy["U"] == r["U"]
    assert found.p_greater == pytest.approx(scipy["p_greater_default_auto"], rel=1e-12)
    assert found.p_greater == pytest.approx(r["p_greater_cc"], rel=1e-10)
    assert found.a12 == pytest.approx(scipy["A12"], abs=1e-12)
    assert found.a12 == pytest.approx(r["vda_A12"], abs=1e-12)
    assert found.cliffs_delta == pytest.approx(scipy["cliffs_delta"], abs=1e-12)
    assert found.cliffs_limits == pytest.approx(r["cliffs_delta_ci95"], abs=1e-10)
    assert found.magnitude == r["magnitude"]
    assert found.shift == pytest.approx(r["hodges_lehmann_shift"], abs=1e-4)  # R finds it by iteration


def test_the_a12_limits_are_those_of_rank_compare_2indep() -> None:
    """statistics.md 4.2: M1 > M2, CI (.44567, .78178) by statsmodels.

    The interval is symmetric about A12 = .6137153, so with that lower limit the upper one is .78176: the
    last digits of the printed one are taken for a slip.
    """
    found = seeds.compare_seeds(*_columns("M1-M2")).a12_limits
    assert found == pytest.approx((0.44567, 2 * 0.6137152778 - 0.44567), abs=5e-6)
    assert found == pytest.approx((0.44567, 0.78178), abs=3e-5)


def test_cliffs_delta_of_hogarty_and_kromrey_has_its_published_limits() -> None:
    """statistics.md 4.1 and golden/r_stats.json (effsize's tests)."""
    expected = golden("r_stats")["results"]["cliff_hogarty_kromrey"]
    assert seeds.compare_seeds(*HOGARTY).cliffs_delta == pytest.approx(expected["estimate"], abs=1e-12)
    assert seeds.cliffs_limits(*HOGARTY) == pytest.approx(expected["ci"], abs=1e-12)


@pytest.mark.parametrize("pair", PAIRS)
def test_paired_seeds_have_the_golden_mean_and_exact_tests_near_the_normal_ones(pair: str) -> None:
    found = seeds.compare_seeds(*_columns(pair), paired=True).paired
    expected = golden("scipy_tests")["results"]["mannwhitney"][pair]
    assert found is not None
    assert found.mean_difference == pytest.approx(expected["paired_diff_mean"], abs=1e-12)
    assert found.sign_flip_p == pytest.approx(2 * expected["paired_t_greater_p"], abs=0.02)
    assert found.wilcoxon_p == pytest.approx(2 * expected["paired_wilcoxon_greater_cc"], abs=0.02)
    assert 0 <= found.chance_low <= found.chance <= found.chance_high <= 1


def test_the_rule_of_bouthillier_needs_both_limits() -> None:
    rare = seeds.PairedSeeds(0.1, 0.01, 0.01, 0.62, 0.52, 0.7)
    often = seeds.PairedSeeds(0.1, 0.01, 0.01, 0.8, 0.6, 0.95)
    chance = seeds.PairedSeeds(0.1, 0.4, 0.4, 0.8, 0.4, 0.95)
    assert (rare.significant, rare.meaningful) == (True, False)
    assert (often.significant, often.meaningful) == (True, True)
    assert (chance.significant, chance.meaningful) == (False, False)


def test_the_summary_shows_both_standard_deviations() -> None:
    found = seeds.summarise([1.0, 2.0, 3.0])
    assert (found.seeds, found.minimum, found.mean, found.maximum) == (3, 1.0, 2.0, 3.0)
    assert found.sd == pytest.approx((2 / 3) ** 0.5)
    assert found.sd_sample == pytest.approx(1.0)
    assert seeds.summarise([0.5]).sd_sample is None


def test_words_for_effects_change_at_the_published_limits() -> None:
    words = [seeds.magnitude(delta) for delta in (0.0, -0.146, 0.147, 0.329, -0.33, 0.473, 0.474, -1.0)]
    assert words == ["negligible"] * 2 + ["small"] * 2 + ["medium"] * 2 + ["large"] * 2


def test_one_seed_each_tells_nothing_and_no_effect_is_called_large() -> None:
    found = seeds.compare_seeds([0.8], [0.9], paired=True)
    assert (found.a12, found.cliffs_delta, found.magnitude, found.paired) == (None, None, "", None)
    assert found.remark == "one seed each tells nothing about other seeds"
    assert found.shift == pytest.approx(-0.1)
    assert seeds.compare_seeds([0.8], [0.9, 0.91]).magnitude == ""
    assert seeds.compare_seeds([0.8, 0.81], [0.9, 0.91]).magnitude == "large"


def test_seeds_tie_as_fractions_do_however_their_digits_end() -> None:
    """0.1 + 0.2 and 0.3 are one value, and so are 0.9 - 0.8 and 0.2 - 0.1."""
    found = seeds.compare_seeds([0.1 + 0.2, 0.5], [0.3, 0.4], paired=True)
    assert (found.u, found.cliffs_delta) == (2.5, 0.25)
    assert found.paired is not None
    assert found.paired.chance == 0.75
    exactly = seeds.compare_seeds([0.9, 0.2, 0.5], [0.8, 0.1, 0.8], paired=True)
    ranked = seeds.compare_seeds([1.0, 1.0, 0.0], [0.0, 0.0, 3.0], paired=True)
    assert exactly.paired is not None
    assert ranked.paired is not None
    assert exactly.paired.wilcoxon_p == ranked.paired.wilcoxon_p


def test_the_word_of_an_effect_at_the_limit_is_that_of_the_exact_fraction() -> None:
    """Delta 33/100, from 1,330 of 2,000 pairs, is the limit of "medium" and not below it."""
    first, second = np.repeat([1.0, 3.0], [335, 665]), np.array([2.0, 2.0])
    found = seeds.compare_seeds(first, second)
    assert found.cliffs_delta == 0.33
    assert found.magnitude == "medium"


def test_seeds_that_are_all_alike_are_no_evidence_and_have_no_limits() -> None:
    found = seeds.compare_seeds([0.9, 0.9], [0.9, 0.9], paired=True)
    assert (found.p_greater, found.a12, found.a12_limits, found.cliffs_limits) == (1.0, 0.5, None, None)
    assert found.paired is not None
    assert (found.paired.sign_flip_p, found.paired.wilcoxon_p) == (1.0, 1.0)
    assert seeds.compare_seeds([0.9], [0.8]).a12_limits is None


def test_missing_and_unequal_seeds_are_refused() -> None:
    with pytest.raises(ValueError, match="need seeds"):
        seeds.compare_seeds([], [0.5])
    with pytest.raises(ValueError, match="equal numbers"):
        seeds.compare_seeds([0.1, 0.2], [0.5], paired=True)
    with pytest.raises(ValueError, match="without seeds"):
        seeds.summarise([])
