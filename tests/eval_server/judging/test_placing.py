"""Places on a board: pairs that were tested already are not tested again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from eval_server.judging import placing
from eval_server.judging.placing import PairTable, Places, places
from eval_server.scoring import exact
from eval_server.scoring.exact import swap_family
from eval_server.scoring.metrics import ACCURACY, SENSITIVITY, WEIGHTED_F1
from eval_server.scoring.ranking import holm
from tests.support.truth import a_truth, a_verdict

SMALL = {"A": "11111", "B": "1111", "C": "111111", "H1": "00000", "H2": "0000", "H3": "000000"}


def test_the_twenty_first_entry_tests_twenty_new_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []

    def counting(metrics: Any, tally: Any, first: Any, second: Any) -> Any:
        counted.append(len(first))
        return swap_family(metrics, tally, first, second)

    monkeypatch.setattr(placing, "swap_family", counting)
    generator, truth = np.random.default_rng(0), a_truth(SMALL)
    cells = np.array(truth.phase.cells)
    board = [a_verdict(truth, generator.choice(cells, 1 + at, replace=False)) for at in range(21)]
    table = PairTable()
    places(board[:20], table)
    grown = places(board, table)
    assert counted == [190, 20]
    fresh = places(board)
    assert grown.rank_sets == fresh.rank_sets
    assert grown.p_holm.tolist() == fresh.p_holm.tolist()


def test_a_resampled_p_is_the_same_whether_its_pair_is_tested_first_or_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Subjects with cells of both classes, none of whose pairs is counted out."""
    monkeypatch.setattr(exact, "LARGEST_TABLE", 0)
    generator, truth = np.random.default_rng(3), a_truth({"A": "111100", "B": "11000", "C": "1111110"})
    cells = np.array(truth.phase.cells)
    board = [a_verdict(truth, generator.choice(cells, 2 + at, replace=False)) for at in range(5)]
    table = PairTable((WEIGHTED_F1, ACCURACY))
    for size in range(1, 6):
        grown = places(board[:size], table)
    whole, other = places(board), places(board, PairTable((ACCURACY,)))
    assert not grown.tests[0].exact.any()
    assert grown.tests[0].p.tolist() == whole.tests[0].p.tolist()
    at = {pair: place for place, pair in enumerate(pairs_of(other))}
    assert [other.tests[0].p[at[pair]] for pair in pairs_of(grown)] == grown.tests[1].p.tolist()


def pairs_of(found: Places) -> list[frozenset[int]]:
    """The pairs by the numbers of the verdicts."""
    both = zip(found.first.tolist(), found.second.tolist(), strict=True)
    return [frozenset((found.order[one], found.order[other])) for one, other in both]


def test_a_metric_that_truth_does_not_define_ties_everybody() -> None:
    truth = a_truth({"H1": "0000", "H2": "000", "H3": "00000"})
    board = [a_verdict(truth, wrong) for wrong in ((), ("H1-0.bmp",), ("H2-0.bmp", "H3-1.bmp"))]
    found = places(board, PairTable((SENSITIVITY,)))
    assert (found.order, found.ranks) == ((0, 1, 2), (1, 1, 1))
    assert found.rank_sets == ((1, 3),) * 3


def test_of_entries_that_tie_the_one_given_earlier_stands_above() -> None:
    truth = a_truth(SMALL)
    board = [a_verdict(truth, wrong) for wrong in (["H1-0.bmp"], [], ["H1-1.bmp"], [])]
    found = places(board)
    assert (found.order, found.ranks) == ((1, 3, 0, 2), (1, 1, 3, 3))
    assert found.holm_between(1, 0) == found.holm_between(0, 1) == 1.0
    assert found.holm_between(0, 0) is None


def test_only_the_pairs_with_one_entry_are_tested_and_adjusted() -> None:
    truth = a_truth(SMALL)
    board = [a_verdict(truth, ["A-0.bmp", "H2-0.bmp", "B-1.bmp"][:wrong]) for wrong in (2, 0, 3, 1)]
    found = places(board, against=3)
    assert [sorted(pair) for pair in pairs_of(found)] == [[1, 3], [0, 3], [2, 3]]
    assert found.holm_between(0, 2) is None
    assert found.p_holm.tolist() == holm(found.tests[0].p).tolist()
