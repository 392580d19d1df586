"""Comparisons and standings: golden numbers through the front door, and degenerate boards."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from eval_server.judging.comparing import EntriesDiffer, compare
from eval_server.judging.truth import Truth
from eval_server.judging.verdict import Verdict, judge
from eval_server.scoring import pairwise
from submissions.predictions import Predictions
from submissions.tables import read_table
from tests.support import stored
from tests.support.truth import LABEL_FILE, a_truth, a_verdict, golden, golden_verdicts

SMALL = {"A": "11111", "B": "1111", "C": "111111", "H1": "00000", "H2": "0000", "H3": "000000"}
QUICK = {"resamples": 200}


def _board(*wrongs: list[str]) -> dict[str, Verdict]:
    truth = a_truth(SMALL)
    return {f"entry {at}": a_verdict(truth, wrong) for at, wrong in enumerate(wrongs)}


def test_the_document_has_the_promised_fields_and_is_plain_json() -> None:
    report = compare(golden_verdicts(), **QUICK)
    document = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert {"entries", "pairs", "alpha", "subjects", "method"} <= set(document)
    entry = {"name", "weighted_f1", "interval", "rank", "rank_set", "subject_accuracy"}
    pair = {"a", "b", "difference", "interval", "p", "p_holm", "mcnemar_midp", "design_effect"}
    assert all(entry <= set(row) for row in document["entries"])
    assert all(pair <= set(row) for row in document["pairs"])
    assert (document["subjects"], document["alpha"], len(document["pairs"])) == (28, 0.05, 10)


def test_pairs_carry_the_golden_differences_mcnemar_and_clustered_numbers() -> None:
    """golden/cluster_bootstrap.json, mcnemar.json, clustered_mcnemar.json, delong_py.json, r_stats.json."""
    report = compare(golden_verdicts(), **QUICK)
    for pair, expected in golden("cluster_bootstrap")["paired"].items():
        found = report.between(*pair.split("-"))
        sign = 1 if found.a == pair.split("-")[0] else -1
        assert found.difference == pytest.approx(sign * expected["diff"], abs=1e-12)
        assert found.mcnemar_midp == pytest.approx(golden("mcnemar")["results"][pair]["p_midp"], rel=1e-12)
        clustered = golden("clustered_mcnemar")["results"]["cells_csv"][pair]
        assert found.durkalski_chi2 == pytest.approx(clustered["durkalski"]["chi2"], rel=1e-12)
        assert found.obuchowski_chi2 == pytest.approx(clustered["obuchowski"]["chi2"], rel=1e-12)
        wilcoxon = golden("r_stats")["results"]["wilcoxon"][pair]
        assert found.wilcoxon_p == pytest.approx(wilcoxon["exact_wilcox"], abs=1e-12)
        assert found.wilcoxon_zeros == wilcoxon["n_zero"]
        assert found.auc is not None
        assert found.auc_cells is not None
        areas = golden("delong_py")["obuchowski1997_own_code"][pair]
        assert areas["p"] < found.auc.p < areas["p"] + 0.03  # by Student's t, where the file has a normal p
        assert found.auc.p_holm is not None
        assert found.auc.p <= found.auc.p_holm <= min(1, 10 * found.auc.p)
        assert found.auc_cells.p == pytest.approx(
            golden("delong_proc")["results"]["cells_csv"][pair]["p"], rel=1e-9
        )


def test_the_diagnosis_by_majority_is_tested_over_the_subjects_that_one_entry_alone_names() -> None:
    """Counted from each subject's own line, and tested by scipy's fair coin."""
    verdicts = golden_verdicts()
    named = {
        name: {one.subject for one in verdict.subjects or () if 2 * one.correct > one.cells}
        for name, verdict in verdicts.items()
    }
    found = compare(verdicts, **QUICK)
    assert any(pair.diagnosis is not None and pair.diagnosis.p < 1 for pair in found.pairs)
    for pair in found.pairs:
        only = len(named[pair.a] - named[pair.b]), len(named[pair.b] - named[pair.a])
        p = stats.binomtest(only[0], sum(only)).pvalue if sum(only) else 1.0
        assert pair.diagnosis is not None
        assert (pair.diagnosis.only_a, pair.diagnosis.only_b) == only
        assert pair.diagnosis.p == pytest.approx(p, rel=1e-12)
        assert pair.to_json()["diagnosis"] == {"only_a": only[0], "only_b": only[1], "p": pair.diagnosis.p}


def test_without_subjects_no_diagnosis_is_tested() -> None:
    truth = replace(a_truth(SMALL), subjects=None)
    report = compare({"a": a_verdict(truth, []), "b": a_verdict(truth, [])}, **QUICK)
    assert report.pairs[0].diagnosis is None


def test_wilcoxon_of_a_comparison_takes_equal_fractions_for_ties() -> None:
    """Differences 1/3, 1/2, 1, -3/5, 0, -1/3, 0, 1/4, 1/3, 0; as floats 5/6 - 3/6 is not 2/3 - 1/3."""
    right = {"A": (6, 5, 3), "B": (4, 4, 2), "C": (5, 5, 0), "D": (5, 1, 4), "E": (7, 6, 6)}
    right |= {"F": (6, 2, 4), "G": (3, 3, 3), "H": (4, 3, 2), "I": (3, 2, 1), "J": (9, 1, 1)}
    truth = a_truth({who: "1" * cells for who, (cells, _, _) in right.items()})
    entries = {
        name: a_verdict(
            truth, [f"{who}-{at}.bmp" for who, row in right.items() for at in range(row[place], row[0])]
        )
        for place, name in ((1, "one"), (2, "other"))
    }
    assert compare(entries, **QUICK).between("one", "other").wilcoxon_p == 0.46875


def test_entries_that_tie_but_for_the_last_digit_stand_by_name() -> None:
    """0.1 + 0.2 is no more than 0.3: whichever way a fraction was reached, a tie is a tie."""
    verdict = a_verdict(a_truth({"A": "111", "B": "11", "H": "000", "I": "00"}), ["A-0.bmp", "H-0.bmp"])
    more = {**verdict.metrics, "weighted_f1": float(np.nextafter(verdict.metrics["weighted_f1"], 2))}
    found = compare({"a": verdict, "b": replace(verdict, metrics=more)}, **QUICK)
    assert [(one.entry, one.rank) for one in found.entries] == [("a", 1), ("b", 1)]


def test_standings_are_in_order_and_rank_sets_follow_holm() -> None:
    report = compare(golden_verdicts(), **QUICK)
    assert [standing.entry for standing in report.entries] == ["E2", "E1", "E3", "E4", "E5"]
    for at, standing in enumerate(report.entries):
        better = sum(pair.significant and pair.b == standing.entry for pair in report.pairs)
        worse = sum(pair.significant and pair.a == standing.entry for pair in report.pairs)
        assert standing.rank == at + 1
        assert standing.rank_set == (1 + better, 5 - worse)
        assert (standing.losses, standing.wins) == (better, worse)
        assert standing.stability is not None
        assert sum(standing.stability.frequency) == pytest.approx(1.0)
    assert report.significant == sum(pair.significant for pair in report.pairs)


def test_holm_covers_all_pairs_or_those_with_the_baseline() -> None:
    verdicts = golden_verdicts()
    every = compare(verdicts, **QUICK)
    against = compare(verdicts, baseline="E3", **QUICK)
    assert (len(every.pairs), len(against.pairs)) == (10, 4)
    assert all("E3" in (pair.a, pair.b) for pair in against.pairs)
    for pair in against.pairs:
        alike = every.between(pair.a, pair.b)
        assert pair.p == alike.p
        assert pair.p_holm is not None
        assert alike.p_holm is not None
        assert pair.p_holm <= alike.p_holm


def test_the_margin_decides_equivalence_by_the_90_percent_interval() -> None:
    wide = compare(golden_verdicts(), margin=0.2, **QUICK).between("E1", "E2").equivalence
    narrow = compare(golden_verdicts(), margin=0.001, **QUICK).between("E1", "E2").equivalence
    assert wide is not None
    assert narrow is not None
    assert (wide.equivalent, wide.not_inferior) == (True, True)
    assert narrow.equivalent is False
    for other in ("E2", "E3", "E4", "E5"):
        found = compare(golden_verdicts(), alpha=0.1, margin=0.2, **QUICK).between("E1", other)
        plain = compare(golden_verdicts(), margin=0.2, **QUICK).between("E1", other).equivalence
        assert plain is not None
        assert plain.low is not None
        assert plain.high is not None
        assert plain.low <= found.interval.low < found.interval.high <= plain.high


def test_a_duplicated_entry_changes_no_p_and_ties_its_twin() -> None:
    verdicts = golden_verdicts()
    alone = compare(verdicts, **QUICK)
    doubled = compare({**verdicts, "twin": verdicts["E2"]}, **QUICK)
    twins = doubled.between("E2", "twin")
    assert (twins.difference, twins.p, twins.significant) == (0.0, 1.0, False)
    assert (twins.interval.limits, twins.p_holm) == ([0.0, 0.0], 1.0)
    assert [standing.rank for standing in doubled.entries] == [1, 1, 3, 4, 5, 6]
    for pair in alone.pairs:
        again = doubled.between(pair.a, pair.b)
        assert (again.p, again.p_holm, again.mcnemar_holm) == (pair.p, pair.p_holm, pair.mcnemar_holm)


def test_a_copy_is_equivalent_to_what_it_copies() -> None:
    """They differ by 0 on every cell, whatever the subjects are."""
    verdicts = golden_verdicts()
    found = compare({"one": verdicts["E2"], "two": verdicts["E2"]}, margin=0.001, **QUICK)
    told = found.between("one", "two").equivalence
    assert told is not None
    assert (told.equivalent, told.not_inferior, told.other_not_inferior) == (True, True, True)


def test_the_lower_ranked_is_not_inferior_where_the_upper_limit_lies_below_the_margin() -> None:
    report = compare(golden_verdicts(), margin=0.05, **QUICK)
    found = [pair.equivalence for pair in report.pairs]
    for one in found:
        assert one is not None
        assert one.other_not_inferior is (one.high < 0.05)
        assert one.not_inferior is (one.low > -0.05)
        assert one.equivalent is (one.not_inferior and one.other_not_inferior)
    assert {one.other_not_inferior for one in found} == {True, False}


def test_an_intervals_level_follows_alpha() -> None:
    """Beside tests at 10 % stand intervals of 90 %."""
    usual, bolder = (compare(golden_verdicts(), alpha=alpha, **QUICK) for alpha in (0.05, 0.1))
    for one, other in zip(usual.pairs, bolder.pairs, strict=True):
        assert one.interval.low < other.interval.low < other.interval.high < one.interval.high


def test_one_entry_is_a_board_without_comparisons() -> None:
    report = compare({"only": golden_verdicts()["E1"]}, **QUICK)
    assert (len(report.pairs), report.significant, report.tau, report.agreement) == (0, 0, None, None)
    assert report.entries[0].rank_set == (1, 1)
    json.dumps(report.to_json(), allow_nan=False)


def test_identical_entries_share_rank_1_and_every_rank_is_possible() -> None:
    report = compare(_board(["A-0.bmp"], ["A-0.bmp"], ["A-0.bmp"]), **QUICK)
    assert [standing.rank for standing in report.entries] == [1, 1, 1]
    assert [standing.rank_set for standing in report.entries] == [(1, 3)] * 3
    assert report.tau is None
    assert report.groups == ((0, 3),)
    json.dumps(report.to_json(), allow_nan=False)


def test_a_perfect_entry_is_compared_and_has_no_interval() -> None:
    report = compare(_board([], ["A-0.bmp", "H1-0.bmp", "B-1.bmp"]), **QUICK)
    assert not report.entries[0].interval.estimable
    pair = report.pairs[0]
    assert pair.difference > 0
    assert pair.p is not None
    assert pair.p > 0
    json.dumps(report.to_json(), allow_nan=False)


@pytest.mark.parametrize(
    "subjects",
    [
        {"A": "11111", "B": "1111", "C": "111"},
        {"A": "11111", "H": "00000"},
        {"A": "11010", "B": "1000", "C": "1101"},
        {"A": "1", "H": "0"},
    ],
)
def test_odd_truths_are_compared_without_warnings_or_a_p_of_0(subjects: dict[str, str]) -> None:
    """One class, one subject a class, subjects of both classes, one cell a class."""
    truth = a_truth(subjects)
    cells = list(truth.phase.cells)
    scores = np.linspace(0, 1, len(cells))
    board = {
        "none wrong": a_verdict(truth, [], scores),
        "one wrong": a_verdict(truth, cells[:1], scores[::-1]),
        "all wrong": a_verdict(truth, cells),
    }
    report = compare(board, margin=0.01, **QUICK)
    assert all(pair.p is not None and 0 < pair.p <= 1 for pair in report.pairs)
    for item in (*report.entries, *report.pairs):
        interval = item.interval
        assert not interval.estimable or interval.low < interval.high
    json.dumps(report.to_json(), allow_nan=False)


def test_without_subjects_only_cell_level_results_are_left_and_labelled() -> None:
    truth = a_truth(SMALL)
    bare = Truth(truth.phase, truth.labels)
    report = compare(
        {"a": a_verdict(bare, ["A-0.bmp"]), "b": a_verdict(bare, ["A-1.bmp", "B-1.bmp"])}, **QUICK
    )
    pair = report.pairs[0]
    assert (report.subjects, pair.p, pair.p_holm, pair.design_effect) == (None, None, None, None)
    assert pair.mcnemar_midp == pytest.approx(1.0 * pairwise.mcnemar_midp(2, 1))
    assert "descriptive only" in report.method
    assert report.entries[0].rank_set is None
    assert report.entries[0].subject_accuracy is None
    json.dumps(report.to_json(), allow_nan=False)


def test_entries_of_different_length_are_refused_and_both_named() -> None:
    one, two = a_truth(SMALL), a_truth({"A": "11", "H": "00"})
    with pytest.raises(EntriesDiffer, match=r"short and long .*: short with 4, long with 30 cells"):
        compare({"short": a_verdict(two), "long": a_verdict(one)})


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"alpha": 0.7}, "alpha"),
        ({"margin": 0.0}, "margin"),
        ({"baseline": "nobody"}, "baseline nobody"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        compare(_board(["A-0.bmp"]), **options)
    with pytest.raises(ValueError, match="no entry"):
        compare({})


def test_the_nine_real_entries_have_6_significant_differences_where_mcnemar_would_claim_19() -> None:
    from eval_server.judging.truth import read_truth

    truth = read_truth(stored(LABEL_FILE))
    verdicts = {
        path.stem: judge(read_table(path, truth.phase), truth)
        for path in sorted(stored("entries/prelim").glob("*.csv"))
    }
    report = compare(verdicts, **QUICK)
    assert (len(report.pairs), report.significant, report.mcnemar_significant) == (36, 6, 19)
    assert [standing.entry for standing in report.entries][:2] == ["svm", "boosting"]


def test_pairs_can_be_counted_sliced_and_asked_for_from_the_end() -> None:
    pairs = compare(_board([], ["A-0.bmp"], ["A-1.bmp", "B-0.bmp"]), **QUICK).pairs
    assert (len(pairs), len(pairs[:2])) == (3, 2)
    assert pairs[-1] == pairs[2]
    assert list(pairs.names()) == [(pair.a, pair.b) for pair in pairs]
    with pytest.raises(IndexError):
        pairs[3]


def test_scores_of_some_entries_are_compared_among_those() -> None:
    truth = a_truth(SMALL)
    scores = np.random.default_rng(1).random(30)
    report = compare(
        {
            "first": judge(Predictions.from_scores(truth.phase, scores), truth),
            "labels only": a_verdict(truth, ["A-0.bmp"]),
            "second": judge(Predictions.from_scores(truth.phase, scores[::-1].copy()), truth),
        },
        **QUICK,
    )
    assert report.between("first", "second").auc is not None
    assert report.between("first", "labels only").auc is None
