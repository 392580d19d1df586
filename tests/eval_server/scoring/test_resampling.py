"""The bootstrap beside the closed form, and rank stability."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kendalltau, rankdata

from eval_server.scoring import resampling
from eval_server.scoring.counts import Subjects
from eval_server.scoring.metrics import WEIGHTED_F1
from tests.support.truth import golden, golden_tally

RESAMPLES = 4000


def test_unstratified_percentile_limits_equal_scipys_within_monte_carlo_error() -> None:
    """golden/cluster_bootstrap.json, resampled without strata; twice the tolerance noted there."""
    table, generator = golden_tally(), np.random.default_rng(1)
    drawn = generator.multinomial(28, np.full(28, 1 / 28), size=10_000).astype(float)
    low, high = resampling.percentile_limits(resampling.resampled(WEIGHTED_F1, table, drawn), 0.95)
    for at in range(5):
        expected = golden("cluster_bootstrap")["single"][f"E{at + 1}"]["percentile"]
        assert [low[at], high[at]] == pytest.approx(expected, abs=0.004)


def test_a_resample_of_everyone_once_is_the_full_value() -> None:
    table = golden_tally()
    value = resampling.resampled(WEIGHTED_F1, table, np.ones((1, 28)))
    assert value[0, 0] == pytest.approx(0.8867971418943291, abs=1e-12)


def test_subjects_are_drawn_within_their_class() -> None:
    subjects = golden_tally().subjects
    drawn = resampling.weights(subjects, 50, np.random.default_rng(0))
    positive = subjects.positives > 0
    assert (drawn[:, positive].sum(axis=1) == 13).all()
    assert (drawn[:, ~positive].sum(axis=1) == 15).all()


def test_mixed_subjects_are_a_stratum_of_their_own() -> None:
    subjects = Subjects(("A", "B", "C"), np.array([1, 2, 2]), np.array([0, 3, 1]))
    drawn = resampling.weights(subjects, 20, np.random.default_rng(0))
    assert (drawn[:, 0] == 1).all()
    assert (drawn[:, 1:].sum(axis=1) == 2).all()


def test_the_draws_depend_on_the_truth_alone() -> None:
    one, two = (resampling.generator_of("ab" * 32).random(3) for _ in range(2))
    assert one.tolist() == two.tolist()
    assert resampling.generator_of("cd" * 32).random(3).tolist() != one.tolist()


def test_stability_counts_ranks_with_ties_sharing_the_smallest() -> None:
    values = np.array([[0.9, 0.8, 0.8], [0.9, 0.9, 0.1], [0.5, 0.5, 0.5]])
    found = resampling.stability(values, np.array([0.9, 0.8, 0.7]))
    assert found.frequency.tolist() == pytest.approx(np.array([[3, 0, 0], [2, 1, 0], [1, 1, 1]]) / 3)
    assert found.first.tolist() == pytest.approx([(1 + 0.5 + 1 / 3) / 3, (0.5 + 1 / 3) / 3, 1 / 9])
    assert found.median_rank.tolist() == [1, 1, 2]
    assert found.undefined == 1
    assert len(found.tau) == 2


def test_stability_agrees_with_scipy_on_random_values() -> None:
    generator = np.random.default_rng(3)
    values, full = generator.integers(0, 5, size=(60, 6)) / 5, generator.random(6)
    found = resampling.stability(values, full)
    ranks = np.array([rankdata(-row, method="min") for row in values])
    assert found.median_rank.tolist() == np.median(ranks, axis=0).tolist()
    expected = [kendalltau(row, full).statistic for row in values if len(set(row.tolist())) > 1]
    assert found.tau.tolist() == pytest.approx(expected, abs=1e-12)


def test_very_many_entries_use_fewer_resamples_for_tau(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resampling, "MOST_SIGNS", 30)
    values = np.random.default_rng(0).random((50, 4))
    found = resampling.stability(values, np.arange(4.0))
    assert len(found.tau) == 5
    assert found.frequency.sum(axis=1).tolist() == pytest.approx([1.0] * 4)


def test_one_entry_is_always_first_and_has_no_tau() -> None:
    found = resampling.stability(np.random.default_rng(0).random((20, 1)), np.array([0.5]))
    assert found.frequency.tolist() == [[1.0]]
    assert found.first.tolist() == [1.0]
    assert len(found.tau) == 0
