"""Names to entries: built-in, installed, from a file, broken, and missing ones."""

import dataclasses
import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from models.contract import EntryCard, EntryUnavailable, Session
from models.finetune.entry import Finetuned
from models.finetune.recipe import Recipe
from models.registry import GROUP, examined, find, listings
from models.seresnext import SERESNEXT
from tests.models.finetune.cells import some_cells

pytestmark = pytest.mark.training

OURS = ("tiny", "seresnext", "seresnext-norot", "seresnext-nospeclr", "majority")


def test_the_built_in_entries_are_listed_and_available():
    known = {one.name: one for one in listings()}
    for name in OURS:
        assert (known[name].origin, known[name].available) == ("built-in", True)


@pytest.mark.parametrize("name", OURS)
def test_a_built_in_entry_is_found_by_its_name_and_carries_it_on_its_card(name):
    entry, origin = find(name)
    assert entry.card.name == name
    assert entry.card.summary
    assert entry.card.paper
    assert origin == "built-in"


def test_a_misspelt_name_is_answered_with_the_near_ones():
    with pytest.raises(EntryUnavailable, match="no entry 'seresnet'") as caught:
        find("seresnet")
    assert "Did you mean seresnext" in caught.value.hint


def test_an_entry_whose_module_is_missing_stays_listed_with_its_reason():
    broken = EntryPoint("gone", "package_that_is_not_there.entry:ENTRY", GROUP)
    (one,) = listings([broken])
    assert not one.available
    assert "package_that_is_not_there" in one.reason


def test_an_entry_of_a_file_is_found_and_a_broken_one_says_what_it_raised(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("from models.majority import Majority\nentry = Majority()\nbroken = 3\n")
    assert find(f"{file}:entry")[0].card.name == "majority"
    with pytest.raises(EntryUnavailable, match="is a int"):
        find(f"{file}:broken")
    with pytest.raises(EntryUnavailable, match="AttributeError"):
        find(f"{file}:missing")
    with pytest.raises(EntryUnavailable, match="no file"):
        find(f"{tmp_path / 'nowhere.py'}:entry")


def test_a_missing_package_ends_a_fit_and_a_strangers_is_not_proposed():
    card = EntryCard("lacking", "for tests", "none", requires=("package_that_is_not_there",))
    entry = Finetuned(card, Recipe())
    for action in (lambda: entry.fit(some_cells(3), Session()), lambda: entry.load("anywhere")):
        with pytest.raises(EntryUnavailable, match="needs the package package_that_is_not_there") as caught:
            action()
        assert "ask the entry's author" in caught.value.hint
        assert "pip" not in caught.value.hint


def test_an_available_entry_stays_available_when_it_is_examined():
    one = next(one for one in listings() if one.name == "seresnext")
    assert examined(one) == dataclasses.replace(one, card=SERESNEXT.card)
    assert SERESNEXT.card.requires == ("torch", "torchvision", "timm", "safetensors")


def test_listing_and_loading_entries_imports_no_torch():
    program = (
        "import sys; from models.registry import listings, find\n"
        f"listings(); [find(name) for name in {OURS!r}]\n"
        "import models.finetune.recipe, models.finetune.entry\n"
        "heavy = {'torch', 'torchvision', 'timm', 'safetensors', 'pandas'} & set(sys.modules)\n"
        "print(sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")
