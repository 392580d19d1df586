"""The Ladder on its published example, and in its clustered form."""

from __future__ import annotations

import numpy as np
import pytest

from eval_server.scoring import ladder
from eval_server.scoring.counts import Subjects, Tally
from eval_server.scoring.differences import difference_intervals, errors
from eval_server.scoring.intervals import CR3
from eval_server.scoring.metrics import WEIGHTED_F1
from tests.support.truth import golden_tally


def test_the_example_of_ladder_jl_publishes_its_three_losses() -> None:
    """statistics.md 4.1: a gain within the paired standard error repeats the old number."""
    labels = np.array([1, 0, 1, 1, 1, 0])
    submissions = np.array([[0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0], [1, 0, 1, 0, 0, 0]])
    rungs = ladder.by_cells(submissions != labels)
    assert [-rung.published for rung in rungs] == pytest.approx([4 / 6, 4 / 6, 2 / 6])
    assert [rung.improved for rung in rungs] == [True, False, True]
    assert [-rung.score for rung in rungs] == pytest.approx([4 / 6, 3 / 6, 2 / 6])


def test_the_clustered_ladder_steps_up_only_beyond_the_standard_error_over_subjects() -> None:
    table = golden_tally()
    order = [4, 3, 0, 1, 0]
    climbing = Tally(table.subjects, table.tp[order], table.tn[order])
    rungs = ladder.by_subjects(climbing)
    leader = 0
    for at in range(1, 5):
        pair = np.array([at]), np.array([leader])
        gain = difference_intervals(WEIGHTED_F1, climbing, *pair).estimate[0]
        improved = bool(gain > errors(WEIGHTED_F1, climbing, *pair, leverage=CR3).se[0])
        assert rungs[at].improved is improved
        leader = at if improved else leader
        assert rungs[at].leader == leader
        assert rungs[at].published == rungs[leader].score


def test_the_same_submission_again_is_no_step_up() -> None:
    table = golden_tally()
    twice = Tally(table.subjects, table.tp[[0, 0]], table.tn[[0, 0]])
    assert [rung.improved for rung in ladder.by_subjects(twice)] == [True, False]


def test_what_is_published_never_falls() -> None:
    generator = np.random.default_rng(0)
    rungs = ladder.by_cells(generator.integers(0, 2, size=(50, 40)))
    published = [rung.published for rung in rungs]
    assert published == sorted(published)


def test_a_class_with_one_subject_does_not_freeze_the_ladder() -> None:
    """The standard error over subjects is not known there: the one over cells decides."""
    subjects = Subjects(("A", "H1", "H2"), np.array([20, 0, 0]), np.array([0, 15, 15]))
    right = [(5, 7, 9), (14, 12, 12), (19, 13, 13), (20, 15, 15)]
    tp = np.array([[one, 0, 0] for one, _, _ in right])
    tn = np.array([[0, two, three] for _, two, three in right])
    table = Tally(subjects, tp, tn)
    assert np.isnan(ladder.clustered_step(table, 0, 1))
    losses = [
        [at >= count for count, size in zip(row, (20, 15, 15), strict=True) for at in range(size)]
        for row in right
    ]
    rungs = ladder.by_subjects(table, losses=losses)
    assert [rung.published for rung in rungs] == [rung.score for rung in rungs]
    assert [rung.improved for rung in rungs] == [True] * 4
    assert [rung.improved for rung in ladder.by_subjects(table)] == [True, False, False, False]


def test_one_cell_is_never_enough_for_a_step_up() -> None:
    assert [rung.improved for rung in ladder.by_cells([[1], [0]])] == [True, False]


def test_one_cell_more_of_one_subject_is_no_step_up() -> None:
    """However equal the two are elsewhere: the error of the difference is then all in that subject."""
    subjects = Subjects(tuple("ABCHIJ"), np.array([9, 8, 7, 0, 0, 0]), np.array([0, 0, 0, 9, 8, 7]))
    tp = np.array([[7, 6, 5, 0, 0, 0], [8, 6, 5, 0, 0, 0]])
    tn = np.array([[0, 0, 0, 5, 6, 5], [0, 0, 0, 5, 6, 5]])
    assert [rung.improved for rung in ladder.by_subjects(Tally(subjects, tp, tn))] == [True, False]
