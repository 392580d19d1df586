"""From verdicts and reports to their pictures, each left out where its numbers are not there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

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
from eval_server.figures.standings import (
    Gap,
    Line,
    differences,
    leaderboard,
    mean_ranks,
    rank_stability,
    significance_map,
)
from eval_server.figures.statements.intervals import level_words
from eval_server.judging.pairs import Comparison
from eval_server.judging.report import Report, Standing
from eval_server.judging.verdict import Verdict
from eval_server.scoring.counts import Ints
from eval_server.scoring.exact import RESAMPLES, coin_sums
from eval_server.scoring.intervals import Interval
from eval_server.scoring.metrics import WEIGHTED_F1
from submissions.classes import CNMC, ClassNames

Numbers = npt.NDArray[np.float64]


SHOWN: Final = 25
"""The first entries of a long leaderboard that pictures of many entries show."""


def pictures_of_report(report: Report) -> tuple[Picture, ...]:
    """Leaderboard, who can be told apart, rank stability, and the mean ranks over subjects."""
    shown = report.entries[:SHOWN]
    lines, level = [line_of(one) for one in shown], level_words(report.alpha)
    found = [leaderboard(lines, groups=_groups(report), level=level)]
    if report.subjects is not None and len(report.entries) > 1:
        found.append(_differences(report) if report.baseline is not None else _map(report))
        found.extend(_stability(report))
        found.extend(_mean_ranks(report))
    return tuple(found)


def line_of(standing: Standing) -> Line:
    """A standing as a line of the leaderboard's picture."""
    return Line(
        standing.entry,
        standing.weighted_f1,
        limits_of(standing.interval),
        standing.rank_set or (standing.rank, standing.rank),
        standing.remarks,
    )


def limits_of(interval: Interval) -> tuple[float, float] | None:
    """The limits of an interval, None where it cannot be estimated."""
    return None if interval.low is None or interval.high is None else (interval.low, interval.high)


def gap_of(pair: Comparison) -> Gap:
    """A comparison as a line of the picture of differences."""
    return Gap(pair.a, pair.b, pair.difference, limits_of(pair.interval), pair.p_holm)


def _groups(report: Report) -> list[tuple[int, int]] | None:
    """What bars join; nothing where only the pairs with a baseline were tested."""
    if report.subjects is None or report.baseline is not None:
        return None
    return [(start, min(stop, SHOWN)) for start, stop in report.groups if start < SHOWN]


def _differences(report: Report) -> Picture:
    return differences(
        [gap_of(pair) for pair in report.pairs[:SHOWN]], alpha=report.alpha, margin=report.margin
    )


def _map(report: Report) -> Picture:
    """The pairs among the first entries; the pairs of a report stand row by row above the diagonal."""
    total, count = len(report.entries), min(len(report.entries), SHOWN)
    gap, p = np.zeros((count, count)), np.ones((count, count))
    for i in range(count):
        for j in range(i + 1, count):
            pair = report.pairs[i * total - i * (i + 1) // 2 + j - i - 1]
            gap[i, j], gap[j, i] = pair.difference, -pair.difference
            p[i, j] = p[j, i] = 1.0 if pair.p_holm is None else pair.p_holm
    return significance_map([one.entry for one in report.entries[:count]], gap, p, alpha=report.alpha)


def _stability(report: Report) -> tuple[Picture, ...]:
    shown = [one for one in report.entries[:SHOWN] if one.stability is not None]
    known = [one.stability for one in shown if one.stability is not None]
    if not known:
        return ()
    frequency = np.array([one.frequency[:SHOWN] for one in known])
    medians = [one.median_rank for one in known]
    return (rank_stability([one.entry for one in shown], frequency, medians, resamples=RESAMPLES),)


def _mean_ranks(report: Report) -> tuple[Picture, ...]:
    found = report.friedman
    if found is None or len(report.entries) > SHOWN:
        return ()
    return (mean_ranks([one.entry for one in report.entries], found.mean_ranks, found.critical_difference),)


def pictures_of_entry(
    name: str, verdict: Verdict, *, curves: bool = True, classes: ClassNames = CNMC
) -> tuple[Picture, ...]:
    """Confusion matrix, subjects, and where there are scores the curves and the calibration."""
    found = [confusion(name, verdict.confusion, classes)]
    if verdict.subjects is not None:
        found.append(subject_accuracy(name, verdict.subjects, classes))
    plotted = pictures_of_scores({name: verdict}, classes) if curves else ()
    return (*found, *plotted, *_calibration(name, verdict, classes))


def pictures_of_scores(entries: Mapping[str, Verdict], classes: ClassNames = CNMC) -> tuple[Picture, ...]:
    """ROC and precision-recall of the entries that have scores, in the order given."""
    scored = {name: one for name, one in entries.items() if _has_curves(one)}
    if not scored:
        return ()
    share = float(np.mean([float((one.cells.labels == 1).mean()) for one in scored.values()]))
    plotted = [_curves(name, one) for name, one in scored.items()]
    found, precise = zip(*plotted, strict=True)
    return roc(found, classes), precision_recall(precise, share, classes)


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


def _calibration(name: str, verdict: Verdict, classes: ClassNames) -> tuple[Picture, ...]:
    if verdict.cells.scores is None:
        return ()
    errors = [verdict.metrics[metric] or 0.0 for metric in ("brier", "ece")]
    bins = score_bins(*_scored(verdict))
    return (calibration(name, bins, brier=errors[0], ece=errors[1], classes=classes),)


def pictures_of_pair(
    first: str,
    second: str,
    ours: Verdict,
    theirs: Verdict,
    p: float | None,
    *,
    classes: ClassNames = CNMC,
) -> tuple[Picture, ...]:
    """The paired subject plot, and the exact null where every subject has cells of one class only."""
    if ours.subjects is None or theirs.subjects is None:
        return ()
    found = [paired_subjects(first, second, ours.subjects, theirs.subjects, classes)]
    null = swap_null(ours, theirs)
    if null is not None and p is not None:
        observed = ours.weighted_f1 - theirs.weighted_f1
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
