"""The winner's algorithm on drawn cells, and an earlier run by its old name."""

import numpy as np
import pytest

from models import registry
from models.contract import Session, SettingInvalid
from models.drawn_cells import drawn_cells
from models.fisher import Codebooks, fisher, learnt, looks, sample
from models.neighborhood_published import NEIGHBORHOOD, corrected

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def record():
    return []


@pytest.fixture(scope="module")
def fitted(record):
    entry = NEIGHBORHOOD.configured({**NEIGHBORHOOD.trial_settings, "epochs": "2"})
    return entry.fit(drawn_cells(18), Session(weights="none", record=record.append))


def test_its_defaults_are_the_published_ones():
    settings = NEIGHBORHOOD.settings
    assert settings.backbones == ("resnet50.tv_in1k", "resnet101.tv_in1k")
    assert (settings.sweeps, settings.codebooks, settings.rounds, settings.neighbours) == (5, 10, 5, 7)
    assert (settings.mixtures, settings.features, 2 * settings.views) == (8, 3000, 72)
    recipe = settings.recipe("resnet50.tv_in1k")
    assert (recipe.optimiser, recipe.momentum, recipe.weight_decay) == ("SGD", 0.9, 1e-4)
    assert [recipe.rates(epoch)[0] for epoch in (1, 10, 11, 30)] == pytest.approx([1e-3, 1e-3, 1e-4, 1e-4])


def test_both_networks_have_their_epochs_in_the_record(fitted, record):
    assert [event["epoch"] for event in record] == [1, 2, 3, 4]
    assert fitted.facts()["optimiser"] == "SGD"
    assert fitted.facts()["share_of_all"] == 0.5


def test_a_cell_is_seen_in_every_rotation_and_mirrored(fitted):
    cells = drawn_cells(3)
    found = list(looks(fitted.networks[0], cells, Session(), 2, "looking"))
    assert [look.logits.shape for look in found] == [(4,)] * 3
    np.testing.assert_allclose(np.linalg.norm(found[0].local, axis=1), 1, rtol=1e-4)
    wanted = Codebooks(count=3, mixtures=2, features=20)
    samples = np.concatenate(
        [sample(look.local, at, 3, wanted, Session()) for at, look in enumerate(found)], 1
    )
    assert samples.shape[0] == 3
    vector = fisher(found[0].local, learnt(samples[0], 2, seed=0))
    assert np.linalg.norm(vector) == pytest.approx(1, rel=1e-5)


def test_the_first_network_votes_first_and_last_and_the_other_in_between():
    alone, together = np.array([[0], [1]]), np.array([[0, 1], [0, 1]])
    settings = NEIGHBORHOOD.configured({"sweeps": "0"}).settings
    labels = np.array([True, False])
    assert corrected(labels, [alone], [together], settings).tolist() == [True, False]
    swept = corrected(labels, [alone], [together], NEIGHBORHOOD.settings)
    assert swept.tolist() == [False, False]


def test_scores_are_labels_with_the_order_of_the_first_ones(fitted):
    scores = fitted.predict(drawn_cells(9, seed=3), Session())
    assert len(np.unique(scores)) == 9
    assert (scores != 0.5).all()


@pytest.mark.parametrize(
    ("backbones", "words"),
    [("test_resnet", "two names"), ("test_resnet,test_vit", "test_vit is not a residual network")],
)
def test_what_is_no_pair_of_residual_networks_is_refused(backbones, words):
    with pytest.raises(SettingInvalid, match=words):
        NEIGHBORHOOD.configured({"backbones": backbones, "side": "160"}).require_usable("none")


def test_an_earlier_run_by_the_name_goes_on_by_the_simpler_rule():
    """Runs name where their entry is defined, and that place is `neighborhood-trust` by now."""
    from harness.runs.finished import _registered

    assert _registered("models.neighborhood:NEIGHBORHOOD", "neighborhood") == "neighborhood-trust"
    told = {"backbone": "resnet50", "epochs": 6, "batch": 16, "views": 8, "side": 300}
    before = registry.find("neighborhood-trust")[0].with_described(told)
    assert before.settings.recipe().backbone == "resnet50"
