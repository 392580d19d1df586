"""`tiny` as an entry: predicting, saving, loading, and what its predictions do not depend on."""

import json

import numpy as np
import pytest

from models.contract import EntryUnavailable, FitInterrupted, Session
from models.finetune.predict import scores_of
from models.tiny import ENTRY
from tests.models.finetune.cells import quick, some_cells

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def fitted():
    return quick(epochs="1").fit(some_cells(), Session())


@pytest.fixture(scope="module")
def cells():
    return some_cells(11, seed=3, labelled=False)


def test_every_cell_gets_a_probability(fitted, cells):
    scores = fitted.predict(cells, Session())
    assert scores.shape == (11,)
    assert scores.dtype == np.float64
    assert ((scores >= 0) & (scores <= 1)).all()


@pytest.mark.parametrize(("views", "tolerance"), [("8", 0), ("1", 1e-6), ("3", 1e-6)])
def test_a_prediction_depends_neither_on_order_nor_on_the_other_cells(views, tolerance, cells):
    fitted = quick(epochs="1", views=views).fit(some_cells(), Session())
    together = fitted.predict(cells, Session())
    order = np.random.default_rng(0).permutation(11)
    reordered = fitted.predict(cells.take(order), Session())
    np.testing.assert_allclose(reordered, together[order], rtol=tolerance, atol=0)
    alone = [fitted.predict(cells.take(np.array([i])), Session())[0] for i in range(11)]
    np.testing.assert_allclose(alone, together, rtol=tolerance, atol=0)


def test_no_cells_give_no_scores(fitted, cells):
    assert fitted.predict(cells.take(np.array([], dtype=np.intp)), Session()).shape == (0,)


def test_what_was_saved_predicts_the_same_after_loading(fitted, cells, tmp_path):
    fitted.save(tmp_path)
    loaded = ENTRY.load(tmp_path)
    np.testing.assert_array_equal(loaded.predict(cells, Session()), fitted.predict(cells, Session()))
    assert loaded.facts() == fitted.facts()
    json.dumps(loaded.facts())


def test_a_saved_entry_holds_no_pickle(fitted, tmp_path):
    fitted.save(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["entry.json", "model.safetensors"]


def test_loading_from_an_empty_or_damaged_folder_says_what_to_do(fitted, tmp_path):
    with pytest.raises(EntryUnavailable, match="no fitted tiny"):
        ENTRY.load(tmp_path)
    fitted.save(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"\x00" * 100)
    with pytest.raises(EntryUnavailable, match="no fitted tiny"):
        ENTRY.load(tmp_path)


def test_a_prediction_stops_when_it_is_told_to(fitted, cells):
    with pytest.raises(FitInterrupted):
        fitted.predict(cells, Session(stopping=lambda: True))


def test_scores_above_a_half_are_exactly_those_of_positive_mean_logits():
    logits = np.array([-800.0, -1e-300, -0.0, 0.0, 1e-300, 1e-17, 5.0, 800.0])
    scores = scores_of(logits)
    assert (scores > 0.5).tolist() == (logits > 0).tolist()
    assert (scores[0], scores[-1]) == (0.0, 1.0)


def test_tiny_needs_no_weights_from_anywhere(fitted):
    assert not ENTRY.uses_weights
    assert fitted.facts()["first_weights"]["source"] == "none"
