"""What is said of intervals, against counts and formulas written out."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from scipy import stats

from eval_server.figures.showing import pictures_of_report
from eval_server.figures.statements import intervals as said
from eval_server.judging.comparing import compare
from eval_server.scoring.counts import Subjects, Tally
from eval_server.scoring.exact import swap_tests
from eval_server.scoring.foresight import FOUND, next_interval, power
from eval_server.scoring.intervals import entry_intervals
from eval_server.scoring.measures import MARKED
from eval_server.scoring.methods import both_sources
from eval_server.scoring.metrics import ACCURACY, SENSITIVITY, WEIGHTED_F1
from eval_server.scoring.optimism import optimism
from eval_server.scoring.subjects import clopper_pearson, wilson
from tests.support import stored
from tests.support.sentences import ROOT, numbers_in
from tests.support.truth import FIRST, SECOND, a_truth, a_verdict, golden_tally, golden_verdicts

QUICK = {"resamples": 200}
LIMITS_OF = {"90 %": stats.norm.ppf(0.95), "95 %": stats.norm.ppf(0.975)}


@pytest.mark.parametrize("alpha", [0.05, 0.1])
def test_the_level_beside_tests_is_that_of_the_intervals(alpha: float) -> None:
    level = said.level_words(alpha)
    report = compare(golden_verdicts(), alpha=alpha, **QUICK)
    own = entry_intervals(WEIGHTED_F1, golden_tally(), numbers_in(level)[0] / 100)
    by_name = {one.entry: one.interval for one in report.entries}
    for at in range(5):
        assert by_name[f"E{at + 1}"].limits == pytest.approx([own.low[at], own.high[at]])
    drawn = pictures_of_report(report)[0]
    assert drawn.caption.startswith(said.dot_and_line("weighted F1", level))
    assert drawn.rows[0][3] == " to ".join(f"{100 * end:.2f}" for end in by_name["E2"].limits)
    assert said.beside("Weighted F1", level) == f"Weighted F1 with its {level} interval over subjects."
    assert f"{100 * (1 - alpha):g} % interval over subjects" in said.dot_and_line("weighted F1", level)


def test_an_interval_takes_subjects_as_the_unit_so_that_twice_the_cells_leave_it_as_it_is() -> None:
    once = golden_tally()
    subjects = Subjects(once.subjects.names, 2 * once.subjects.positives, 2 * once.subjects.negatives)
    twice = Tally(subjects, 2 * once.tp, 2 * once.tn)
    limits = [entry_intervals(WEIGHTED_F1, table) for table in (once, twice)]
    assert limits[0].low == pytest.approx(limits[1].low)
    assert "28 subjects as the unit" in said.interval_takes(len(once.subjects))
    assert numbers_in(said.unit(28, 1867)) == [28, 1867]
    with stored("golden/cells.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    assert (len({row["subject"] for row in rows}), len(rows)) == (28, 1867)
    value = golden_verdicts()["E1"].weighted_f1
    by_cells = 2 * LIMITS_OF["95 %"] * (value * (1 - value) / 1867) ** 0.5
    assert limits[0].high[0] - limits[0].low[0] > 3 * by_cells


def test_the_spread_over_subjects_of_the_other_class_is_not_in_an_interval() -> None:
    """By hand, as it is said: logit scale, residuals with leverage, Welch and Satterthwaite."""
    table = Tally(
        Subjects(tuple("ABHI"), np.array([6, 4, 0, 0]), np.array([0, 0, 5, 5])),
        np.array([[5, 2, 0, 0], [5, 2, 0, 0]]),
        np.array([[0, 0, 5, 4], [0, 0, 5, 0]]),
    )
    found = entry_intervals(SENSITIVITY, table)
    assert found.low[0] == found.low[1]
    assert said.rests_on().endswith("over subjects within each class.")
    parts = [(5 - 0.7 * 6) / 10 / (1 - 0.6), (2 - 0.7 * 4) / 10 / (1 - 0.4)]
    df = max(1 / (0.6**2 + 0.4**2) - 1, 1)
    reach = stats.t.ppf(0.975, df) * np.hypot(*parts) / (0.7 * 0.3)
    assert found.low[0] == pytest.approx(1 / (1 + np.exp(reach - np.log(0.7 / 0.3))))
    for word in ("logit scale", "residuals within each class", "leverage", "Welch-Satterthwaite"):
        assert word in said.how_computed()


def test_where_there_is_no_interval_the_reason_is_that_of_the_number() -> None:
    one = a_verdict(a_truth({"A": "1111", "H": "000", "I": "000"}), ["A-0.bmp", "H-0.bmp", "I-0.bmp"])
    found = one.intervals["weighted_f1"]
    assert not found.estimable
    assert said.no_interval(found.remark) == (
        "There is no interval: not estimable: only one subject with ALL cells."
    )
    ahead = next_interval(one.tally, 5)
    assert ahead.low is None
    assert said.nothing_ahead(ahead.remark).endswith(
        "cannot be told: not estimable: only one subject with ALL cells."
    )


def test_what_is_marked_covers_as_little_as_is_said_and_no_other_does() -> None:
    """By the table of docs/calibration.md, which `make calibration` makes."""
    low, high, nominal = numbers_in(said.marked_means())
    lines = (
        (ROOT / "docs/calibration.md").read_text(encoding="utf-8").split("| interval of |")[1].splitlines()
    )
    rows = [[cell.strip() for cell in line.split("|")] for line in lines if line.startswith("| ")]
    lowest = {row[1]: (float(row[2]), row[6]) for row in rows if len(row) > 6 and row[2][:2] == "0."}
    marked = {name: value for name, (value, mark) in lowest.items() if mark == said.MARK}
    assert {name.replace("mean ", "").replace(" ", "_") for name in marked} == set(MARKED)
    assert low / 100 <= min(marked.values()) + 0.0005
    assert min(marked.values()) < low / 100 + 0.01
    assert max(marked.values()) < high / 100 == said.CARE
    assert all(value >= said.CARE for name, (value, _) in lowest.items() if name not in marked)
    assert nominal == 95


def test_without_subjects_there_is_no_interval_and_no_rank_set() -> None:
    truth = a_truth({"A": "1111", "B": "111", "H": "000", "I": "000"})
    blind = type(truth)(truth.phase, truth.labels, None)
    report = compare({"a": a_verdict(blind, ["A-0.bmp"]), "b": a_verdict(blind, ["H-0.bmp"])}, **QUICK)
    assert not any(one.interval.estimable for one in report.entries)
    assert not report.significant
    assert "no intervals and no rank sets" in said.no_subjects()


def test_overlapping_intervals_can_be_told_apart() -> None:
    """Ten hard and easy subjects, and a second entry that is a little worse on each."""
    cells = np.full(10, 40)
    shares = np.array([0.95, 0.9, 0.6, 0.5, 0.85, 0.92, 0.65, 0.55, 0.8, 0.75])
    positive = np.arange(10) < 5
    right = np.array([cells * shares, cells * shares - 4]).astype(int)
    subjects = Subjects(tuple("ABCDEHIJKL"), cells * positive, cells * ~positive)
    table = Tally(subjects, right * positive, right * ~positive)
    limits = entry_intervals(WEIGHTED_F1, table)
    assert limits.low[0] < limits.high[1]
    assert swap_tests(WEIGHTED_F1, table, np.array([0]), np.array([1])).p[0] < 0.05
    assert "do not mean that two entries are alike" in said.overlap_says_nothing()


def test_intervals_speak_about_subjects_like_those_at_hand() -> None:
    """So many are counted, and more of the same kind make the interval narrower."""
    table = golden_tally()
    assert numbers_in(said.of_this_kind(len(table.subjects))) == [28]
    assert "other subjects like these, imaged" in said.of_this_kind()
    names = tuple(f"{name}{copy}" for copy in "ab" for name in table.subjects.names)
    subjects = Subjects(
        names, *(np.tile(cells, 2) for cells in (table.subjects.positives, table.subjects.negatives))
    )
    more = Tally(subjects, np.tile(table.tp, 2), np.tile(table.tn, 2))
    once, twice = (entry_intervals(WEIGHTED_F1, one) for one in (table, more))
    assert np.all(twice.high - twice.low < once.high - once.low)


def test_what_another_seed_would_give_is_not_in_an_interval() -> None:
    """Seeds that move all subjects alike: every run has the same spread over subjects, methods differ."""
    subjects = Subjects(tuple("ABCDEFGH"), np.full(8, 100), np.zeros(8, dtype=int))
    base = np.array([80, 82, 79, 81, 80, 78, 82, 80])
    runs = Tally(subjects, base + np.array([0, 8, 16])[:, None], np.zeros((3, 8), dtype=int))
    own_way = np.array([0, 1, 0, -1, 0, 1, 0, -1])
    others = Tally(subjects, base + own_way + np.array([-3, 5, 10])[:, None], np.zeros((3, 8), dtype=int))
    both = both_sources(runs, others, metric=ACCURACY)
    assert both.seeds_share is not None
    assert both.seeds_share > 0.9
    own = entry_intervals(ACCURACY, runs)
    assert own.high[0] < own.low[2]
    assert "another training seed would give is not in these" in said.one_seed()


def test_the_interval_of_a_diagnosis_is_exact_if_all_subjects_have_one_chance_and_else_is_not() -> None:
    """Twenty subjects, counted through: as exact as it says, and with other chances not what it says."""
    limits = [clopper_pearson(hits, 20) for hits in range(21)]

    def missed(chances: np.ndarray, truth: float) -> float:
        weights = np.array([1.0])
        for one in chances:
            weights = np.convolve(weights, [1 - one, one])
        outside = [not (one.low or 0) <= truth <= (1 if one.high is None else one.high) for one in limits]
        return float(weights[outside].sum())

    assert all(missed(np.full(20, chance), chance) <= 0.05 for chance in (0.1, 0.5, 0.83))
    assert said.diagnosis_holds() == "exact if every subject of a class has the same chance"
    hard = np.repeat([0.0, 1.0], 10)
    assert missed(hard, 0.5) < missed(np.full(20, 0.5), 0.5) / 10
    words = said.votes([f"17 of 20 [{limits[17].low:.2f}, {limits[17].high:.2f}] ALL"])
    exact = stats.binomtest(17, 20).proportion_ci(numbers_in(words)[4] / 100, method="exact")
    assert numbers_in(words) == [17, 20, round(exact.low, 2), round(exact.high, 2), 95]


def test_the_interval_within_a_subject_has_the_level_that_is_said() -> None:
    level = numbers_in(said.within_subject())[0] / 100
    expected = stats.binomtest(31, 40).proportion_ci(level, method="wilson")
    assert wilson(31, 40) == pytest.approx((expected.low, expected.high), abs=1e-10)


def test_what_a_best_of_many_gains_by_luck_is_said_in_points() -> None:
    """Two tries, each right on one of two subjects: where both draws are of one subject, it is all right."""
    subjects = Subjects(("A", "B", "H", "I"), np.array([4, 4, 0, 0]), np.array([0, 0, 4, 4]))
    tries = Tally(subjects, np.array([[4, 0, 0, 0], [0, 4, 0, 0]]), np.array([[0, 0, 4, 4], [0, 0, 4, 4]]))
    drawn = np.array([[2, 0, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1], [0, 2, 1, 1]], dtype=float)
    found = optimism(ACCURACY, tries, drawn)
    assert found == pytest.approx((2 * 0.25 + 0) / 4)
    words = said.best_of(len(tries), found, "accuracy")
    assert numbers_in(words)[:2] == [2, 12.5]
    assert "less than 0.1 points" in said.best_of(2, 0.0004, "accuracy")


def test_half_of_a_difference_takes_four_times_the_subjects() -> None:
    known = power(golden_tally(), FIRST, SECOND)
    assert known is not None
    assert known.subjects_for(known.findable) == 28
    assert known.subjects_for(known.findable / 2) == 4 * 28
    assert numbers_in(said.subjects_needed()) == [100 * FOUND, 100]
    assert "two entries like this one" in said.can_find(known.findable, known.subjects, entries=1)
    words = numbers_in(said.can_find(known.findable, known.subjects))
    assert words == [28, 100 * FOUND, 100, pytest.approx(100 * known.findable, abs=0.005)]


def test_one_entrys_interval_is_said_with_its_own_numbers() -> None:
    found = golden_verdicts()["E1"].intervals["weighted_f1"]
    words = numbers_in(said.interval_says(28, *found.limits))
    assert words == [28, *(pytest.approx(100 * end, abs=0.05) for end in found.limits), 100, 5]
    assert said.interval_means("90 %").startswith("The 90 % interval: of 100 test sets")
    assert numbers_in(said.interval_means("90 %")) == [90, 100, 90]
    assert "varies more" in said.interval_means()
