"""The interval of a difference: against full enumeration, by hand, and beside the exact test."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from scipy import stats

from eval_server.scoring import differences
from eval_server.scoring.counts import Subjects, Tally
from eval_server.scoring.exact import swap_tests
from eval_server.scoring.metrics import ACCURACY, MCC, WEIGHTED_F1
from tests.support.truth import FIRST, PAIRS, SECOND, golden, golden_tally


def _small(generator: np.random.Generator, first: float = 0.9, second: float = 0.7) -> Tally:
    """Two entries on five ALL and four HEM subjects."""
    p = np.array([9, 7, 12, 5, 8, 0, 0, 0, 0])
    n = np.array([0, 0, 0, 0, 0, 6, 10, 4, 7])
    chances = np.array([[first], [second]])
    names = tuple(f"S{at}" for at in range(9))
    return Tally(Subjects(names, p, n), generator.binomial(p, chances), generator.binomial(n, chances))


def _enumerated_p(table: Tally, shift: Fraction) -> tuple[Fraction, Fraction]:
    """Both tails of the swap test of accuracy, each cell's difference less `shift`: all 2^9 swaps."""
    cells = [int(size) for size in table.subjects.cells]
    net = [int(size) for size in table.correct[0] - table.correct[1]]
    parts = [Fraction(one) - shift * size for one, size in zip(net, cells, strict=True)]
    sums = [
        sum(s * part for s, part in zip(signs, parts, strict=True)) for signs in product((1, -1), repeat=9)
    ]
    observed = sum(parts)
    count = Fraction(1, len(sums))
    return count * sum(one >= observed for one in sums), count * sum(one <= observed for one in sums)


@pytest.mark.parametrize("seed", range(6))
def test_the_limits_are_the_last_differences_that_full_enumeration_does_not_reject(seed: int) -> None:
    """Accuracy is linear, so the shifted test can be counted out in exact fractions by other means."""
    table = _small(np.random.default_rng(seed))
    pairs = differences._pairs(ACCURACY, table, np.array([0]), np.array([1]))
    (found,) = differences._not_rejected(pairs, (0.95,))
    step = Fraction(1, 10**9)
    for limit, tail, outwards in ((found.low[0], 0, -step), (found.high[0], 1, step)):
        at = Fraction(float(limit))
        assert 2 * _enumerated_p(table, at + outwards)[tail] <= Fraction(5, 100)
        assert 2 * _enumerated_p(table, at - outwards)[tail] > Fraction(5, 100)


def test_the_far_limit_is_the_formula_written_out() -> None:
    """CR2 residuals of the difference, Welch-Satterthwaite t, stretched as the second's own interval."""
    table = _small(np.random.default_rng(8), 0.85, 0.6)
    cells, total = table.subjects, 68

    def residuals(row: int) -> tuple[np.ndarray, np.ndarray]:
        sums = (table.tp[row], cells.positives), (table.tn[row], cells.negatives)
        ends = [
            (right - right.sum() / size.sum() * size) / total / np.sqrt(1 - size / size.sum())
            for right, size in sums
        ]
        return ends[0], ends[1]

    def half(ends: tuple[np.ndarray, np.ndarray]) -> float:
        spread = [float((end**2).sum()) for end in ends]
        free = [size.sum() ** 2 / (size**2).sum() - 1 for size in (cells.positives, cells.negatives)]
        df = sum(spread) ** 2 / sum(one**2 / few for one, few in zip(spread, free, strict=True))
        return float(stats.t.ppf(0.975, df)) * sum(spread) ** 0.5

    first, second = residuals(0), residuals(1)
    values = [float(table.correct[row].sum() / total) for row in (0, 1)]
    own = half(second)
    middle, reach = np.log(values[1] / (1 - values[1])), own / (values[1] * (1 - values[1]))
    stretch = (values[1] - 1 / (1 + np.exp(reach - middle))) / own
    expected = values[0] - values[1] + half((first[0] - second[0], first[1] - second[1])) * max(stretch, 1)
    found = differences._stretched(differences._pairs(ACCURACY, table, np.array([0]), np.array([1])), 0.95)
    assert 0.1 < min(values) < max(values) < 0.9
    assert found.high[0] == pytest.approx(expected, abs=1e-12)


def test_the_interval_and_the_exact_test_never_speak_against_each_other() -> None:
    """What the exact test rejects at 5 % lies outside the 95 % interval, and nothing else does."""
    table = _board(60, np.random.default_rng(3))
    first, second = (side.astype(np.int64) for side in np.triu_indices(60, 1))
    p = swap_tests(WEIGHTED_F1, table, first, second).p
    for level in (0.95, 0.9):
        found = differences.difference_intervals(WEIGHTED_F1, table, first, second, level, p)
        outside = (found.low > 0) | (found.high < 0)
        assert (outside == (p < 1 - level)).all()
        assert 100 < outside.sum() < 1600
    alone = differences.difference_intervals(WEIGHTED_F1, table, first, second)
    assert (((alone.low > 0) | (alone.high < 0)) != (p < 0.05)).mean() < 0.03


def _board(entries: int, generator: np.random.Generator) -> Tally:
    """Entries of uneven skill on 28 subjects."""
    p = np.r_[generator.integers(5, 200, 13), np.zeros(15, dtype=int)]
    n = np.r_[np.zeros(13, dtype=int), generator.integers(5, 150, 15)]
    hard = generator.normal(0, 0.6, 28)
    skill = generator.normal(1.2, 0.15, (entries, 1))
    chance = stats.norm.cdf(skill + hard + generator.normal(0, 0.25, (entries, 28)))
    subjects = Subjects(tuple(f"S{at}" for at in range(28)), p, n)
    return Tally(subjects, generator.binomial(p, chance), generator.binomial(n, chance))


def test_a_higher_level_gives_a_wider_interval() -> None:
    table = golden_tally()
    wide, narrow = (
        differences.difference_intervals(WEIGHTED_F1, table, FIRST, SECOND, level) for level in (0.95, 0.9)
    )
    assert (wide.low < narrow.low).all()
    assert (wide.high > narrow.high).all()


def test_what_a_margin_is_held_against_reaches_far_on_both_sides() -> None:
    found = differences.difference_limits(WEIGHTED_F1, golden_tally(), FIRST, SECOND)
    usual = differences.difference_intervals(WEIGHTED_F1, golden_tally(), FIRST, SECOND, 0.9)
    assert (found.margin.low <= usual.low).all()
    assert (found.margin.high >= usual.high).all()
    assert (found.margin.low < usual.low).any()


def test_with_too_few_subjects_for_any_rejection_no_difference_is_ruled_out() -> None:
    """Four subjects: the smallest p is 2/16."""
    subjects = Subjects(tuple("ABHI"), np.array([5, 6, 0, 0]), np.array([0, 0, 7, 8]))
    table = Tally(subjects, np.array([[5, 5, 0, 0], [1, 2, 0, 0]]), np.array([[0, 0, 6, 8], [0, 0, 2, 3]]))
    found = differences.difference_intervals(WEIGHTED_F1, table, np.array([0]), np.array([1]))
    assert (found.low[0], found.high[0]) == (-1.0, 1.0)


def test_a_metric_without_a_swap_test_has_no_such_interval() -> None:
    with pytest.raises(ValueError, match="needs a swap test"):
        differences.difference_intervals(MCC, golden_tally(), FIRST, SECOND)


def test_differences_are_centred_on_the_golden_differences_and_near_the_bootstrap() -> None:
    found = differences.difference_intervals(WEIGHTED_F1, golden_tally(), FIRST, SECOND)
    for at, pair in enumerate(PAIRS):
        expected = golden("cluster_bootstrap")["paired"][pair]
        assert found.estimate[at] == pytest.approx(expected["diff"], abs=1e-12)
        assert found.low[at] < expected["diff"] < found.high[at]
        width = expected["percentile"][1] - expected["percentile"][0]
        assert 0.7 * width < found.high[at] - found.low[at] < 1.7 * width


def test_equal_entries_have_no_interval_of_their_difference_and_say_why() -> None:
    table = golden_tally()
    found = differences.difference_intervals(WEIGHTED_F1, table, np.array([1]), np.array([1])).at(0)
    assert (found.estimate, found.low) == (0.0, None)
    assert "no spread" in found.remark


def test_a_difference_turned_round_has_the_interval_turned_round() -> None:
    here = differences.difference_intervals(WEIGHTED_F1, golden_tally(), FIRST, SECOND)
    there = differences.difference_intervals(WEIGHTED_F1, golden_tally(), SECOND, FIRST)
    assert there.low == pytest.approx(-here.high, abs=1e-12)
    assert there.high == pytest.approx(-here.low, abs=1e-12)
