"""Votes of classical classifiers: searched by subject, weighted as in the paper, read back safely."""

import numpy as np
import pytest

from models.classical import SoftVote, fit_vote, load_trusted, reweighed
from models.contract import Cells, CellsUnfit, EntryError, FitInterrupted, Session
from models.shape import NAIVE_BAYES, NEIGHBOURS, PERCEPTRON, SVM

MEMBERS = (NAIVE_BAYES, NEIGHBOURS, PERCEPTRON, SVM)


def table(count=60, subjects=6, share=0.5, seed=0):
    """Features of two overlapping clusters, and cells (of no pixels) that carry their labels."""
    draw = np.random.default_rng(seed)
    labels = (np.arange(count) < share * count).astype(np.uint8)
    features = draw.normal(labels[:, None] * 1.5, 1.0, (count, 6))
    of = tuple(f"{'A' if y else 'H'}{at % subjects}" for at, y in enumerate(labels))
    return features, Cells(tuple(map(str, range(count))), of, np.zeros((count, 1, 1, 3), np.uint8), labels)


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
def test_every_member_learns_two_clusters_apart(member):
    features, cells = table()
    scores = fit_vote([member], features, cells, Session()).scores(features)
    assert ((scores > 0.5) == cells.labels).mean() > 0.85
    assert ((scores >= 0) & (scores <= 1)).all()


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
def test_a_rare_class_is_not_drowned(member):
    features, cells = table(count=120, share=0.85)
    called = fit_vote([member], features, cells, Session()).scores(features) > 0.5
    assert called[cells.labels == 0].mean() < 0.4


def test_the_search_is_left_out_where_a_class_has_one_subject_and_the_facts_say_so():
    features, cells = table(subjects=1)
    vote = fit_vote(MEMBERS, features, cells, Session())
    assert vote.facts["search"] == "left out: a class has a single subject"
    assert all(settings == {} for settings in vote.facts["settings"].values())
    assert ((vote.scores(features) > 0.5) == cells.labels).mean() > 0.85


def test_the_search_names_its_folds_and_what_it_chose():
    features, cells = table()
    facts = fit_vote([SVM], features, cells, Session()).facts
    assert facts["search"] == "3 folds by subject"
    assert set(facts["settings"]["svm"]) == {"svc__C", "svc__gamma"}


def test_one_cell_of_a_class_is_enough():
    features, cells = table(count=12, share=0.9)
    scores = fit_vote(MEMBERS, features, cells, Session()).scores(features)
    assert np.isfinite(scores).all()


def test_fewer_than_eight_cells_are_refused():
    features, cells = table(count=6)
    with pytest.raises(CellsUnfit, match="at least 8 cells"):
        fit_vote([SVM], features, cells, Session())


def test_a_stop_between_classifiers_is_heeded():
    features, cells = table()
    with pytest.raises(FitInterrupted):
        fit_vote([SVM], features, cells, Session(stopping=lambda: True))


def test_a_vote_read_back_votes_the_same(tmp_path):
    features, cells = table()
    vote = fit_vote(MEMBERS, features, cells, Session(seed=3))
    vote.save(tmp_path)
    assert np.array_equal(SoftVote.load(tmp_path).scores(features), vote.scores(features))
    assert SoftVote.load(tmp_path).facts == vote.facts


def test_a_file_with_a_foreign_type_is_refused_by_name_before_it_is_loaded(tmp_path):
    import skops.io

    features, cells = table()
    fit_vote([SVM], features, cells, Session()).save(tmp_path)
    skops.io.dump(Session(), tmp_path / "svm.skops")
    with pytest.raises(EntryError, match=r"models\.contract\.Session"):
        SoftVote.load(tmp_path)


def test_a_function_hidden_in_a_file_is_not_called(tmp_path):
    import skops.io
    from sklearn.preprocessing import FunctionTransformer

    skops.io.dump(FunctionTransformer(eval), tmp_path / "bad.skops")
    with pytest.raises(EntryError, match="eval"):
        load_trusted(tmp_path / "bad.skops")


def test_a_positive_weight_shifts_the_even_point():
    assert reweighed(np.array([0.5]), 0.25)[0] == pytest.approx(0.2)
    assert reweighed(np.array([0.0, 0.8, 1.0]), 0.25) == pytest.approx([0.0, 0.5, 1.0])
