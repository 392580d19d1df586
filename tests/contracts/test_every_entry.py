"""Every built-in entry keeps every rule of the contract, on drawn cells and without a connection."""

import pytest

from models import registry
from models.contract import Entry
from models.contract_tests import RULES, findings

pytestmark = pytest.mark.training

_SMALLER = {"backbone": "legacy_seresnet18"}
SETTINGS = {"seresnext-norot": _SMALLER, "seresnext-nospeclr": _SMALLER}
"""The ablations run the reference entry's code: here with the smallest network of its family."""

NAMES = sorted(
    "timm:test_vit" if one.name == "timm:<name>" else one.name
    for one in registry.listings()
    if one.origin == "built-in"
)


def entry_of(name: str) -> Entry:
    return registry.find(name)[0].configured(SETTINGS.get(name, {}))


@pytest.mark.parametrize("name", NAMES)
def test_every_built_in_entry_keeps_the_contract(name):
    found = list(findings(entry_of(name)))
    assert len(found) == len(RULES)
    assert not [finding for finding in found if finding.broken]


def test_every_approach_that_the_paper_names_is_there():
    approaches = {"seresnext", "seresnext-norot", "seresnext-nospeclr", "alexnet", "frozen-cnn", "majority"}
    approaches |= {"shape-svm", "shape-ensemble", "shape-knn", "neighborhood", "neighborhood-trust"}
    approaches |= {"timm:test_vit"}
    assert approaches <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_card_is_filled_and_bears_the_name_it_is_registered_by(name):
    card = entry_of(name).card
    assert card.name == name
    assert card.summary
    assert card.paper
