"""Which submissions are alike: real entries are not, a copy with a few cells changed is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from eval_server.judging.likeness import alike, cells_apart, most_apart, packed_calls
from submissions.tables import read_table
from tests.support import stored

CELLS = 1867


def real_entries() -> dict[str, npt.NDArray[np.uint8]]:
    """Nine methods, and six seeds each of two of them; a seed that is the method's own run only once."""
    paths = [path for name in ("prelim", "prelim-seeds") for path in stored(f"entries/{name}").glob("*.csv")]
    found = {path.stem: read_table(path).labels for path in sorted(paths)}
    once = {called.tobytes(): name for name, called in found.items()}
    return {name: found[name] for name in once.values()}


def changed(called: npt.NDArray[np.uint8], cells: int) -> npt.NDArray[np.uint8]:
    found = called.copy()
    found[np.random.default_rng(cells).choice(len(found), cells, replace=False)] ^= 1
    return found


def test_real_entries_of_one_team_each_are_not_alike() -> None:
    entries = real_entries()
    assert len(entries) == 20
    assert alike([packed_calls(one) for one in entries.values()], list(entries), CELLS) == []


@pytest.mark.parametrize(("cells", "found"), [(0, True), (5, True), (9, True), (10, False), (50, False)])
def test_a_copy_with_so_many_cells_changed_is_found_up_to_half_a_percent(cells: int, found: bool) -> None:
    entries = list(real_entries().values())
    copied = changed(entries[3], cells)
    pairs = alike([packed_calls(one) for one in [*entries, copied]], range(len(entries) + 1), CELLS)
    assert [(one.a, one.b, one.apart) for one in pairs] == ([(3, len(entries), cells)] if found else [])
    assert len(cells_apart(packed_calls(entries[3]), packed_calls(copied))) == cells


@pytest.mark.parametrize(
    ("cells", "most"), [(1, 0), (50, 0), (200, 0), (201, 1), (1000, 4), (1867, 9), (2586, 12)]
)
def test_alike_is_above_995_in_a_thousand(cells: int, most: int) -> None:
    assert most_apart(cells) == most
    assert 1 - most / cells > 0.995
    assert 1 - (most + 1) / cells <= 0.995


def test_a_team_is_not_alike_with_itself_and_two_teams_are_named_once_by_their_closest_pair() -> None:
    called = real_entries()["svm"]
    calls = [packed_calls(changed(called, cells)) for cells in (0, 3, 1, 2)]
    pairs = alike(calls, ["red", "blue", "red", "blue"], CELLS)
    apart = {(a, b): len(cells_apart(calls[a], calls[b])) for a in (0, 2) for b in (1, 3)}
    assert [one.apart for one in pairs] == [min(apart.values())]
    assert alike(calls, ["red"] * 4, CELLS) == []


def test_of_a_few_or_no_submissions_none_are_alike() -> None:
    called = packed_calls(np.zeros(50, dtype=np.uint8))
    assert alike([], [], 50) == []
    assert alike([called], ["red"], 50) == []


def test_cells_that_differ_are_named_by_their_places() -> None:
    one, other = np.zeros(21, dtype=np.uint8), np.zeros(21, dtype=np.uint8)
    other[[0, 7, 8, 20]] = 1
    assert cells_apart(packed_calls(one), packed_calls(other)) == [0, 7, 8, 20]
