"""The official phases are the published ones, and a phase's key stands for its cells in order."""

from __future__ import annotations

from submissions.phases import FINAL, OFFICIAL, PRELIM, phase_of


def test_the_official_phases_have_the_published_sizes_without_gaps() -> None:
    assert {name: len(phase) for name, phase in OFFICIAL.items()} == {"prelim": 1867, "final": 2586}
    assert (PRELIM.cells[0], PRELIM.cells[9], FINAL.cells[-1]) == ("1.bmp", "10.bmp", "2586.bmp")


def test_every_phase_travels_under_the_name_the_platforms_look_for() -> None:
    assert {phase.member for phase in OFFICIAL.values()} == {"isbi_valid.predict"}


def test_two_phases_of_the_same_cells_have_one_key_whatever_order_they_came_in() -> None:
    one, other = phase_of("a", ["2.bmp", "10.bmp"]), phase_of("b", ["10.bmp", "2.bmp"])
    assert one.key == other.key != phase_of("a", ["2.bmp"]).key
