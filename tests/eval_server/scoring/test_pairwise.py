"""McNemar and its clustered relatives against published answers and R."""

from __future__ import annotations

import numpy as np
import pytest

from eval_server.scoring import pairwise
from eval_server.scoring.counts import Subjects, Tally
from tests.support.truth import FIRST, PAIRS, SECOND, golden, golden_rows, golden_tally, golden_verdicts

TABLES = ("bentur_2009", "cavo_2012", "fay_exact2x2", "mlxtend_test")


@pytest.mark.parametrize("name", TABLES)
def test_mcnemar_equals_statsmodels_on_the_published_tables(name: str) -> None:
    """golden/mcnemar.json: Bentur 2009, Cavo 2012 (Fagerland 2013), Fay's exact2x2, mlxtend's test."""
    expected = golden("mcnemar")["results"][name]
    (_, b), (c, _) = expected["table"]
    assert pairwise.mcnemar_exact(b, c) == pytest.approx(expected["p_exact"], rel=1e-12)
    assert pairwise.mcnemar_midp(b, c) == pytest.approx(expected["p_midp"], rel=1e-12)
    for corrected, suffix in ((True, "_cc"), (False, "")):
        chi2 = pairwise.mcnemar_chi2(b, c, corrected=corrected)
        assert chi2 == pytest.approx(expected[f"chi2{suffix}"], rel=1e-12)
        assert pairwise.chi2_p(chi2) == pytest.approx(expected[f"p{suffix}"], rel=1e-10)
    chance = pairwise.chance_not_better(b, c)
    assert chance == pytest.approx(expected["bayes_P_first_leq_second_flat_dirichlet"], rel=1e-12)


def test_mcnemar_has_the_printed_values_of_its_sources() -> None:
    """statistics.md 4.1."""
    assert float(pairwise.mcnemar_exact(1, 7)) == pytest.approx(0.0703125, abs=1e-12)
    assert float(pairwise.mcnemar_midp(1, 7)) == pytest.approx(0.0390625, abs=1e-12)
    assert round(float(pairwise.mcnemar_exact(6, 16)), 6) == 0.052479
    assert round(float(pairwise.mcnemar_midp(6, 16)), 6) == 0.034690
    assert round(float(pairwise.mcnemar_chi2(6, 16)) ** 0.5, 3) == 2.132
    assert round(float(pairwise.mcnemar_chi2(6, 16, corrected=True)) ** 0.5, 3) == 1.919
    assert round(float(pairwise.mcnemar_exact(9, 2)), 5) == 0.06543
    assert float(pairwise.mcnemar_chi2(121, 59, corrected=True)) == pytest.approx(20.6722222, abs=5e-8)
    assert float(pairwise.mcnemar_exact(121, 59)) == pytest.approx(4.4344493e-06, rel=1e-8)


@pytest.mark.parametrize("pair", PAIRS)
def test_discordant_cells_of_the_golden_entries_and_their_tests_equal_r(pair: str) -> None:
    """golden/r_stats.json (R), golden/mcnemar.json (statsmodels), golden/cluster_se_and_paired_ci.json."""
    verdicts = golden_verdicts()
    correct = np.array([verdict.cells.correct for verdict in verdicts.values()])
    at = PAIRS.index(pair)
    cells = pairwise.discordant(correct, FIRST, SECOND)
    b, c = int(cells.only_first[at]), int(cells.only_second[at])
    expected = golden("r_stats")["results"]["mcnemar"][pair]
    assert (b, c) == (expected["table"]["bk"], expected["table"]["ck"])
    assert pairwise.mcnemar_midp(b, c) == pytest.approx(expected["p_midp"], rel=1e-10)
    assert pairwise.mcnemar_exact(b, c) == pytest.approx(expected["p_exact"], rel=1e-10)
    assert pairwise.mcnemar_chi2(b, c) == pytest.approx(expected["chi2"], rel=1e-12)
    assert pairwise.mcnemar_chi2(b, c, corrected=True) == pytest.approx(expected["chi2_cc"], rel=1e-12)
    fagerland = golden("cluster_se_and_paired_ci")["paired_2x2"][pair]
    assert pairwise.mcnemar_midp(b, c) == pytest.approx(fagerland["midP"], rel=1e-10)
    statsmodels = golden("mcnemar")["results"][pair]
    assert pairwise.mcnemar_midp(b, c) == pytest.approx(statsmodels["p_midp"], rel=1e-12)
    assert pairwise.mcnemar_exact(b, c) == pytest.approx(statsmodels["p_exact"], rel=1e-12)


def test_mcnemar_is_never_0_and_1_where_nothing_or_nothing_else_speaks() -> None:
    assert pairwise.mcnemar_midp([0, 3, 1], [0, 3, 0]).tolist() == pytest.approx([1.0, 1 - 10 / 64, 0.5])
    assert pairwise.mcnemar_exact([0, 3, 1], [0, 3, 0]).tolist() == [1.0, 1.0, 1.0]
    assert pairwise.mcnemar_midp(0, 1000) > 0
    assert pairwise.mcnemar_chi2(0, 0) == 0


@pytest.mark.parametrize("name", ["thyroids", "psychiatry", "obfuscation"])
def test_clustered_chi_squares_equal_the_published_and_r_answers(name: str) -> None:
    """golden/clustered_mcnemar.json: Durkalski 2003, as R's clust.bin.pair computes them."""
    rows = golden_rows(f"clustpair_{name}")
    counts = np.array([[int(row[key]) for key in ("ak", "bk", "ck", "dk")] for row in rows])
    net, cells = counts[:, 1] - counts[:, 2], counts.sum(axis=1)
    expected = golden("clustered_mcnemar")["results"][name]
    found = {
        "mcnemar": pairwise.mcnemar_chi2(counts[:, 1].sum(), counts[:, 2].sum()),
        "obuchowski": pairwise.obuchowski_chi2(net),
        "durkalski": pairwise.durkalski_chi2(net, cells),
    }
    for test, value in found.items():
        assert value == pytest.approx(expected[test]["chi2"], rel=1e-12), test
        assert pairwise.chi2_p(value) == pytest.approx(expected[test]["p"], rel=1e-9), test


@pytest.mark.parametrize("pair", PAIRS)
def test_clustered_chi_squares_of_the_golden_entries_equal_r(pair: str) -> None:
    table, at = golden_tally(), PAIRS.index(pair)
    net = pairwise.differences(table, FIRST, SECOND)[at]
    expected = golden("clustered_mcnemar")["results"]["cells_csv"][pair]
    cells = table.subjects.cells
    assert pairwise.obuchowski_chi2(net) == pytest.approx(expected["obuchowski"]["chi2"], rel=1e-12)
    assert pairwise.durkalski_chi2(net, cells) == pytest.approx(expected["durkalski"]["chi2"], rel=1e-12)
    coin = golden("r_stats")["results"]["signflip_exact_mean_acc"][pair]
    assert pairwise.durkalski_chi2(net, cells) == pytest.approx(coin["z"] ** 2, rel=1e-12)


@pytest.mark.parametrize("pair", PAIRS)
def test_the_clustered_standard_error_equals_rs_sandwich_and_inspect_ai(pair: str) -> None:
    """golden/cluster_se_and_paired_ci.json; the design effect is the squared ratio of its two SEs."""
    table, at = golden_tally(), PAIRS.index(pair)
    expected = golden("cluster_se_and_paired_ci")["cluster_se_difference_accuracy"][pair]
    net = pairwise.differences(table, FIRST, SECOND)[at]
    clustered = pairwise.cluster_se(net, table.subjects.cells)
    assert clustered == pytest.approx(expected["se_HC0_cluster_CR_G_over_Gm1"], rel=1e-12)
    correct = np.array([verdict.cells.correct for verdict in golden_verdicts().values()])
    cells = pairwise.discordant(correct, FIRST, SECOND)
    found = pairwise.design_effects(table, cells, FIRST, SECOND)[at]
    ratio = expected["se_HC0_cluster_CR_G_over_Gm1"] / expected["se_iid"]
    assert found == pytest.approx(ratio**2, rel=1e-10)


@pytest.mark.parametrize("entry", range(5))
def test_the_clustered_standard_error_of_one_entry_equals_rs_sandwich(entry: int) -> None:
    table = golden_tally()
    subjects = table.subjects
    expected = golden("cluster_se_and_paired_ci")["cluster_se"][f"E{entry + 1}"]
    positive, negative = subjects.positives > 0, subjects.negatives > 0
    found = {
        "accuracy": pairwise.cluster_se(table.correct[entry], subjects.cells),
        "sensitivity": pairwise.cluster_se(table.tp[entry][positive], subjects.positives[positive]),
        "specificity": pairwise.cluster_se(table.tn[entry][negative], subjects.negatives[negative]),
    }
    for name, value in found.items():
        assert value == pytest.approx(expected[name]["se_HC0_cluster_CR_G_over_Gm1"], rel=1e-10)


def test_entries_that_agree_everywhere_have_no_design_effect() -> None:
    table = Tally(
        Subjects(("A", "H"), np.array([3, 0]), np.array([0, 3])),
        np.array([[2, 0]] * 2),
        np.array([[0, 3]] * 2),
    )
    same = np.array([[True, False]] * 2)
    cells = pairwise.discordant(same, np.array([0]), np.array([1]))
    assert np.isnan(pairwise.design_effects(table, cells, np.array([0]), np.array([1]))).all()
