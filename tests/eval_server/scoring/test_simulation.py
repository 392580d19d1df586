"""The simulation draws what it says, and the benchmark reports on what it draws."""

from __future__ import annotations

import csv
from collections import Counter

import numpy as np
import pytest

from benchmarks import report as benchmark
from eval_server.judging.truth import read_truth
from eval_server.scoring import simulation
from eval_server.scoring.metrics import WEIGHTED_F1
from eval_server.scoring.simulation import SIZES, TrueRates, draw, other_point, subjects_of_design
from tests.support import stored
from tests.support.truth import LABEL_FILE


def test_the_subject_sizes_are_those_of_the_published_lists() -> None:
    with stored("facts/known_files.csv").open(newline="") as table:
        rows = [row for row in csv.DictReader(table) if row["split"] == "train"]
    for fold in ("fold_0", "fold_1", "fold_2"):
        for at, label in enumerate(("all", "hem")):
            cells = Counter(
                row["subject"].upper() for row in rows if (row["fold"], row["class"]) == (fold, label)
            )
            assert sorted(cells.values(), reverse=True) == list(SIZES[fold][at])
    truth = read_truth(stored(LABEL_FILE))
    assert truth.subjects is not None
    for at, label in enumerate((1, 0)):
        cells = Counter(
            who for who, found in zip(truth.subjects, truth.labels, strict=True) if found == label
        )
        assert sorted(cells.values(), reverse=True) == list(SIZES["prelim"][at])


@pytest.mark.parametrize("design", SIZES)
@pytest.mark.parametrize("level", simulation.LEVELS)
def test_levels_are_near_the_weighted_f1_they_are_named_after(design: str, level: str) -> None:
    found = TrueRates(*simulation.LEVELS[level], 0.0).value(subjects_of_design(design))
    assert found == pytest.approx(float(level), abs=0.008)


def test_drawn_entries_have_the_expected_rates_and_consistent_cells() -> None:
    subjects = subjects_of_design("prelim")
    entries = TrueRates(0.9, 0.8, 0.5), TrueRates(0.9, 0.8, 0.0)
    drawn = draw(subjects, entries, 4000, np.random.default_rng(1))
    for rows in (drawn.first, drawn.second):
        assert drawn.table.tp[rows].sum(axis=1).mean() / 1219 == pytest.approx(0.9, abs=0.005)
        assert drawn.table.tn[rows].sum(axis=1).mean() / 648 == pytest.approx(0.8, abs=0.008)
    net = drawn.table.correct[drawn.first].sum(axis=1) - drawn.table.correct[drawn.second].sum(axis=1)
    assert (net == drawn.discordant.only_first - drawn.discordant.only_second).all()
    assert (drawn.table.tp <= subjects.positives).all()
    assert (drawn.table.tn <= subjects.negatives).all()


def test_the_other_point_has_the_same_weighted_f1_and_is_more_sensitive() -> None:
    subjects, entry = subjects_of_design("fold_2"), TrueRates(0.92, 0.83, 0.25)
    other = other_point("fold_2", entry)
    assert other.value(subjects) == pytest.approx(entry.value(subjects), abs=1e-9)
    assert other.sensitivity > entry.sensitivity
    assert other.specificity < entry.specificity


def test_small_runs_show_what_large_ones_do(capsys: pytest.CaptureFixture[str]) -> None:
    """McNemar rejects far too often, the intervals over cells cover far too little."""
    generator = np.random.default_rng(4)
    entry = TrueRates(*simulation.LEVELS["0.89"], 0.25)
    sizes = simulation.sizes("prelim", (entry, entry), 300, generator)
    assert sizes[simulation.CELL_LEVEL] > 0.25
    assert sizes[simulation.PRIMARY] < 0.10
    found = simulation.coverage("prelim", entry, 1500, generator)
    assert found[simulation.OF_ENTRY].share > 0.93
    assert found["cells as independent"].share < 0.6


def test_both_tables_are_printed_and_broken_promises_counted(capsys: pytest.CaptureFixture[str]) -> None:
    code = simulation.main(["--datasets", "20", "--interval-datasets", "200"])
    printed = capsys.readouterr()
    assert code == (1 if "broken promise" in printed.err else 0)
    assert printed.out.count("| prelim") == 4 + len(simulation.LEVELS)
    assert "20 data sets a design for tests" in printed.out


def test_the_benchmarks_board_is_a_board_like_any_other() -> None:
    board = benchmark.Board(3)
    report = board.report()
    table = board.tally()
    value = WEIGHTED_F1.value(table.tp.sum(axis=1), table.tn.sum(axis=1), table.positives, table.negatives)
    assert sorted(standing.weighted_f1 for standing in report.entries) == pytest.approx(sorted(value))
    assert (len(report.pairs), report.subjects) == (3, 28)
    assert 0.85 < value.min() < value.max() < 0.93


def test_scipy_on_counts_tests_the_same_hypothesis_as_the_exact_test() -> None:
    """What the benchmark times must answer the same question."""
    from scipy.stats import permutation_test

    from eval_server.scoring.exact import swap_tests

    board = benchmark.Board(2)
    table = board.tally()
    exact = swap_tests(WEIGHTED_F1, table, np.array([0]), np.array([1])).p[0]
    found = permutation_test(
        benchmark.counts_of(table, (0, 1)),
        benchmark.statistic_on_counts(table),
        permutation_type="samples",
        vectorized=True,
        n_resamples=4000,
        axis=-1,
        rng=np.random.default_rng(0),
    )
    assert found.pvalue == pytest.approx(exact, abs=0.03)
