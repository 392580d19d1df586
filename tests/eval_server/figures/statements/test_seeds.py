"""What is said of methods over seeds, against scipy and shares counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from eval_server.figures.statements import seeds as said
from eval_server.scoring.counts import Subjects, Tally
from eval_server.scoring.exact import swap_tests
from eval_server.scoring.methods import both_sources
from eval_server.scoring.metrics import ACCURACY
from eval_server.scoring.seeds import PairedSeeds, SeedComparison, compare_seeds
from tests.support.sentences import numbers_in
from tests.support.truth import golden, golden_rows


def _columns() -> tuple[np.ndarray, np.ndarray]:
    rows = golden_rows("seeds")
    first, second = (np.array([float(row[name]) for row in rows]) for name in ("M1", "M2"))
    return first, second


@pytest.fixture(scope="module")
def found() -> SeedComparison:
    return compare_seeds(*_columns(), paired=True)


def _methods() -> tuple[Tally, Tally]:
    """Three runs each on eight subjects: runs move all subjects alike, and by much."""
    subjects = Subjects(tuple("ABCDEFGH"), np.full(8, 100), np.zeros(8, dtype=int))
    base, own = np.array([80, 82, 79, 81, 80, 78, 82, 80]), np.array([0, 1, 0, -1, 0, 1, 0, -1])
    nothing = np.zeros((3, 8), dtype=int)
    return (
        Tally(subjects, base + np.array([0, 8, 16])[:, None], nothing),
        Tally(subjects, base + own + np.array([-3, 5, 10])[:, None], nothing),
    )


def test_the_share_of_the_variance_is_that_of_subjects_and_of_seeds() -> None:
    both = both_sources(*_methods(), metric=ACCURACY)
    first, second = (table.tp.mean(axis=1) / 100 for table in _methods())
    told, why = said.both_lines(both)
    points, level, low, high, p = numbers_in(told)
    assert points == pytest.approx(100 * (first.mean() - second.mean()), abs=0.005)
    assert level == 95
    assert low < points < high
    assert p == pytest.approx(both.p, abs=5e-4)
    assert both.by_subjects is not None
    assert both.by_seeds is not None
    share = both.by_seeds**2 / (both.by_seeds**2 + both.by_subjects**2)
    assert numbers_in(why) == [round(100 * (1 - share)), round(100 * share)]
    assert why.endswith("more seeds would help more than more subjects")


def test_seeds_alone_hold_the_subjects_and_a_swap_of_subjects_holds_the_seed() -> None:
    """Runs that move together: seeds alone show nothing, though on these subjects each seed is better."""
    first, second = _methods()
    assert said.over_seeds("these 8 subjects").startswith("tests over seeds hold these 8 subjects fixed")
    alike = Tally(first.subjects, first.tp[:, ::-1], first.tn)
    values = [table.tp.mean(axis=1) for table in (first, alike)]
    assert compare_seeds(*values).p == compare_seeds(values[0], values[0]).p
    together = Tally(first.subjects, np.vstack([first.tp[0], second.tp[0]]), np.zeros((2, 8), dtype=int))
    one_seed = swap_tests(ACCURACY, together, np.array([0]), np.array([1])).p[0]
    assert one_seed == pytest.approx(2 / 2**8, rel=1)
    assert "between two runs of one seed" in said.swap_of_two_runs()
    both = both_sources(first, second, metric=ACCURACY)
    assert both.p is not None
    assert both.p > one_seed
    assert said.both_speak().startswith("only seeds and subjects together speak about the methods")


def test_the_papers_test_is_scipys_with_its_side_and_holms_p(found: SeedComparison) -> None:
    expected = stats.mannwhitneyu(*_columns(), alternative="two-sided")
    words = said.mann_whitney(found.u, found.p, 2 * found.p, None)
    assert words.startswith("Mann-Whitney, two-sided: U = ")
    assert numbers_in(words) == [
        expected.statistic,
        pytest.approx(expected.pvalue, abs=5e-4),
        pytest.approx(2 * expected.pvalue, abs=5e-4),
    ]
    greater = stats.mannwhitneyu(*_columns(), alternative="greater").pvalue
    one = said.mann_whitney(found.u, found.p_greater, None, "M1")
    assert one.startswith("Mann-Whitney, one-sided (M1 better, as expected)")
    assert numbers_in(one)[-1] == pytest.approx(greater, abs=5e-4)
    assert "Holm's is adjusted over all pairs" in said.papers_test()
    assert said.one_sided().endswith("the first by name.")


def test_effects_are_counted_pair_by_pair(found: SeedComparison) -> None:
    first, second = _columns()
    beats = np.mean([(one > two) + (one == two) / 2 for one in first for two in second])
    words = said.effects("M1", "M2", found)
    numbers = numbers_in(words)
    assert numbers[0] == pytest.approx(beats, abs=5e-4)
    assert numbers[3] == pytest.approx(2 * beats - 1, abs=5e-4)
    limits = golden("r_stats")["results"]["mannwhitney"]["M1-M2"]["cliffs_delta_ci95"]
    assert numbers[4:6] == [pytest.approx(end, abs=0.005) for end in limits]
    assert numbers[6] == 95
    shift = np.median([one - two for one in first for two in second])
    assert numbers_in(said.shift(found.shift)) == [pytest.approx(100 * shift, abs=0.005)]


def test_one_run_each_says_the_difference_and_nothing_else() -> None:
    one = compare_seeds([0.9], [0.85])
    assert (
        said.two_runs(one)
        == "one seed each tells nothing about other seeds; the two runs differ by +5.00 points"
    )
    assert said.effects("a", "b", one) == said.two_runs(one)
    with pytest.raises(ValueError, match="two seeds or more") as refused:
        both_sources(*(Tally(one.subjects, one.tp[:1], one.tn[:1]) for one in _methods()))
    assert said.not_both(str(refused.value)).endswith("found 1 and 1")


def test_seeds_won_are_counted_and_told_by_both_limits(found: SeedComparison) -> None:
    first, second = _columns()
    won = np.mean((first > second) + (first == second) / 2)
    assert found.paired is not None
    numbers = numbers_in(said.paired("M1", found.paired))
    assert numbers[0] == pytest.approx(100 * np.mean(first - second), abs=0.005)
    assert numbers[3:] == [
        pytest.approx(100 * won, abs=0.5),
        95,
        pytest.approx(100 * found.paired.chance_low, abs=0.5),
        pytest.approx(100 * found.paired.chance_high, abs=0.5),
    ]
    rare, often, chance = (
        PairedSeeds(0.1, 0.01, 0.01, 0.7, low, high) for low, high in ((0.52, 0.7), (0.6, 0.95), (0.4, 0.95))
    )
    assert said.won_words(rare) == "wins more than half of the seeds, but fewer than three quarters"
    assert said.won_words(often) == "wins more than half of the seeds, three quarters or more are possible"
    assert said.won_words(chance) == "not shown to win more than half of the seeds"
