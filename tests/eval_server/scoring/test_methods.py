"""Two methods over seeds and subjects: the parts of the variance against simple analysis of variance."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from eval_server.scoring.counts import Subjects, Tally
from eval_server.scoring.methods import both_sources
from eval_server.scoring.metrics import ACCURACY, WEIGHTED_F1
from tests.support.truth import golden_tally


def _method(entry: int, seed: int, seeds: int = 6) -> Tally:
    """ "Seeds" of a golden entry: a few of its right cells turned wrong at random."""
    table, generator = golden_tally(), np.random.default_rng(seed)
    tp, tn = (np.repeat(part[entry : entry + 1], seeds, axis=0) for part in (table.tp, table.tn))
    return Tally(table.subjects, tp - generator.binomial(tp, 0.01), tn - generator.binomial(tn, 0.01))


def test_methods_are_compared_by_their_mean_over_seeds() -> None:
    first, last = _method(0, 1), _method(4, 2)
    found = both_sources(first, last)

    def mean(table: Tally) -> float:
        value = WEIGHTED_F1.value(
            table.tp.sum(axis=1), table.tn.sum(axis=1), table.positives, table.negatives
        )
        return float(value.mean())

    assert found.difference == pytest.approx(mean(first) - mean(last))
    assert found.low is not None
    assert found.p is not None
    assert 0 < found.low < found.difference
    assert found.p < 0.05


def test_a_method_against_itself_is_no_difference() -> None:
    same = both_sources(_method(0, 1), _method(0, 1))
    assert (same.difference, same.by_subjects) == (0.0, None)
    other = both_sources(_method(0, 1), _method(0, 2, seeds=4))
    assert other.p is not None
    assert other.p > 0.05


def test_the_variance_is_that_of_a_crossed_design_written_out() -> None:
    """One class, equal sizes, accuracy: subjects, seeds and what seeds do to single subjects."""
    generator = np.random.default_rng(5)
    subjects = Subjects(tuple("ABCDEF"), np.full(6, 50), np.zeros(6, dtype=int))
    shares = [generator.integers(30, 50, (seeds, 6)) for seeds in (4, 3)]
    tables = [Tally(subjects, one, np.zeros_like(one)) for one in shares]
    found = both_sources(*tables, metric=ACCURACY)
    means = [one / 50 for one in shares]
    gap = means[0].mean(axis=0) - means[1].mean(axis=0)
    by_subjects = float(((gap - gap.mean()) ** 2).sum()) / 36 / (1 - 1 / 6)
    over, mixed, own = [], [], []
    for one in means:
        seeds = len(one)
        value = one.mean(axis=1)
        over.append(float(value.var(ddof=1)) / seeds)
        own.append(over[-1] ** 2 / (seeds - 1))
        rest = (one - value[:, None]) - (one.mean(axis=0) - one.mean())
        mixed.append(float((rest**2).sum()) / 36 / (1 - 1 / 6) / (seeds * (seeds - 1)))
    by_seeds = max(sum(over) - sum(mixed), 0.0)
    df = (by_subjects + by_seeds) ** 2 / (by_subjects**2 / 5 + by_seeds**2 / (sum(over) ** 2 / sum(own)))
    t = float(gap.mean()) / (by_subjects + by_seeds) ** 0.5
    assert found.by_subjects == pytest.approx(by_subjects**0.5)
    assert found.by_seeds == pytest.approx(by_seeds**0.5)
    assert found.p == pytest.approx(2 * stats.t.sf(abs(t), df))
    assert found.seeds_share == pytest.approx(by_seeds / (by_subjects + by_seeds))


def test_seeds_that_move_every_subject_alike_are_noise_of_the_seeds() -> None:
    """Swapping all runs of a subject at once, as before, would not see this noise at all."""
    subjects = Subjects(tuple("ABCDEFGH"), np.full(8, 100), np.zeros(8, dtype=int))
    base = np.array([80, 82, 79, 81, 80, 78, 82, 80])
    tables = [
        Tally(subjects, base + own + np.array(moves)[:, None], np.zeros((3, 8), dtype=int))
        for moves, own in (((0, 8, 16), 0), ((-3, 5, 10), np.array([0, 1, 0, -1, 0, 1, 0, -1])))
    ]
    found = both_sources(*tables, metric=ACCURACY)
    assert found.p is not None
    assert found.seeds_share is not None
    assert found.p > 0.3
    assert found.seeds_share > 0.9


def test_one_seed_and_one_subject_are_refused_or_said() -> None:
    with pytest.raises(ValueError, match="two seeds or more"):
        both_sources(_method(0, 1, seeds=1), _method(4, 2))
    subjects = Subjects(("A", "H"), np.array([5, 0]), np.array([0, 5]))
    tables = [Tally(subjects, np.array([[4, 0], [3, 0]]), np.array([[0, 5], [0, 4]])) for _ in "ab"]
    found = both_sources(*tables)
    assert (found.p, found.remark) == (None, "not estimable: only one subject with ALL cells")
