"""The histogram of scores: every cell in one bin, and one half exactly on the side of HEM."""

from __future__ import annotations

import numpy as np

from eval_server.figures.scores import BINS, score_histogram


def counted(rows: tuple[tuple[str, ...], ...], column: int) -> list[int]:
    return [int(row[column]) for row in rows]


def test_every_cell_stands_in_the_bin_of_its_score_by_class() -> None:
    generator = np.random.default_rng(0)
    scores, leukemic = generator.random(500), generator.random(500) < 0.7
    found = score_histogram("mine", scores, leukemic)
    for column, group in ((1, leukemic), (2, ~leukemic)):
        expected, _ = np.histogram(scores[group], bins=np.linspace(0, 1, BINS + 1))
        assert counted(found.rows, column) == expected.tolist()
    wrong = int(((scores > 0.5) != leukemic).sum())
    assert f"{wrong} of 500 cells lie on the wrong side" in found.caption


def test_one_half_and_the_ends_are_counted_where_they_are_called() -> None:
    found = score_histogram("mine", np.array([0.0, 0.5, 1.0]), None)
    assert found.columns == ("scores, %", "all cells")
    filled = [row[0] for row in found.rows if row[1] != "0"]
    assert filled == ["0 to 5", "45 to 50", "95 to 100"]
    assert found.caption.startswith("1 of 3 cells lie right of one half: they are called ALL.")
