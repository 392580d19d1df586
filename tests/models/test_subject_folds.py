"""No subject is on both sides of a fold, and both classes are on each."""

import numpy as np
import pytest

from models.subject_folds import cell_folds, subject_folds


def cells_of(**sizes):
    """Subjects and labels: a name that starts with H is healthy."""
    subjects = tuple(name for name, size in sizes.items() for _ in range(size))
    return subjects, np.array([not name.startswith("H") for name in subjects], dtype=np.uint8)


def test_no_subject_is_on_both_sides_and_both_classes_are_on_each():
    subjects, labels = cells_of(A=9, B=2, C=5, D=1, H1=3, H2=3, H3=1)
    folds = subject_folds(subjects, labels, 3)
    assert len(folds) == 3
    assert np.array_equal(np.sort(np.concatenate([fold.judge for fold in folds])), np.arange(len(labels)))
    for fold in folds:
        assert not {subjects[i] for i in fold.learn} & {subjects[i] for i in fold.judge}
        assert set(labels[fold.learn]) == set(labels[fold.judge]) == {0, 1}


def test_there_are_no_more_folds_than_subjects_of_the_rarer_class():
    assert len(subject_folds(*cells_of(A=4, B=4, C=4, H1=9, H2=1), 3)) == 2


@pytest.mark.parametrize("sizes", [{"A": 5, "B": 5, "H1": 9}, {"A": 5, "H1": 5}])
def test_a_class_with_a_single_subject_gives_no_folds(sizes):
    assert subject_folds(*cells_of(**sizes), 3) == ()


def test_cells_of_unknown_subject_count_as_one_subject_each():
    folds = subject_folds((None,) * 6, np.array([0, 0, 0, 1, 1, 1], np.uint8), 3)
    assert [len(fold.judge) for fold in folds] == [2, 2, 2]


def test_a_subject_with_cells_of_both_classes_stays_whole():
    subjects = ("A", "A", "A", "B", "B", "H1", "H1", "H2")
    folds = subject_folds(subjects, np.array([1, 1, 0, 1, 1, 0, 0, 0], np.uint8), 2)
    assert len(folds) == 2
    for fold in folds:
        assert not {subjects[i] for i in fold.learn} & {subjects[i] for i in fold.judge}


def test_a_single_cell_of_a_class_is_both_learnt_from_and_judged_by():
    (fold,) = cell_folds(np.array([0, 1, 1, 1], np.uint8), 3, seed=0)
    assert np.array_equal(fold.learn, np.arange(4))
    assert np.array_equal(fold.judge, np.arange(4))
