"""docs/entries.md says what the program says."""

from pathlib import Path

from harness.new_model import write_package
from models import registry
from models.contract_tests import RULES
from models.descriptors.measures import NAMES

PAGE = (Path(__file__).parents[3] / "docs" / "entries.md").read_text()


def test_the_page_shows_the_entry_that_new_model_writes(tmp_path):
    package = write_package("colour-logit", tmp_path / "package").folder
    assert (package / "colour_logit.py").read_text().strip() in PAGE


def test_the_page_lists_every_built_in_entry():
    names = [one.name for one in registry.listings() if one.origin == "built-in"]
    assert [name for name in names if f"| `{name}` |" not in PAGE] == []


def test_the_page_names_every_rule_of_the_contract():
    assert [rule.__doc__ for rule in RULES if f"- {rule.__doc__}" not in PAGE] == []


def test_the_page_counts_the_descriptors():
    assert f"measure {len(NAMES)} numbers" in PAGE
