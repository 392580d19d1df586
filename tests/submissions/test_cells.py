"""The published names are taken apart as they are written, and submissions are ordered by number."""

from __future__ import annotations

import random

import pytest

from submissions.cells import CellName, CellNameInvalid, Label, cell_number, submission_order


def test_a_training_name_says_subject_image_cell_and_class() -> None:
    cell = CellName.parse("UID_45_30_5_all.bmp")
    assert (cell.subject, cell.image, cell.cell, cell.label) == ("45", 30, 5, Label.ALL)


def test_the_lower_case_subject_is_the_same_person() -> None:
    cell = CellName.parse("UID_h3_1_2_hem.bmp")
    assert (cell.subject, cell.label, cell.text) == ("H3", Label.HEM, "UID_h3_1_2_hem.bmp")


@pytest.mark.parametrize(
    "name", ["", "1.bmp", "UID_1_1_1_all.png", "uid_1_1_1_all.bmp", "UID_1_1_all.bmp", "UID_1_1_1_all.bmp\n"]
)
def test_any_other_name_is_refused_and_shown(name: str) -> None:
    with pytest.raises(CellNameInvalid, match="expected a name like UID_"):
        CellName.parse(name)


@pytest.mark.parametrize("name", ["0.bmp", "01.bmp", "-1.bmp", "1.png", "١.bmp", f"{'9' * 5000}.bmp"])
def test_only_plain_numbers_are_test_cells(name: str) -> None:
    with pytest.raises(CellNameInvalid):
        cell_number(name)


def test_test_cells_are_ordered_as_numbers_and_not_as_text() -> None:
    names = [f"{number}.bmp" for number in range(1, 200)]
    shuffled = random.Random(0).sample(names, len(names))
    assert sorted(shuffled, key=submission_order) == names
    assert cell_number("10.bmp") == 10


def test_training_cells_stand_in_ascii_order() -> None:
    names = ["UID_10_1_1_all.bmp", "UID_2_1_1_all.bmp", "UID_H1_1_1_hem.bmp", "UID_h3_1_1_hem.bmp"]
    assert sorted((names[2], names[0], names[3], names[1]), key=submission_order) == names
