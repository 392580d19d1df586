"""Pictures of one entry: its confusion matrix, its subjects, its curves, its calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from eval_server.figures.picture import Picture, picture
from eval_server.figures.sheet import LINE, WIDTH, AxisScale, PictureSheet, Point, shortened, width_of
from eval_server.figures.statements.intervals import within_subject
from eval_server.figures.wording import ABSENT, counted, listed, percent
from eval_server.judging.verdict import SubjectLine
from eval_server.scoring.counts import Confusion
from eval_server.scoring.subjects import wilson
from submissions.classes import CNMC, ClassNames

Numbers = npt.NDArray[np.float64]

ROLE_OF: Final = {"ALL": "all", "HEM": "normal", "both": "third"}
"""In which role of the sheet a class is plotted."""


def groups(classes: ClassNames) -> dict[str, str]:
    """What a reader calls the class of a subject's cells, by its label in a verdict."""
    return {"ALL": classes.positive, "HEM": classes.normal, "both": "both classes"}


def confusion(name: str, counts: Confusion, classes: ClassNames = CNMC) -> Picture:
    """Confusion matrix: counts large, the share of each true class small below them."""
    words = groups(classes)
    sheet = PictureSheet(190)
    side, top, left = 136, 40, 88
    truth = (("ALL", (counts.tp, counts.fn)), ("HEM", (counts.fp, counts.tn)))
    sheet.text((left + side, 14), "called", anchor="middle", role="faint")
    for row, (group, cells) in enumerate(truth):
        y = top + 76 * row
        word = words[group]
        sheet.text((left + side * (row + 0.5), 32), shortened(word, side - 16), anchor="middle", bold=True)
        sheet.text((left - 10, y + 36), shortened(word, left - 22), anchor="end", bold=True)
        sheet.text((left - 10, y + 52), counted(sum(cells), "cell"), anchor="end", role="faint")
        for column, count in enumerate(cells):
            role = ROLE_OF[group] if row == column else ""
            _plot_count(sheet, (left + side * column, y), (side - 4, 72), count, sum(cells), role)
    title = f"Confusion matrix of {name}"
    caption = classes.said(
        f"{counts.tp:,} of {counts.positives:,} leukemic cells and {counts.tn:,} of {counts.negatives:,} "
        "normal cells are called right; shares are of the true class (rows)."
    )
    columns = ("truth", *(classes.said(f"called {word}") for word in ("ALL", "normal")), "right, %")
    rows = [
        (
            words[group],
            *(f"{count:,}" for count in cells),
            percent(cells[at] / sum(cells)) if sum(cells) else ABSENT,
        )
        for at, (group, cells) in enumerate(truth)
    ]
    return picture("confusion", title, caption, sheet.svg(title, caption), columns, rows)


def _plot_count(sheet: PictureSheet, corner: Point, size: Point, count: int, of: int, role: str) -> None:
    """One cell of the matrix; `role` is empty where the entry is wrong."""
    share = count / of if of else 0.0
    sheet.rect(corner, size, fill=role or "ink", opacity=0.06 + 0.16 * share)
    sheet.rect(corner, size, stroke=role or "grid", width=2 if role else 1)
    middle = corner[0] + size[0] / 2
    sheet.text((middle, corner[1] + 36), f"{count:,}", anchor="middle", size=24, bold=bool(role))
    words = f"{percent(share, 1)} %" if of else "no cells"
    sheet.text((middle, corner[1] + 58), words, anchor="middle")


def subject_accuracy(name: str, subjects: Sequence[SubjectLine], classes: ClassNames = CNMC) -> Picture:
    """The share of right cells of every subject, sorted within its class, its cells on the bar."""
    words = groups(classes)
    parted = [(label, _sorted(subjects, label)) for label in words]
    parted = [(label, members) for label, members in parted if members]
    row, left = 19, 16 + max(width_of(one.subject) for one in subjects)
    sheet = PictureSheet(20 + sum(26 + row * len(members) for _, members in parted))
    scale = AxisScale(0, 1, left, WIDTH - 44)
    for tick in (0, 0.5, 1):
        sheet.text(
            (scale(tick), 12), percent(tick, 0) + (" %" if tick else ""), anchor="middle", role="faint"
        )
        sheet.line((scale(tick), 18), (scale(tick), sheet.height), role="faint" if tick == 0.5 else "grid")
    y = 20.0
    for label, members in parted:
        sheet.text((0, y + 16), f"{words[label]}, {counted(len(members), 'subject')}", bold=True)
        for at, one in enumerate(members):
            _plot_subject(sheet, scale, y + 24 + row * at, one)
        y += 26 + row * len(members)
    title = f"Accuracy of {name} by subject"
    columns = ("subject", "class", "cells", "right", "right, %", "95 % within the subject")
    rows = [
        (
            one.subject,
            words[one.label],
            str(one.cells),
            str(one.correct),
            percent(one.accuracy),
            _within(one),
        )
        for _, members in parted
        for one in members
    ]
    caption = _subject_caption(subjects)
    return picture("subjects", title, caption, sheet.svg(title, caption), columns, rows)


def _sorted(subjects: Sequence[SubjectLine], label: str) -> list[SubjectLine]:
    members = [one for one in subjects if one.label == label]
    return sorted(members, key=lambda one: (-one.accuracy, -one.cells, one.subject))


def _plot_subject(sheet: PictureSheet, scale: AxisScale, y: float, one: SubjectLine) -> None:
    role = ROLE_OF[one.label]
    length = scale(one.accuracy) - scale(0)
    tip = f"{one.subject}: {one.correct} of {one.cells} cells right"
    sheet.text((scale(0) - 8, y + 12), one.subject, anchor="end")
    sheet.rect((scale(0), y), (max(length, 1), 15), fill=role, tip=tip)
    low, high = map(scale, wilson(one.correct, one.cells))
    sheet.line((low, y + 16.5), (high, y + 16.5), width=1.5, tip=f"{one.subject}: {_within(one)} %")
    words = counted(one.cells, "cell")
    inside = length > width_of(words) + 8
    at = scale(0) + (5 if inside else length + 5)
    sheet.text((at, y + 12), words, role=f"on-{role}" if inside else "ink", tip=tip)
    sheet.text((WIDTH - 2, y + 12), percent(one.accuracy, 1), anchor="end")


def _within(one: SubjectLine) -> str:
    """The interval of a subject's own share, in percent."""
    return " to ".join(percent(end, 1) for end in wilson(one.correct, one.cells))


def _subject_caption(subjects: Sequence[SubjectLine]) -> str:
    below = [one.subject for one in subjects if one.accuracy < 0.5]
    mean = sum(one.accuracy for one in subjects) / len(subjects)
    return (
        f"Share of each subject's cells that are right; their mean is {percent(mean, 1)} %. "
        + (f"Below one half: {listed(below)}." if below else "No subject lies below one half.")
        + f" {within_subject()}"
    )


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve of one entry in the unit square, with the number that sums it up."""

    name: str
    x: Numbers
    y: Numbers
    area: float


_PENS: Final = (("ink", "", 2.0), ("third", "7 3", 2.0), ("chosen", "2 2.5", 2.5), ("faint", "9 3 2 3", 1.8))
"""Ways to plot curves that differ in dash and weight as well as in colour; further curves are pale."""


def roc(curves: Sequence[Curve], classes: ClassNames = CNMC) -> Picture:
    """ROC curves: the share of leukemic cells found against the share of normal cells called leukemic."""
    title = classes.said("ROC: leukemic cells found against false alarms")
    said = "The higher and further left a curve, the better its scores put leukemic cells before normal ones;"
    caption = f"{classes.said(said)} the diagonal is chance. {_best(curves, 'area under the curve')}"
    axes = classes.said("normal cells called ALL, %"), classes.said("ALL cells found, %")
    return _curves("roc", title, caption, curves, axes, area="AUC", chance=((0, 0), (1, 1)))


def precision_recall(curves: Sequence[Curve], share: float, classes: ClassNames = CNMC) -> Picture:
    """Precision against recall; `share` of leukemic cells is what chance would give."""
    title = classes.said("Precision and recall of the leukemic class")
    said = classes.said(f"Chance is the dotted line at {percent(share, 1)} %, the share of leukemic cells.")
    caption = f"{said} {_best(curves, 'average precision')}"
    axes = classes.said("recall: ALL cells found, %"), "precision, %"
    return _curves(
        "precision-recall",
        title,
        caption,
        curves,
        axes,
        area="average precision",
        chance=((0, share), (1, share)),
    )


def _best(curves: Sequence[Curve], what: str) -> str:
    best = max(curves, key=lambda curve: curve.area)
    if len(curves) == 1:
        return f"Its {what} is {best.area:.3f}."
    return f"The largest {what} is {best.area:.3f} ({best.name})."


def _curves(
    name: str,
    title: str,
    caption: str,
    curves: Sequence[Curve],
    axes: tuple[str, str],
    *,
    area: str,
    chance: tuple[Point, Point],
) -> Picture:
    sheet = PictureSheet(300 + LINE * len(curves) + 10)
    x, y = AxisScale(0, 1, 40, 40 + 300), AxisScale(0, 1, 250, 22)
    _frame(sheet, x, y, axes)
    sheet.line(*((x(point[0]), y(point[1])) for point in chance), role="faint", dash="1 3")
    for at, curve in reversed(list(enumerate(curves))):
        role, dash, width = _PENS[at] if at < len(_PENS) else ("faint", "", 0.7)
        points = _thinned(x.all(curve.x), y.all(curve.y))
        sheet.path(points, role=role, dash=dash, width=width, tip=f"{curve.name}: {area} {curve.area:.3f}")
        foot = 306 + LINE * at
        sheet.line((40, foot - 4), (76, foot - 4), role=role, dash=dash, width=width)
        sheet.text((84, foot), shortened(curve.name, 190))
        sheet.text((WIDTH - 20, foot), f"{curve.area:.3f}", anchor="end")
    rows = [(curve.name, f"{curve.area:.3f}") for curve in curves]
    return picture(name, title, caption, sheet.svg(title, caption), ("entry", area), rows)


def _frame(sheet: PictureSheet, x: AxisScale, y: AxisScale, axes: tuple[str, str]) -> None:
    for tick in (0, 0.25, 0.5, 0.75, 1):
        sheet.line((x(tick), y(0)), (x(tick), y(1)), role="grid")
        sheet.line((x(0), y(tick)), (x(1), y(tick)), role="grid")
        sheet.text((x(tick), y(0) + LINE), percent(tick, 0), anchor="middle", role="faint")
        sheet.text((x(0) - 6, y(tick) + 4), percent(tick, 0), anchor="end", role="faint")
    across, up = (shortened(one, 300) for one in axes)
    sheet.text(((x(0) + x(1)) / 2, y(0) + 2 * LINE + 2), across, anchor="middle", role="faint")
    sheet.text((2, 12), up, role="faint")


def _thinned(x: Numbers, y: Numbers) -> list[Point]:
    """The corners of a staircase in halves of a pixel; what lies on a straight line between is left out."""
    points = (2 * np.column_stack([x, y])).round() / 2
    points = points[np.append(True, np.any(np.diff(points, axis=0) != 0, axis=1))]
    step = np.diff(points, axis=0)
    turns = np.abs(step[:-1, 0] * step[1:, 1] - step[:-1, 1] * step[1:, 0]) > 1e-6
    kept = points[np.concatenate([[True], turns, [True]])[: len(points)]]
    return [(float(across), float(up)) for across, up in kept]


@dataclass(frozen=True, slots=True)
class ScoreBin:
    """The cells whose score falls into one bin: how many, their mean score, how many are leukemic."""

    low: float
    high: float
    cells: int
    mean_score: float
    leukemic: float


def calibration(
    name: str, bins: Sequence[ScoreBin], *, brier: float, ece: float, classes: ClassNames = CNMC
) -> Picture:
    """Reliability: among cells with a score, how many are leukemic; below, how many cells there are."""
    sheet = PictureSheet(356)
    x, y = AxisScale(0, 1, 40, 340), AxisScale(0, 1, 236, 22)
    _frame(sheet, x, y, (classes.said("score for ALL, %"), classes.said("leukemic among them, %")))
    sheet.line((x(0), y(0)), (x(1), y(1)), role="faint", dash="1 3")
    filled = [one for one in bins if one.cells]
    sheet.path([(x(one.mean_score), y(one.leukemic)) for one in filled])
    most = max((one.cells for one in filled), default=1)
    for one in filled:
        share = percent(one.leukemic, 1)
        tip = (
            f"scores {one.low:.1f} to {one.high:.1f}: {one.cells} cells, {share} % {classes.said('leukemic')}"
        )
        sheet.circle((x(one.mean_score), y(one.leukemic)), 4, tip=tip)
        height = 56 * one.cells / most
        size = (x(one.high) - x(one.low) - 2, max(height, 0.5))
        sheet.rect((x(one.low) + 1, 352 - height), size, fill="faint", tip=tip)
    sheet.text((x(0), 290), f"cells with each score (highest bar {most:,})", role="faint")
    return _calibrated(name, filled, sheet, (brier, ece), classes)


def _calibrated(
    name: str,
    filled: Sequence[ScoreBin],
    sheet: PictureSheet,
    errors: tuple[float, float],
    classes: ClassNames,
) -> Picture:
    brier, ece = errors
    title = f"Calibration of {name}"
    caption = (
        f"On the diagonal a score means what it says. Expected calibration error {100 * ece:.1f} points, "
        f"Brier score {brier:.3f}."
    )
    columns = ("scores", "cells", "mean score, %", classes.said("leukemic, %"))
    rows = [
        (
            f"{one.low:.1f} to {one.high:.1f}",
            str(one.cells),
            percent(one.mean_score, 1),
            percent(one.leukemic, 1),
        )
        for one in filled
    ]
    return picture("calibration", title, caption, sheet.svg(title, caption), columns, rows)


def score_bins(scores: Numbers, leukemic: npt.NDArray[np.bool_], count: int = 10) -> tuple[ScoreBin, ...]:
    """Cells sorted into bins of equal width, each closed at its right end."""
    at = np.clip(np.ceil(scores * count).astype(int) - 1, 0, count - 1)
    found = []
    for index in range(count):
        inside = at == index
        cells = int(inside.sum())
        means = (float(scores[inside].mean()), float(leukemic[inside].mean())) if cells else (0.0, 0.0)
        found.append(ScoreBin(index / count, (index + 1) / count, cells, *means))
    return tuple(found)


def roc_curve(name: str, scores: Numbers, leukemic: npt.NDArray[np.bool_], area: float) -> Curve:
    """The corners of the ROC curve; cells with equal scores are taken together."""
    found, alarms = _passed(scores, leukemic)
    return Curve(name, alarms / max(alarms[-1], 1), found / max(found[-1], 1), area)


def precision_recall_curve(name: str, scores: Numbers, leukemic: npt.NDArray[np.bool_], area: float) -> Curve:
    """The staircase whose area is the average precision: precision holds until recall grows."""
    found, alarms = _passed(scores, leukemic)
    recall = found / max(found[-1], 1)
    precision = found[1:] / (found[1:] + alarms[1:])
    x = np.repeat(recall, 2)[1:-1]
    return Curve(name, x, np.repeat(precision, 2), area)


def _passed(scores: Numbers, leukemic: npt.NDArray[np.bool_]) -> tuple[Numbers, Numbers]:
    """Leukemic and normal cells at or above each distinct score, from the highest down, after none."""
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    found = np.cumsum(leukemic[order])[last]
    alarms = np.cumsum(~leukemic[order])[last]
    return np.append(0.0, found), np.append(0.0, alarms)
