"""The official phases are the published ones, and a phase's key stands for its cells in order."""

from __future__ import annotations

import random

from submissions.naming import cells_of, listed_phase
from submissions.phases import FINAL, OFFICIAL, PRELIM, Phase, first_cells, order_remarks, phase_of


def test_the_official_phases_have_the_published_sizes_without_gaps() -> None:
    assert {name: len(phase) for name, phase in OFFICIAL.items()} == {"prelim": 1867, "final": 2586}
    assert (PRELIM.cells[0], PRELIM.cells[9], FINAL.cells[-1]) == ("1.bmp", "10.bmp", "2586.bmp")


def test_every_phase_travels_under_the_name_the_platforms_look_for() -> None:
    assert {phase.member for phase in OFFICIAL.values()} == {"isbi_valid.predict"}


def test_two_phases_of_the_same_cells_have_one_key_whatever_order_they_came_in() -> None:
    one, other = phase_of("a", ["2.bmp", "10.bmp"]), phase_of("b", ["10.bmp", "2.bmp"])
    assert one.key == other.key != phase_of("a", ["2.bmp"]).key


def shuffled(cells: tuple[str, ...]) -> list[str]:
    return random.Random(1).sample(cells, len(cells))


def test_the_order_of_a_phase_of_one_s_own_is_that_of_the_rows_of_its_table() -> None:
    rows = ["1", "2", "10", "100", "9", "slide7_c3", "slide10_c1"]
    assert listed_phase("own", rows).cells == tuple(rows)
    assert listed_phase("own", ["10.bmp", "9.bmp"]).cells == ("10.bmp", "9.bmp")


def test_a_table_of_the_official_cells_is_the_official_phase_with_endings_or_without() -> None:
    assert listed_phase("mine", shuffled(PRELIM.cells)) is PRELIM
    assert listed_phase("mine", [cell.removesuffix(".bmp") for cell in shuffled(FINAL.cells)]) is FINAL
    assert listed_phase("mine", PRELIM.cells[1:]).name == "mine"
    assert listed_phase("mine", [*PRELIM.cells, "1"]).name == "mine"


def test_a_fold_keeps_the_order_of_its_submissions_whatever_the_order_of_a_table() -> None:
    names = ("UID_1_10_1_all.bmp", "UID_1_1_1_all.bmp", "UID_1_2_1_all.bmp", "UID_H1_1_1_hem.bmp")
    assert listed_phase("fold0", reversed(names)).cells == names
    bare = [name.removesuffix(".bmp") for name in names]
    assert listed_phase("fold0", reversed(bare)).cells == tuple(bare)
    assert listed_phase("own", [names[3], "x", names[0]]).cells == (names[3], "x", names[0])


def test_cells_are_found_by_their_names_with_ending_and_without() -> None:
    cells = cells_of(listed_phase("own", ["a.bmp", "b", "c", "c.bmp", "C"]))
    asked = ["a", "b.BMP", "x/a.BMP", "c", "c.bmp", "C", "C.bmp", "d"]
    assert list(map(cells.find, asked)) == [0, 1, 0, 2, 3, 4, -1, -1]


def test_the_first_cells_are_said_in_order() -> None:
    assert first_cells(PRELIM, 3) == "1.bmp, 2.bmp, 3.bmp, …"
    assert first_cells(listed_phase("own", ["b", "a"])) == "b, a"


def test_a_host_is_told_of_an_order_that_gives_every_label_away() -> None:
    phase = Phase("own", ("a", "b", "c", "d"))
    (said,) = order_remarks(phase, [1, 1, 0, 0])
    assert said.startswith("one class stands before the other")
    assert order_remarks(phase, [1, 0, 0, 1]) == order_remarks(phase, [1, 1, 1, 1]) == []
    assert order_remarks(Phase("two", ("a", "b")), [1, 0]) == []
    assert order_remarks(PRELIM, [1, *[0] * (len(PRELIM) - 1)]) == []


def test_a_host_is_told_of_numbers_whose_rows_are_shuffled() -> None:
    (said,) = order_remarks(Phase("own", ("2.bmp", "10.bmp", "1.bmp")), [1, 0, 1])
    assert "not in the order of the cells' numbers" in said
    assert order_remarks(Phase("own", ("1.bmp", "2.bmp", "10.bmp")), [1, 0, 1]) == []
