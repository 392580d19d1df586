"""Places on a board: pairs that were tested already are not tested again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from eval_server.judging import placing
from eval_server.judging.placing import PairTable, places
from eval_server.scoring.exact import swap_tests
from tests.support.truth import a_truth, a_verdict

SMALL = {"A": "11111", "B": "1111", "C": "111111", "H1": "00000", "H2": "0000", "H3": "000000"}


def test_the_twenty_first_entry_tests_twenty_new_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []

    def counting(metric: Any, tally: Any, first: Any, second: Any) -> Any:
        counted.append(len(first))
        return swap_tests(metric, tally, first, second)

    monkeypatch.setattr(placing, "swap_tests", counting)
    generator, truth = np.random.default_rng(0), a_truth(SMALL)
    cells = np.array(truth.phase.cells)
    board = [a_verdict(truth, generator.choice(cells, 1 + at, replace=False)) for at in range(21)]
    table = PairTable()
    places(board[:20], "weighted_f1", table)
    grown = places(board, "weighted_f1", table)
    assert counted == [190, 20]
    fresh = places(board, "weighted_f1", PairTable())
    assert grown.rank_sets == fresh.rank_sets
    assert grown.p_holm is not None
    assert fresh.p_holm is not None
    assert grown.p_holm.tolist() == fresh.p_holm.tolist()
