"""What a paper says of its table and its methods, against the numbers of a comparison."""

from __future__ import annotations

import pytest

from eval_server.figures.statements import methods as said
from eval_server.judging.comparing import compare
from eval_server.judging.report import Report
from tests.support.sentences import numbers_in
from tests.support.truth import golden_verdicts


@pytest.fixture(scope="module")
def report() -> Report:
    return compare(golden_verdicts(), resamples=200, margin=0.02)


def test_a_table_says_how_many_cells_and_subjects_and_which_level(report: Report) -> None:
    words = said.caption("fold", report.cells, report.subjects, report.alpha)
    assert numbers_in(words) == [report.cells, 95, report.subjects]
    assert "intervals" not in said.caption("fold", report.cells, None, report.alpha)
    judged = said.judged_on("fold", report.cells, report.subjects, len(report.entries))
    assert numbers_in(judged)[:3] == [len(report.entries), report.cells, report.subjects]
    assert "not known" in said.judged_on("fold", report.cells, None, 1)
    assert "no intervals and no tests" in said.no_tests()


def test_a_part_of_an_official_phase_is_called_a_part() -> None:
    assert "on 56 of the 1,867 cells of phase prelim, with" in said.caption("prelim", 56, 28, 0.05)
    assert "on 1,867 cells of phase prelim, with" in said.caption("prelim", 1867, 28, 0.05)
    assert "(phase prelim of C-NMC 2019, in part [@data])" in said.judged_on("prelim", 56, 28, 2)
    assert "part" not in said.judged_on("prelim", 1867, 28, 2)


def test_intervals_and_rank_sets_have_the_level_of_the_tests() -> None:
    for alpha, level in ((0.05, 95), (0.1, 90)):
        assert level in numbers_in(said.intervals_by(alpha))
        assert numbers_in(said.rank_sets_by(alpha)) == [level]


def test_the_p_that_are_told_are_those_after_holm_over_the_family(report: Report) -> None:
    tests = len(report.pairs)
    assert numbers_in(said.p_means("E1", tests)) == [tests]
    words = said.tests_by(tests, report.alpha, None, exact=all(pair.exact for pair in report.pairs))
    assert numbers_in(words) == [tests, report.alpha]
    assert "all swaps are counted" in words
    assert "with E3" in said.tests_by(4, 0.05, "E3", exact=True)
    assert all((pair.p_holm or 0) <= min(1, tests * (pair.p or 0)) + 1e-12 for pair in report.pairs)
    assert all(pair.significant == ((pair.p_holm or 0) < report.alpha) for pair in report.pairs)
    assert numbers_in(said.letters_mean(report.alpha)) == [100 * report.alpha]


def test_equivalence_is_the_interval_of_twice_alpha_within_the_margin(report: Report) -> None:
    assert numbers_in(said.margin_by(0.02, report.alpha))[0] == 90
    assert "-0.02 and +0.02" in said.margin_by(0.02, report.alpha)
    for pair in report.pairs:
        found = pair.equivalence
        assert found is not None
        if found.low is not None and found.high is not None:
            assert found.equivalent == (found.low > -0.02 and found.high < 0.02)
