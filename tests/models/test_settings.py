"""Settings that could not work are refused when they are typed, not after hours of training."""

import dataclasses
from dataclasses import dataclass
from typing import Literal

import pytest

from models import registry
from models.contract import Entry, EntryCard, SettingInvalid
from models.finetune.recipe import Recipe
from models.settings import check, number

NAMES = [one.name for one in registry.listings() if one.origin == "built-in" and "<" not in one.name]
NUMBERS = [
    (name, item.name)
    for name in NAMES
    for item in dataclasses.fields(registry.find(name)[0].settings)
    if "int" in str(item.type) or "float" in str(item.type)
]


@pytest.mark.parametrize(("name", "setting"), NUMBERS, ids="-".join)
def test_a_number_that_cannot_be_meant_is_refused_for_every_setting_of_every_entry(name, setting):
    entry = registry.find(name)[0]
    count = max(1, len(value)) if isinstance(value := getattr(entry.settings, setting), tuple) else 1
    for text in ("nan", "inf", "-inf", "-1", "1" + 30 * "0"):
        with pytest.raises(SettingInvalid, match=setting) as told:
            entry.configured({setting: ",".join([text] * count)})
        assert told.value.hint


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"learning_rates": "-1,nan,1"}, "learning_rates of at least 0"),
        ({"learning_rates": "1,1"}, "one learning rate for each of the 3 groups"),
        ({"schedule": "1,nan"}, "a finite number for schedule"),
        ({"schedule": ","}, "at least one value in schedule"),
        ({"layers": ",", "learning_rates": ","}, "at least one value in layers"),
        ({"dropout": "2"}, "dropout of at least 0 and below 1, found 2"),
        ({"dropout": "1"}, "below 1"),
        ({"positive_weight": "0"}, "positive_weight of at least 1e-06"),
        ({"epochs": "1000000000"}, "epochs of at least 1 and at most 10,000, found 1,000,000,000"),
        ({"epochs": "0"}, "epochs of at least 1"),
        ({"views": "0"}, "views of at least 1"),
        ({"normalisation": "own"}, "three numbers each in mean and deviation"),
        ({"mean": "0.5,nan,0.5"}, "a finite number for mean"),
        ({"translation": "1"}, "translation of at least 0 and below 1"),
    ],
)
def test_a_recipe_that_cannot_work_is_refused_with_what_is_allowed(settings, words):
    with pytest.raises(SettingInvalid, match=words):
        registry.find("seresnext")[0].configured(settings)


def test_a_network_named_twice_is_refused():
    with pytest.raises(SettingInvalid, match="each name in backbones once"):
        registry.find("frozen-cnn")[0].configured({"backbones": "alexnet,alexnet"})


@pytest.mark.parametrize(
    "values",
    [
        {"epochs": 1.5},
        {"epochs": True},
        {"precision": "fp8"},
        {"flips": 1},
        {"layers": ["head"]},
        {"batch": "16"},
    ],
)
def test_a_recipe_written_in_python_is_held_to_the_same_kinds(values):
    with pytest.raises(ValueError, match=f"expected {next(iter(values))} of the kind"):
        dataclasses.replace(Recipe(), **values)


def test_whole_numbers_are_fine_where_real_ones_are_expected():
    assert Recipe(dropout=0, checkpoint_minutes=5, learning_rates=(1, 0, 1)).dropout == 0


@dataclass(frozen=True, slots=True)
class Plain:
    rate: float = 0.5
    kind: Literal["a", "b"] = "a"
    steps: int = number(3, 1, 5)


class OfSomebodyElse(Entry):
    """An entry of another package, whose settings check nothing themselves."""

    card = EntryCard(name="other", summary="for tests", paper="none")
    settings = Plain()

    def fit(self, cells, session):
        raise NotImplementedError

    def load(self, folder):
        raise NotImplementedError


@pytest.mark.parametrize(("setting", "text"), [("rate", "nan"), ("rate", "1e999"), ("steps", "6")])
def test_settings_of_other_packages_are_held_to_finite_numbers_and_to_their_ranges(setting, text):
    with pytest.raises(SettingInvalid, match=setting):
        OfSomebodyElse().configured({setting: text})


def test_values_at_the_ends_of_a_range_are_allowed():
    check(Plain(steps=1))
    check(Plain(steps=5))


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("learning_rate", "abc", "learning_rate of tiny: expected float, found 'abc'"),
        ("learning_rate", "-1", "expected learning_rate of at least 0"),
        ("weight_decay", "-1", "expected weight_decay of at least 0"),
    ],
)
def test_a_refused_value_names_the_setting_as_it_was_given(setting, value, words):
    with pytest.raises(SettingInvalid, match=words) as refused:
        registry.find("tiny")[0].configured({setting: value})
    assert f"--set {setting}=VALUE" in refused.value.hint
    assert "learning_rates" not in f"{refused.value} {refused.value.hint}"
