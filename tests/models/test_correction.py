"""Neighbours correct labels where cells cluster, and leave them alone where features say nothing."""

import numpy as np
import pytest

from models.correction import corrected, nearest

CELLS = 600


def first_labels(draw, wrong=0.15):
    """True labels, and scores of which a share calls the wrong class."""
    truth = (draw.random(CELLS) < 0.65).astype(float)
    return truth, np.where(draw.random(CELLS) < wrong, 1 - truth, truth)


def clusters(draw, truth, apart=2.0):
    """Features in eight clusters, four of each class."""
    middles = draw.normal(0, 1, (8, 32))
    return (
        draw.normal(0, 1, (CELLS, 32)) + apart * middles[draw.integers(0, 4, CELLS) + 4 * truth.astype(int)]
    )


def accuracy(scores, truth):
    return ((scores > 0.5) == truth).mean()


@pytest.mark.parametrize("seed", range(5))
def test_15_percent_random_errors_among_clusters_are_mostly_corrected(seed):
    draw = np.random.default_rng(seed)
    truth, scores = first_labels(draw)
    correction = corrected(clusters(draw, truth), scores, 10)
    before, after = accuracy(scores, truth), accuracy(correction.scores, truth)
    assert before < 0.89
    assert after > before + 0.06
    # errors of 15 % correlate with the truth by 0.7 in an even mix: the say measured is near that
    assert 0.5 < correction.trust < 0.8


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("confident", [True, False])
def test_noise_costs_no_more_than_half_a_percent(seed, confident):
    draw = np.random.default_rng(seed)
    truth, scores = first_labels(draw)
    if not confident:
        scores = 1 / (1 + np.exp(-draw.normal(2.1 * (2 * truth - 1), 2.0)))
    correction = corrected(draw.normal(0, 1, (CELLS, 32)), scores, 10)
    assert accuracy(correction.scores, truth) >= accuracy(scores, truth) - 0.005
    assert correction.trust < 0.25


def test_the_order_of_the_cells_does_not_matter():
    draw = np.random.default_rng(1)
    truth, scores = first_labels(draw)
    features, order = clusters(draw, truth), draw.permutation(CELLS)
    shuffled = corrected(features[order], scores[order], 10).scores
    np.testing.assert_allclose(shuffled, corrected(features, scores, 10).scores[order], atol=1e-9)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_few_cells_and_more_neighbours_than_cells_are_no_trouble(count):
    scores = np.linspace(0.2, 0.9, count)
    found = corrected(np.eye(count), scores, 10).scores
    np.testing.assert_allclose(found, scores, atol=1e-9)


def test_labels_that_all_agree_stay_as_they_are():
    scores = np.linspace(0.6, 0.9, 20)
    correction = corrected(np.random.default_rng(0).normal(size=(20, 4)), scores, 5)
    assert np.array_equal(correction.scores, scores)
    assert correction.trust == 0


def test_the_nearest_are_the_most_similar_others():
    angles = np.array([0.0, 0.1, 0.3, 2.0])
    near = nearest(np.column_stack([np.cos(angles), np.sin(angles)]), 2)
    assert near.places.tolist() == [[1, 2], [0, 2], [1, 0], [2, 1]]
    assert near.weights[0, 0] == pytest.approx(np.cos(0.1))
    assert (near.weights > 0).all()


def test_cells_without_any_feature_are_no_trouble():
    draw = np.random.default_rng(0)
    _, scores = first_labels(draw)
    assert np.isfinite(corrected(np.zeros((CELLS, 3)), scores, 10).scores).all()
