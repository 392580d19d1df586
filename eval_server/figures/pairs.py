"""Pictures of two entries: where they part, subject by subject, and how far chance would take them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from eval_server.figures.entries import ROLE_OF, groups
from eval_server.figures.picture import Picture, picture
from eval_server.figures.sheet import WIDTH, AxisScale, PictureSheet, Point, shortened
from eval_server.figures.statements.differences import null_shown, on_subjects, swaps_give
from eval_server.figures.wording import capital, percent, signed
from eval_server.judging.verdict import SubjectLine
from submissions.classes import CNMC, ClassNames

Numbers = npt.NDArray[np.float64]

_BARS: Final = 61


def paired_subjects(
    first: str,
    second: str,
    ours: Sequence[SubjectLine],
    theirs: Sequence[SubjectLine],
    classes: ClassNames = CNMC,
) -> Picture:
    """One line a subject from the first entry's accuracy to the second's, a panel a class.

    `ours` and `theirs` name the same subjects in the same order.
    """
    pairs, words = list(zip(ours, theirs, strict=True)), groups(classes)
    sheet = PictureSheet(318)
    y = AxisScale(0, 1, 282, 46)
    for tick in (0, 0.25, 0.5, 0.75, 1):
        sheet.line((30, y(tick)), (WIDTH - 4, y(tick)), role="grid")
        sheet.text((26, y(tick) + 4), percent(tick, 0), anchor="end", role="faint")
    sheet.text((0, 12), "cells right, %", role="faint")
    shown = [label for label in words if any(one.label == label for one in ours)]
    room = (WIDTH - 34) / len(shown)
    for at, label in enumerate(shown):
        members = [pair for pair in pairs if pair[0].label == label]
        x = 34 + room * at + 12, 34 + room * (at + 1) - 14
        said = f"{words[label]} ({len(members)})"
        sheet.text(((x[0] + x[1]) / 2, 32), shortened(said, room - 10), anchor="middle", bold=True)
        sheet.text((x[0] - 6, 300), shortened(first, room - 10), tip=first)
        sheet.text((x[1] + 6, 314), shortened(second, room - 10), anchor="end", tip=second)
        for pair in members:
            _plot_slope(sheet, x, y, pair)
    return _paired((first, second), pairs, sheet, words)


def _plot_slope(sheet: PictureSheet, x: Point, y: AxisScale, pair: tuple[SubjectLine, SubjectLine]) -> None:
    """A line between two marks: dots for ALL, open squares for the others."""
    a, b = pair
    role = ROLE_OF[a.label]
    tip = f"{a.subject} ({a.cells} cells): {percent(a.accuracy, 1)} % and {percent(b.accuracy, 1)} %"
    sheet.line((x[0], y(a.accuracy)), (x[1], y(b.accuracy)), role=role, width=1.5, tip=tip)
    for at, one in zip(x, pair, strict=True):
        if one.label == "ALL":
            sheet.circle((at, y(one.accuracy)), 3.5, fill=role, tip=tip)
        else:
            sheet.rect((at - 3, y(one.accuracy) - 3), (6, 6), fill="paper", stroke=role, width=1.5, tip=tip)


def _paired(
    names: tuple[str, str],
    pairs: Sequence[tuple[SubjectLine, SubjectLine]],
    sheet: PictureSheet,
    words: Mapping[str, str],
) -> Picture:
    first, second = names
    better = sum(a.accuracy > b.accuracy for a, b in pairs)
    worse = sum(a.accuracy < b.accuracy for a, b in pairs)
    title = f"{first} and {second}, subject by subject"
    won = on_subjects(first, better, worse, len(pairs) - better - worse)
    caption = f"{won}; each line is one subject."
    columns = ("subject", "class", "cells", f"{first}, %", f"{second}, %", "difference, points")
    order = list(words)
    ordered = sorted(
        pairs, key=lambda pair: (order.index(pair[0].label), pair[1].accuracy - pair[0].accuracy)
    )
    rows = [
        (
            a.subject,
            words[a.label],
            str(a.cells),
            percent(a.accuracy),
            percent(b.accuracy),
            signed(a.accuracy - b.accuracy),
        )
        for a, b in ordered
    ]
    return picture("paired-subjects", title, caption, sheet.svg(title, caption), columns, rows)


def exact_null(
    first: str, second: str, differences: Numbers, weights: Numbers, *, observed: float, p: float
) -> Picture:
    """Every difference that swapping subjects can give, with its probability, and the observed one.

    `weights` sum to one over `differences`; what is as large as the observed difference is dark.
    """
    bars = _binned(differences, weights, abs(observed))
    sheet = PictureSheet(232)
    reach = float(bars.edges[-1])
    x = AxisScale(-reach, reach, 8, WIDTH - 8)
    y = AxisScale(0, float(bars.heights.max()), 186, 44)
    for at, left in enumerate(bars.edges[:-1].tolist()):
        for height, role in ((bars.heights[at], "grid"), (bars.extreme[at], "ink")):
            if height > 0:
                size = x(float(bars.edges[at + 1])) - x(left) - 0.6, 186 - y(float(height))
                sheet.rect((x(left) + 0.3, y(float(height))), size, fill=role)
    _plot_null_axis(sheet, x)
    for end, dash in ((observed, ""), (-observed, "4 3")):
        sheet.line((x(end), 34), (x(end), 186), width=2, dash=dash)
    anchor = "start" if observed < -0.4 * reach else "end" if observed > 0.4 * reach else "middle"
    sheet.text((x(observed), 28), f"observed {signed(observed)}", anchor=anchor, bold=True)
    title = f"{first} and {second}: the difference against chance"
    caption = f"{capital(swaps_give(observed, p))} ({null_shown(p)})."
    columns = ("difference, points", "probability, %", "of it as large as observed, %")
    return picture("exact-null", title, caption, sheet.svg(title, caption), columns, bars.rows())


def _plot_null_axis(sheet: PictureSheet, x: AxisScale) -> None:
    sheet.line((x.start, 186), (x.end, 186), role="faint")
    ticks = x.ticks(6)
    whole = all(abs(100 * tick - round(100 * tick)) < 1e-9 for tick in ticks)
    for tick in ticks:
        words = "0" if tick == 0 else signed(tick, 0 if whole else 1)
        sheet.text((x(tick), 202), words, anchor="middle", role="faint")
    words = "difference of weighted F1 if alike, points"
    sheet.text((WIDTH / 2, 222), words, anchor="middle", role="faint")


@dataclass(frozen=True, slots=True, eq=False)
class _Bars:
    """Bars of equal width about zero, and the part of each that is as large as the observed difference."""

    edges: Numbers
    heights: Numbers
    extreme: Numbers

    def rows(self) -> list[tuple[str, str, str]]:
        return [
            (
                f"{signed(float(self.edges[at]))} to {signed(float(self.edges[at + 1]))}",
                f"{100 * self.heights[at]:.3f}",
                f"{100 * self.extreme[at]:.3f}",
            )
            for at in np.flatnonzero(self.heights > 0).tolist()
        ]


def _binned(differences: Numbers, weights: Numbers, observed: float) -> _Bars:
    """The outermost bars also hold the last hundredth of a percent that lies beyond them."""
    size = np.abs(differences)
    order = np.argsort(size)
    most = int(np.searchsorted(np.cumsum(weights[order]), 1 - 1e-4))
    reach = max(float(size[order[min(most, len(order) - 1)]]), 1.1 * observed, 1e-4)
    edges = np.linspace(-reach, reach, _BARS + 1)
    at = np.clip(np.searchsorted(edges, differences, side="right") - 1, 0, _BARS - 1)
    extreme = size >= observed - 1e-12
    heights, tails = (np.bincount(at, part, minlength=_BARS) for part in (weights, weights * extreme))
    return _Bars(edges, heights.astype(np.float64), tails.astype(np.float64))
