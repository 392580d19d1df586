"""From verdicts and reports to their pictures, each left out where its numbers are not there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eval_server.figures.entries import (
    Curve,
    calibration,
    confusion,
    precision_recall,
    precision_recall_curve,
    roc,
    roc_curve,
    score_bins,
    subject_accuracy,
)
from eval_server.figures.pairs import exact_null, paired_subjects
from eval_server.figures.picture import Picture
from eval_server.judging import Verdict
from eval_server.scoring.counts import Ints
from eval_server.scoring.exact import coin_sums
from eval_server.scoring.metrics import WEIGHTED_F1

Numbers = npt.NDArray[np.float64]


def pictures_of_entry(name: str, verdict: Verdict) -> tuple[Picture, ...]:
    """Confusion matrix, subjects, and where there are scores the curves and the calibration."""
    found = [confusion(name, verdict.confusion)]
    if verdict.subjects is not None:
        found.append(subject_accuracy(name, verdict.subjects))
    return (*found, *pictures_of_scores({name: verdict}), *_calibrations({name: verdict}))


def pictures_of_scores(entries: Mapping[str, Verdict]) -> tuple[Picture, ...]:
    """ROC and precision-recall of the entries that have scores, in the order given."""
    scored = {name: one for name, one in entries.items() if _has_curves(one)}
    if not scored:
        return ()
    share = float(np.mean([float((one.cells.labels == 1).mean()) for one in scored.values()]))
    drawn = [_curves(name, one) for name, one in scored.items()]
    return roc([pair[0] for pair in drawn]), precision_recall([pair[1] for pair in drawn], share)


def _has_curves(verdict: Verdict) -> bool:
    return verdict.cells.scores is not None and verdict.metrics.get("auc") is not None


def _curves(name: str, verdict: Verdict) -> tuple[Curve, Curve]:
    scores, leukemic = _scored(verdict)
    areas = [verdict.metrics[metric] or 0.0 for metric in ("auc", "average_precision")]
    return (
        roc_curve(name, scores, leukemic, areas[0]),
        precision_recall_curve(name, scores, leukemic, areas[1]),
    )


def _scored(verdict: Verdict) -> tuple[Numbers, npt.NDArray[np.bool_]]:
    if verdict.cells.scores is None:
        raise ValueError("an entry without scores has no curves")
    return verdict.cells.scores, np.asarray(verdict.cells.labels == 1)


def _calibrations(entries: Mapping[str, Verdict]) -> tuple[Picture, ...]:
    return tuple(
        calibration(
            name,
            score_bins(*_scored(one)),
            brier=one.metrics["brier"] or 0.0,
            ece=one.metrics["ece"] or 0.0,
        )
        for name, one in entries.items()
        if one.cells.scores is not None
    )


def pictures_of_pair(
    first: str, second: str, ours: Verdict, theirs: Verdict, p: float | None
) -> tuple[Picture, ...]:
    """The paired subject plot, and the exact null where every subject has cells of one class only."""
    if ours.subjects is None or theirs.subjects is None:
        return ()
    found = [paired_subjects(first, second, ours.subjects, theirs.subjects)]
    null = swap_null(ours, theirs)
    if null is not None and p is not None:
        observed = (ours.metrics["weighted_f1"] or 0.0) - (theirs.metrics["weighted_f1"] or 0.0)
        found.append(exact_null(first, second, *null, observed=observed, p=p))
    return tuple(found)


def swap_null(ours: Verdict, theirs: Verdict) -> tuple[Numbers, Numbers] | None:
    """Every difference of weighted F1 that swapping subjects can give, with its probability.

    None without subjects, and for phases whose subjects have cells of both classes.
    """
    first, second = ours.tally, theirs.tally
    if first is None or second is None or first.subjects.mixed:
        return None
    classes = first.positives, first.negatives
    tops, lows = (_swap_sums(mine, other) for mine, other in ((first.tp, second.tp), (first.tn, second.tn)))
    after = WEIGHTED_F1.value(tops.mine[:, None], lows.mine[None, :], *classes)
    before = WEIGHTED_F1.value(tops.other[:, None], lows.other[None, :], *classes)
    return (after - before).ravel(), np.outer(tops.chances, lows.chances).ravel()


@dataclass(frozen=True, slots=True, eq=False)
class _SwapSums:
    """Correct cells of one class that each of two entries may have after swaps, and how likely that is."""

    mine: Ints
    other: Ints
    chances: Numbers


def _swap_sums(mine: Ints, other: Ints) -> _SwapSums:
    steps = np.abs(mine - other)
    total, reach = int((mine + other).sum()), int(steps.sum())
    sums = (total - reach) // 2 + np.arange(reach + 1)
    return _SwapSums(sums, total - sums, coin_sums(steps)[0, : reach + 1])
