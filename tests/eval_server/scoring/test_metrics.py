"""Point metrics against scikit-learn's golden numbers, the paper, and their own gradients."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval_server.scoring.calibration import score_metrics, top_label_reliability
from eval_server.scoring.counts import Confusion, confusion_of
from eval_server.scoring.metrics import METRICS, point_metrics
from tests.support.truth import ENTRIES, golden, golden_verdicts

SKLEARN = {
    "f1_weighted": "weighted_f1",
    "f1_macro": "macro_f1",
    "precision_weighted": "weighted_precision",
    "recall_weighted": "weighted_recall",
    "ece_top_label_10_equal_width": "ece",
}
EDGES = ("all_predicted_ALL", "all_predicted_HEM", "perfect", "all_wrong", "only_ALL_in_truth")


def _agree(found: Mapping[str, float | None], expected: dict[str, float]) -> None:
    for name, value in expected.items():
        if name != "confusion_tn_fp_fn_tp":
            assert found[SKLEARN.get(name, name)] == pytest.approx(value, abs=1e-12), name


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_metric_of_the_five_entries_equals_scikit_learn(entry: str) -> None:
    expected = golden("sklearn_point")["results"]["cells_csv"][entry]
    verdict = golden_verdicts()[entry]
    _agree(dict(verdict.metrics), expected)
    assert list(verdict.confusion.to_json().values()) == expected["confusion_tn_fp_fn_tp"]


@pytest.mark.parametrize("edge", EDGES)
def test_edge_cases_equal_scikit_learn_with_zero_division_0(edge: str) -> None:
    """What truth of one class leaves without a definition is None for us; the formulas are scikit-learn's."""
    found = golden("sklearn_point")["results"]["edge_cases_zero_division_0"][edge]
    confusion = Confusion(*found["tn_fp_fn_tp"])
    counts = confusion.tp, confusion.tn, confusion.positives, confusion.negatives
    values = {name: float(metric.value(*counts)) for name, metric in METRICS.items()}
    _agree(values, found["expected"])
    told = point_metrics(confusion)
    assert {name: value for name, value in values.items() if told[name] is not None} == {
        name: value for name, value in told.items() if value is not None
    }


def test_the_papers_confusion_matrix_gives_the_papers_numbers() -> None:
    expected = golden("sklearn_point")["results"]["paper_confusion_matrix"]["expected"]
    found = point_metrics(Confusion(tn=536, fp=112, fn=77, tp=1142))
    _agree(found, expected)
    printed = {
        "accuracy": 0.898768,
        "sensitivity": 0.936833,
        "specificity": 0.827160,
        "weighted_f1": 0.898080,
        "weighted_precision": 0.898088,
        "f1_all": 0.923575,
        "f1_hem": 0.850119,
        "mcc": 0.774462,
    }
    assert {name: round(found[name], 6) for name in printed} == printed


def test_calling_every_preliminary_cell_all_or_hem_gives_the_known_weighted_f1() -> None:
    assert point_metrics(Confusion(tn=0, fp=648, fn=0, tp=1219))["weighted_f1"] == pytest.approx(
        0.515819, abs=5e-7
    )
    assert point_metrics(Confusion(tn=648, fp=0, fn=1219, tp=0))["weighted_f1"] == pytest.approx(
        0.178854, abs=5e-7
    )


def test_the_published_record_of_the_best_run_has_its_weighted_f1() -> None:
    """Epochs 0 to 6 of the paper's best run (TN, TP, weighted F1 to five digits)."""
    record = [
        (648, 0, 0.17885),
        (314, 1189, 0.78597),
        (529, 1137, 0.89156),
        (543, 1134, 0.89785),
        (524, 1131, 0.88565),
        (536, 1142, 0.89808),
        (517, 1142, 0.88738),
    ]
    for tn, tp, expected in record:
        found = point_metrics(Confusion(tn=tn, fp=648 - tn, fn=1219 - tp, tp=tp))
        assert found["weighted_f1"] == pytest.approx(expected, abs=5e-6)


counts = st.integers(1, 60)


@settings(deadline=None, max_examples=60)
@given(counts, counts, st.data())
def test_gradients_are_the_slopes_of_the_values(p: int, n: int, data: st.DataObject) -> None:
    tp = data.draw(st.floats(0.1, 0.9)) * p
    tn = data.draw(st.floats(0.1, 0.9)) * n
    step = 1e-5
    for metric in METRICS.values():
        by_tp = (metric.value(tp + step, tn, p, n) - metric.value(tp - step, tn, p, n)) / (2 * step)
        by_tn = (metric.value(tp, tn + step, p, n) - metric.value(tp, tn - step, p, n)) / (2 * step)
        found = metric.gradient(tp, tn, p, n)
        assert found[0] == pytest.approx(by_tp, rel=1e-4, abs=1e-6), metric.name
        assert found[1] == pytest.approx(by_tn, rel=1e-4, abs=1e-6), metric.name


@settings(deadline=None, max_examples=60)
@given(counts, counts, st.data())
def test_increasing_metrics_never_fall_with_one_more_cell_right(p: int, n: int, data: st.DataObject) -> None:
    tp, tn = data.draw(st.integers(0, p - 1)), data.draw(st.integers(0, n - 1))
    for metric in METRICS.values():
        if metric.increasing:
            here = metric.value(tp, tn, p, n)
            assert metric.value(tp + 1, tn, p, n) >= here
            assert metric.value(tp, tn + 1, p, n) >= here


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=50))
def test_weighted_recall_is_accuracy_and_all_agree_with_plain_counting(cells: list[tuple[int, int]]) -> None:
    labels, called = np.array(cells).T
    found = point_metrics(confusion_of(labels, called))
    assert found["weighted_recall"] == found["accuracy"] == pytest.approx((labels == called).mean())


def test_a_truth_of_one_class_has_no_ranking_metrics_but_keeps_the_others() -> None:
    found = score_metrics(np.ones(4, dtype=int), np.array([0.2, 0.6, 0.9, 1.0]), None)
    assert {name for name, value in found.items() if value is not None} == {"brier", "log_loss", "ece"}
    assert found["log_loss"] == pytest.approx(-np.log([0.2, 0.6, 0.9, 1 - 1e-15]).mean())


@pytest.mark.parametrize("only", ["ALL", "HEM"])
def test_metrics_of_a_class_that_truth_does_not_have_are_not_defined(only: str) -> None:
    """A perfect entry on normal cells alone has no sensitivity; 0.0000 would call it the worst of all."""
    perfect = Confusion(tn=0, fp=0, fn=0, tp=7) if only == "ALL" else Confusion(tn=7, fp=0, fn=0, tp=0)
    other = "hem" if only == "ALL" else "all"
    share = "specificity" if only == "ALL" else "sensitivity"
    undefined = {share, f"f1_{other}", f"precision_{other}", "macro_f1", "mcc", "kappa"}
    found = point_metrics(perfect)
    assert {name for name, value in found.items() if value is None} == undefined
    assert {value for name, value in found.items() if name not in undefined} == {1.0}
    half = point_metrics(_spoilt(perfect))
    assert {name for name, value in half.items() if value is None} == undefined


def _spoilt(found: Confusion) -> Confusion:
    """The same cells with two of them called wrong."""
    wrong_all, wrong_hem = min(found.tp, 2), min(found.tn, 2)
    return Confusion(tn=found.tn - wrong_hem, fp=wrong_hem, fn=wrong_all, tp=found.tp - wrong_all)


def test_calibration_bins_are_closed_on_the_right_and_empty_ones_count_nothing() -> None:
    found = top_label_reliability(np.array([1, 1, 0]), np.array([0.6, 0.61, 0.0]))
    assert found.cells.tolist() == [0, 0, 0, 0, 0, 1, 1, 0, 0, 1]
    assert found.ece == pytest.approx((0.4 + 0.39 + 0.0) / 3)


def test_a_confusion_matrix_without_cells_is_refused() -> None:
    with pytest.raises(ValueError, match="without cells"):
        point_metrics(Confusion(0, 0, 0, 0))
