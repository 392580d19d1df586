"""Random labels are seen for what they are, and real entries are not taken for them."""

from __future__ import annotations

import numpy as np

from eval_server.judging.designs import MANY, looks_designed, unlike_all_before
from submissions.tables import read_table
from tests.support import stored


def real() -> list[np.ndarray]:
    return [read_table(path).labels for path in sorted(stored("entries/prelim").glob("*.csv"))]


def random_labels(count: int, cells: int = 1867) -> list[np.ndarray]:
    generator = np.random.default_rng(3)
    return [generator.integers(0, 2, cells).astype(np.uint8) for _ in range(count)]


def test_random_labels_look_like_a_design_from_the_fourth_on() -> None:
    found = random_labels(MANY + 1)
    assert not looks_designed(found[:-1])
    assert looks_designed(found)
    assert unlike_all_before(found) == [1, 2, 3]


def test_real_entries_are_no_design_in_whichever_order_they_come() -> None:
    entries = real()
    assert len(entries) == 9
    for seed in range(20):
        order = np.random.default_rng(seed).permutation(len(entries))
        assert unlike_all_before([entries[at] for at in order]) == []


def test_a_design_is_seen_between_real_entries() -> None:
    assert looks_designed([*real(), *random_labels(MANY), *real()])


def test_labels_the_wrong_way_round_and_labels_all_the_same_are_no_design() -> None:
    entry = real()[0]
    same = np.ones(len(entry), dtype=np.uint8)
    assert unlike_all_before([entry, 1 - entry, same, 1 - same, entry]) == []
    assert unlike_all_before([same, entry]) == []


def test_nothing_and_one_upload_are_no_design() -> None:
    assert unlike_all_before([]) == unlike_all_before(random_labels(1)) == []
