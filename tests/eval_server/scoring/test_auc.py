"""AUC, DeLong and Obuchowski's clustered form against pROC, MLstatkit and scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from eval_server.judging.verdict import Verdict
from eval_server.scoring import auc
from eval_server.scoring.counts import subjects_of
from tests.support.truth import ENTRIES, PAIRS, golden, golden_verdicts


def _parts(verdict: Verdict) -> auc.Components:
    assert verdict.cells.scores is not None
    parts = auc.components(verdict.cells.labels, verdict.cells.scores)
    assert parts is not None
    return parts


def _clustered(verdict: Verdict, names: list[str] | None = None) -> auc.ClusteredComponents:
    cells = verdict.cells
    assert cells.subjects is not None
    assert cells.names is not None
    subjects, index = subjects_of(cells.labels, names or [cells.names[at] for at in cells.subjects])
    return auc.clustered(_parts(verdict), cells.labels, index, subjects)


@dataclass(frozen=True)
class AreaTest:
    """The test of a difference, as the family of pairs makes it."""

    z: float
    p: float
    variance: float


def _tested(difference: float, matrix: np.ndarray, df: float | None = None) -> AreaTest:
    variance = auc.difference_variances(matrix, np.array([0]), np.array([1]))
    freedom = None if df is None else np.array([df])
    p = auc.two_sided_p(np.array([difference]), variance, freedom)
    z = difference / variance[0] ** 0.5 if variance[0] > 0 else np.nan
    return AreaTest(float(z), float(p[0]), float(variance[0]))


def _freedom(one: auc.ClusteredComponents, two: auc.ClusteredComponents) -> float:
    return float(auc.difference_freedom([one, two], np.array([0]), np.array([1]))[0])


@pytest.mark.parametrize("pair", PAIRS)
def test_delong_equals_proc_and_mlstatkit(pair: str) -> None:
    """golden/delong_proc.json (pROC 1.18.0) and golden/delong_py.json (MLstatkit, Yandex)."""
    one, two = (_parts(golden_verdicts()[entry]) for entry in pair.split("-"))
    expected = golden("delong_proc")["results"]["cells_csv"][pair]
    found = _tested(one.auc - two.auc, auc.covariances([one, two]))
    assert one.auc == pytest.approx(expected["auc1"], abs=1e-12)
    assert two.auc == pytest.approx(expected["auc2"], abs=1e-12)
    assert auc.covariances([one, two])[0, 0] == pytest.approx(expected["var1"], rel=1e-11)
    assert auc.covariances([one, two])[0, 1] == pytest.approx(expected["cov"], rel=1e-11)
    assert found.z == pytest.approx(expected["z"], rel=1e-11)
    assert found.p == pytest.approx(expected["p"], rel=1e-9)
    python = golden("delong_py")["delong"][pair]
    assert found.variance == pytest.approx(python["mlstatkit"]["var_diff"], rel=1e-10)
    assert np.log10(found.p) == pytest.approx(python["yandex_log10p"], rel=1e-10)


@pytest.mark.parametrize("pair", PAIRS)
def test_the_clustered_test_equals_obuchowski_1997(pair: str) -> None:
    one, two = (_clustered(golden_verdicts()[entry]) for entry in pair.split("-"))
    expected = golden("delong_py")["obuchowski1997_own_code"][pair]
    found = _tested(one.auc - two.auc, auc.clustered_covariances([one, two]), _freedom(one, two))
    assert auc.clustered_covariances([one, two])[0, 0] == pytest.approx(expected["var_a"], rel=1e-11)
    assert auc.clustered_covariances([one, two])[1, 1] == pytest.approx(expected["var_b"], rel=1e-11)
    assert auc.clustered_covariances([one, two])[0, 1] == pytest.approx(expected["cov"], rel=1e-11)
    assert found.z == pytest.approx(expected["z"], rel=1e-10)
    assert 2 * stats.norm.sf(abs(found.z)) == pytest.approx(expected["p"], rel=1e-10)
    assert found.p == pytest.approx(2 * stats.t.sf(abs(found.z), _welch(one, two)), rel=1e-10)


def _welch(one: auc.ClusteredComponents, two: auc.ClusteredComponents) -> float:
    """Degrees of freedom of the difference, written out class by class."""
    parts = []
    for ours, theirs, cells in (
        (one.by_positive, two.by_positive, one.subjects.positives),
        (one.by_negative, two.by_negative, one.subjects.negatives),
    ):
        few = cells.sum() ** 2 / (cells.astype(float) ** 2).sum() - 1
        parts.append((((ours - theirs) ** 2).sum() / cells.sum() ** 2, few))
    return sum(part for part, _ in parts) ** 2 / sum(part**2 / few for part, few in parts)


def test_with_every_cell_its_own_cluster_the_clustered_test_is_delong() -> None:
    first, second = (golden_verdicts()[entry] for entry in ("E1", "E2"))
    names = [str(at) for at in range(len(first.cells.labels))]
    parts = [_clustered(first, names), _clustered(second, names)]
    df = _freedom(*parts)
    found = _tested(parts[0].auc - parts[1].auc, auc.clustered_covariances(parts), df)
    expected = golden("delong_py")["obuchowski_each_cell_its_own_cluster_E1_E2"]
    assert found.z == pytest.approx(expected["z"], rel=1e-11)
    assert 500 < df < len(names)
    plain = [_parts(first), _parts(second)]
    delong = _tested(plain[0].auc - plain[1].auc, auc.covariances(plain))
    assert found.p == pytest.approx(delong.p, rel=2e-3)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 6)), min_size=2, max_size=40))
def test_the_area_equals_scikit_learn_with_ties(cells: list[tuple[int, int]]) -> None:
    labels, scores = np.array(cells).T
    found = auc.components(labels, scores / 6)
    if len(set(labels.tolist())) < 2:
        assert found is None
    else:
        assert found is not None
        assert found.auc == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_interval_of_an_area_holds_it_and_is_wider_than_for_independent_cells(entry: str) -> None:
    verdict = golden_verdicts()[entry]
    found = verdict.intervals["auc"]
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.estimate < found.high < 1
    low, _, high = golden("delong_proc")["results"]["cells_csv"][f"{entry}-E5" if entry != "E5" else "E4-E5"][
        "ci1" if entry != "E5" else "ci2"
    ]
    assert found.high - found.low > high - low


def test_one_subject_in_a_class_and_equal_scores_are_not_estimable_and_say_why() -> None:
    labels, scores = np.array([1, 1, 0, 0]), np.array([0.9, 0.4, 0.5, 0.1])
    parts = auc.components(labels, scores)
    assert parts is not None
    subjects, index = subjects_of(labels, ["A", "A", "H1", "H2"])
    alone = auc.auc_interval(auc.clustered(parts, labels, index, subjects))
    assert alone.low is None
    assert "only one subject with ALL cells" in alone.remark
    assert np.isnan(_tested(0.0, auc.covariances([parts, parts])).p)
