"""The values of the contract: cells, settings, randomness."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pytest

from models.contract import (
    Cells,
    CellsUnfit,
    Entry,
    EntryCard,
    Session,
    SettingInvalid,
)


@dataclass(frozen=True, slots=True)
class Settings:
    flag: bool = False
    count: int = 3
    rate: float = 0.5
    name: str = "a"
    rates: tuple[float, ...] = (1.0,)
    weight: float | None = None
    kind: Literal["one", "two"] = "one"

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"expected count of at least 1, found {self.count}")


class Configurable(Entry):
    card = EntryCard(name="configurable", summary="for tests", paper="none")
    settings = Settings()

    def fit(self, cells, session):
        raise NotImplementedError

    def load(self, folder):
        raise NotImplementedError


def five_cells(labels=(0, 1, 1, 0, 1)) -> Cells:
    pixels = np.arange(5, dtype=np.uint8).reshape(5, 1, 1, 1) * np.ones((1, 300, 300, 3), dtype=np.uint8)
    column = None if labels is None else np.array(labels, dtype=np.uint8)
    return Cells(tuple("abcde"), ("H1", None, "H2", "H1", None), pixels, column)


def test_chosen_cells_come_in_the_order_asked_for_with_their_pixels():
    taken = five_cells().take(np.array([3, 0])).take(np.array([1, 0]))
    assert taken.names == ("a", "d")
    assert taken.subjects == ("H1", "H1")
    assert taken.labels.tolist() == [0, 0]
    assert taken.crops()[:, 0, 0, 0].tolist() == [0, 3]
    assert taken.crops(np.array([1]))[0, 0, 0, 0] == 3


def test_batches_cover_all_cells_once_and_in_order():
    parts = [(part.start, part.stop, crops[:, 0, 0, 0].tolist()) for part, crops in five_cells().batches(2)]
    assert parts == [(0, 2, [0, 1]), (2, 4, [2, 3]), (4, 5, [4])]


def test_columns_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match="differ in length"):
        Cells(("a",), (None, None), np.zeros((1, 300, 300, 3), dtype=np.uint8))


@pytest.mark.parametrize(
    ("labels", "words"), [(None, "no labels"), ((1,) * 5, "5 of class ALL"), ((0,) * 5, "5 of class HEM")]
)
def test_cells_of_fewer_than_two_classes_cannot_be_learnt_from(labels, words):
    with pytest.raises(CellsUnfit, match=words):
        five_cells(labels).require_labels()


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("flag", "yes", True),
        ("flag", "0", False),
        ("count", "7", 7),
        ("rate", "1e-4", 1e-4),
        ("name", "none", "none"),
        ("rates", "1, 0.1", (1.0, 0.1)),
        ("weight", "2.5", 2.5),
        ("weight", "none", None),
        ("kind", "two", "two"),
    ],
)
def test_a_setting_is_read_as_what_it_is(name, text, value):
    changed = Configurable().configured({name: text})
    assert changed.described_settings()[name] == value
    assert Configurable.settings == Settings()


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("cuont", "1", "no setting 'cuont'"),
        ("count", "many", "expected int, found 'many'"),
        ("flag", "maybe", "expected true or false"),
        ("kind", "three", "expected one of one, two"),
        ("count", "0", "at least 1, found 0"),
    ],
)
def test_a_setting_that_is_not_there_or_cannot_be_read_is_named(name, text, words):
    with pytest.raises(SettingInvalid, match=words):
        Configurable().configured({name: text})


def test_an_unknown_setting_is_answered_with_those_there_are():
    with pytest.raises(SettingInvalid) as caught:
        Configurable().configured({"cuont": "1"})
    assert "flag, count, rate, name, rates, weight, kind" in caught.value.hint


def test_random_numbers_are_a_function_of_the_seed_and_the_keys():
    def draw(seed: int, *keys: int) -> float:
        return float(Session(seed=seed).generator(*keys).random())

    assert draw(1, 2, 3) == draw(1, 2, 3)
    assert len({draw(1, 2, 3), draw(1, 3, 2), draw(2, 2, 3), draw(1, 2), draw(1)}) == 5
