"""The published votes on cells whose neighbours are known."""

import numpy as np
import pytest

from models.voting import alike, matched, scores_within, swept, voted


def test_the_share_of_labels_is_that_of_the_training_cells():
    scores = np.array([0.9, 0.2, 0.7, 0.8, 0.1, 0.6])
    assert matched(scores, 0.5).tolist() == [True, False, True, True, False, False]
    assert matched(scores, 1.0).all()
    assert not matched(scores, 0.0).any()


@pytest.mark.parametrize(
    ("own", "leukemic", "after"),
    [
        (True, 4, True),
        (True, 3, False),
        (False, 4, False),
        (False, 5, True),
        (True, 7, True),
        (False, 0, False),
    ],
)
def test_of_seven_four_make_normal_and_five_make_leukemic(own, leukemic, after):
    """A cell asks itself and six others, of whom the rest is such that so many are leukemic."""
    others = leukemic - own
    labels = np.array([own] + [True] * others + [False] * (6 - others))
    assert bool(voted(labels, np.arange(7)[None])[0]) is after


def test_all_cells_change_at_once():
    labels = np.array([True, False, False, False, True, True])
    asked = [[0, 1, 2], [1, 1, 1], [2, 2, 2], [0, 4, 5], [4, 4, 4], [5, 5, 5]]
    assert voted(labels, np.array(asked)).tolist() == [False, False, False, True, True, True]


def test_the_nearest_are_found_with_the_cell_itself_first():
    vectors = np.array([[1, 0], [1, 0], [0, 1], [0.1, 1]], dtype=np.float32)
    near = alike(vectors, 2)
    assert near[:, 0].tolist() == [0, 1, 2, 3]
    assert near[:, 1].tolist() == [1, 0, 3, 2]


def test_mistakes_inside_clusters_are_corrected_and_those_between_are_not():
    draw = np.random.default_rng(0)
    centres = draw.normal(size=(4, 8)) * 4
    cluster = np.repeat(np.arange(4), 50)
    vectors = centres[cluster] + draw.normal(size=(200, 8))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    truth = cluster % 2 == 1
    first = truth ^ (draw.random(200) < 0.15)
    after = swept(first, [alike(vectors, 7)] * 3, rounds=5)
    assert (after == truth).mean() > 0.98 > (first == truth).mean()


def test_scores_say_the_labels_and_inside_a_label_the_first_order():
    labels = np.array([True, False, True, False])
    scores = scores_within(labels, np.array([0.0, 1.0, 0.4, 0.2]))
    assert ((scores > 0.5) == labels).all()
    assert scores[2] > scores[0]
    assert scores[1] > scores[3]
