"""The winner's entry on drawn cells: its parts together, and what its card admits."""

import dataclasses

import numpy as np
import pytest

from models.contract import Session, SettingInvalid
from models.drawn_cells import drawn_cells
from models.neighborhood import NEIGHBORHOOD, NeighborhoodSettings, feature_maps, learn_codebook


@pytest.fixture(scope="module")
def fitted():
    entry = NEIGHBORHOOD.configured({**NEIGHBORHOOD.trial_settings, "side": "64", "neighbours": "3"})
    return entry.fit(drawn_cells(16), Session(weights="none"))


def test_its_card_says_that_it_looks_at_all_test_cells():
    assert NEIGHBORHOOD.card.transductive


def test_every_position_of_every_cell_has_its_features(fitted):
    maps = np.concatenate(list(feature_maps(fitted.network, drawn_cells(10), Session())))
    assert maps.shape[0] == 10
    assert maps.shape[1] == 4  # 64 pixels, halved five times, two by two
    assert maps.dtype == np.float32


def test_fisher_vectors_have_length_one_and_tell_cells_apart(fitted):
    (maps,) = feature_maps(fitted.network, drawn_cells(6), Session())
    vectors = fitted.codebook.vectors(maps)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-9)
    assert np.unique(vectors.round(6), axis=0).shape == vectors.shape


def test_a_codebook_of_few_cells_is_cut_to_what_they_can_tell():
    maps = np.random.default_rng(0).normal(size=(4, 3, 20)).astype(np.float32)
    codebook = learn_codebook(maps, NeighborhoodSettings(), seed=0)
    assert codebook.pca[-1].n_components_ == 11
    assert codebook.mixture.n_components == 1


def test_scores_stand_between_the_first_ones_and_the_votes(fitted):
    cells = dataclasses.replace(drawn_cells(12, seed=5), labels=None)
    first = fitted.network.predict(cells, Session())
    scores = fitted.predict(cells, Session())
    assert scores.shape == first.shape
    assert ((scores >= 0) & (scores <= 1)).all()


def test_its_settings_are_those_of_the_network_and_of_the_vote():
    with pytest.raises(SettingInvalid, match="neighbours of at least 1"):
        NEIGHBORHOOD.configured({"neighbours": "0"})
    assert NEIGHBORHOOD.configured({"backbone": "resnet18"}).settings.recipe().backbone == "resnet18"
