"""Pictures of many entries: the leaderboard, who can be told apart, how firm the ranks are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from eval_server.figures.picture import Picture, picture
from eval_server.figures.sheet import LINE, WIDTH, AxisScale, PictureSheet, shortened, span, width_of
from eval_server.figures.statements import differences as of_differences
from eval_server.figures.statements import ranks as of_ranks
from eval_server.figures.statements.intervals import dot_and_line, level_words
from eval_server.figures.wording import (
    ABSENT,
    MINUS,
    interval_words,
    p_number,
    p_words,
    percent,
    ranks,
    signed,
    signed_interval,
)

Matrix = npt.NDArray[np.float64]
Interval = tuple[float, float]

_ROW: Final = 24
_LANE: Final = 7
_NAMES: Final = 116


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a leaderboard; `rank_set` is None for a reference that is not ranked."""

    name: str
    value: float
    interval: Interval | None
    rank_set: tuple[int, int] | None = None
    remarks: tuple[str, ...] = ()


def common_span(lines: Sequence[Line]) -> Interval:
    """One scale for all intervals of a table, so that rows can be compared by eye."""
    ends = [end for line in lines for end in (line.value, *(line.interval or ()))]
    return span(ends, within=(0, 1))


def leaderboard(
    lines: Sequence[Line],
    *,
    groups: Sequence[tuple[int, int]] | None = None,
    metric: str = "weighted F1",
    level: str = "95 %",
) -> Picture:
    """Entries in order of their metric, each with its interval; bars join what cannot be told apart.

    `groups` are runs of lines (start, stop) of which no two can be told apart; None where nothing was
    tested.
    """
    runs = [(start, stop - 1) for start, stop in groups or () if stop - start > 1]
    columns = lanes(runs)
    left = 4 + _LANE * (max(columns, default=-1) + 1) + (4 if runs else 0)
    names = min(_NAMES, max(width_of(line.name) for line in lines) + 8)
    start = left + 38 + names
    sheet = PictureSheet(34 + _ROW * len(lines) + 4)
    scale = AxisScale(*common_span(lines), start + 6, WIDTH - 52)
    _plot_axis(sheet, scale, 30, sheet.height - 4, f"{metric}, %")
    for (first, last), lane in zip(runs, columns, strict=True):
        x = 4 + _LANE * lane
        told = of_ranks.bar_joins(lines[first].name, lines[last].name)
        sheet.line((x, 38 + _ROW * first), (x, 26 + _ROW * (last + 1)), role="faint", width=3, tip=told)
    for at, line in enumerate(lines):
        y = 34 + _ROW * (at + 0.5)
        sheet.text((left, y + 4), _rank(line))
        sheet.text((left + 38, y + 4), shortened(line.name, names - 6), tip=line.name, bold=at == 0)
        _plot_interval(sheet, scale, y, line.value, line.interval)
        sheet.text((WIDTH - 2, y + 4), percent(line.value), anchor="end")
    caption = _leaderboard_caption(dot_and_line(metric, level), len(lines), runs, tested=groups is not None)
    title = f"Leaderboard: {metric} with {level} intervals"
    heads = ("entry", "rank set", f"{metric} %", f"{level} interval", "remarks")
    return picture("leaderboard", title, caption, sheet.svg(title, caption), heads, list(map(_row, lines)))


def _rank(line: Line) -> str:
    return ranks(line.rank_set) if line.rank_set else ABSENT


def _row(line: Line) -> tuple[str, ...]:
    interval = interval_words(line.interval)
    return line.name, _rank(line), percent(line.value), interval, ", ".join(line.remarks) or ABSENT


def _leaderboard_caption(said: str, lines: int, runs: Sequence[tuple[int, int]], *, tested: bool) -> str:
    if not tested or lines < 2:
        return said
    if not runs:
        return f"{said} {of_ranks.told_from_neighbours()}"
    return f"{said} {of_ranks.bars_mean()}"


def lanes(runs: Sequence[tuple[int, int]]) -> list[int]:
    """A column for the bar of each run (first, last): runs that overlap get columns of their own."""
    ends: list[int] = []
    found: list[int] = []
    for first, last in runs:
        free = next((lane for lane, end in enumerate(ends) if end < first), len(ends))
        ends[free : free + 1] = [last]
        found.append(free)
    return found


def _plot_axis(sheet: PictureSheet, scale: AxisScale, top: float, bottom: float, head: str) -> None:
    about = max(3, int((scale.end - scale.start) / 36))
    for tick in scale.ticks(about):
        sheet.line((scale(tick), top), (scale(tick), bottom), role="grid")
        sheet.text((scale(tick), top - 4), percent(tick, 0), anchor="middle", role="faint")
    sheet.text(((scale.start + scale.end) / 2, top - 18), head, anchor="middle", role="faint")


def _plot_interval(
    sheet: PictureSheet, scale: AxisScale, y: float, value: float, interval: Interval | None
) -> None:
    if interval is not None and all(map(math.isfinite, interval)):
        low, high = map(scale, interval)
        sheet.line((low, y), (high, y), width=1.5)
        for end in (low, high):
            sheet.line((end, y - 4), (end, y + 4), width=1.5)
    sheet.circle((scale(value), y), 4)


def significance_map(names: Sequence[str], differences: Matrix, p: Matrix, *, alpha: float = 0.05) -> Picture:
    """Which entry is better than which: differences in points, filled where the adjusted p says so.

    `differences[i, j]` is entry i minus entry j and `p[i, j]` its Holm p, in leaderboard order; only
    pairs above the diagonal are plotted, because the others say the same with the other sign.
    """
    count = len(names)
    told = count <= 5
    width = 66.0 if told else 40.0
    height = 38.0 if told else 24.0
    numbers = 8 + width_of(str(count))
    left = numbers + min(_NAMES, max(map(width_of, names)) + 6)
    sheet = PictureSheet(24 + height * max(count - 1, 1) + 44, max(WIDTH, left + width * (count - 1) + 2))
    for column in range(1, count):
        x = left + width * (column - 0.5)
        sheet.text((x, 16), str(column + 1), anchor="middle", tip=names[column])
    for row in range(count - 1):
        y = 24 + height * row
        sheet.text((0, y + height / 2 + 4), str(row + 1))
        sheet.text((numbers, y + height / 2 + 4), shortened(names[row], left - numbers - 4), tip=names[row])
        for column in range(row + 1, count):
            corner = left + width * (column - 1), y
            value = float(differences[row, column]), float(p[row, column])
            _plot_pair(sheet, corner, (width, height), value, alpha, f"{names[row]} − {names[column]}")
    last = f"{count} is {names[-1]}" if count > 1 else ""
    foot = sheet.height - 26
    sheet.text((0, foot), shortened(f"Row minus column, in points; {last}.", sheet.width), role="faint")
    sheet.rect((0, foot + 8), (LINE, 12), fill="ink")
    sheet.text((22, foot + 18), "Holm p below 0.05" if alpha == 0.05 else f"Holm p below {alpha:g}")
    sheet.rect((166, foot + 8.5), (LINE, 11), stroke="faint")
    sheet.text((188, foot + 18), "cannot be told apart")
    return _mapped(names, differences, p, alpha, sheet)


def _plot_pair(
    sheet: PictureSheet,
    corner: tuple[float, float],
    size: tuple[float, float],
    value: tuple[float, float],
    alpha: float,
    pair: str,
) -> None:
    difference, p = value
    apart = p < alpha
    role = "paper" if apart else "ink"
    points = signed(difference, 1)
    tip = f"{pair}: {signed(difference)} points, Holm {p_words(p)}"
    inner = (corner[0] + 1.5, corner[1] + 1.5), (size[0] - 3, size[1] - 3)
    sheet.rect(*inner, fill="ink" if apart else "", stroke="" if apart else "grid", tip=tip)
    middle = corner[0] + size[0] / 2, corner[1] + size[1] / 2
    if size[0] < 50:
        words = points if abs(difference) < 0.0995 else signed(difference, 0)
        sheet.text((middle[0], middle[1] + 4), words, anchor="middle", role=role, tip=tip)
        return
    sheet.text((middle[0], middle[1] - 2), points, anchor="middle", role=role, bold=True, tip=tip)
    sheet.text((middle[0], middle[1] + 13), f"p {_short_p(p)}", anchor="middle", role=role, tip=tip)


def _short_p(p: float) -> str:
    return "< .0001" if p < 0.0001 else f"{p:.3f}" if p >= 0.001 else f"{p:.4f}"


def _mapped(
    names: Sequence[str], differences: Matrix, p: Matrix, alpha: float, sheet: PictureSheet
) -> Picture:
    pairs = [(i, j) for i in range(len(names)) for j in range(i + 1, len(names))]
    apart = [(i, j) for i, j in pairs if p[i, j] < alpha]
    title = "Significance map: which differences can be told from chance"
    caption = of_differences.alone()
    if pairs:
        caption = f"{of_differences.significant(len(apart), len(pairs), alpha)}."
    rows = [
        (
            names[i],
            names[j],
            signed(float(differences[i, j])),
            p_number(float(p[i, j])),
            f"{names[i]} is better" if p[i, j] < alpha else "cannot be told apart",
        )
        for i, j in pairs
    ]
    columns = ("entry", "against", "difference, points", "Holm p", "in words")
    return picture("significance-map", title, caption, sheet.svg(title, caption), columns, rows)


def rank_stability(
    names: Sequence[str], frequency: Matrix, medians: Sequence[float], *, resamples: int = 10_000
) -> Picture:
    """How often each entry holds each rank when subjects are resampled: blobs by frequency.

    `frequency[i, r]` is the share of resamples in which entry i (in leaderboard order) has rank r + 1.
    """
    count = frequency.shape[1]
    left = min(_NAMES, max(map(width_of, names)) + 8)
    width = max(min((WIDTH - left - 4) / count, 40), 20)
    row = max(min(width, 28), 22)
    sheet = PictureSheet(40 + row * len(names) + 4, max(WIDTH, left + width * count + 4))
    sheet.text((left + width * count / 2, 12), "rank", anchor="middle", role="faint")
    for rank in range(count):
        x = left + width * (rank + 0.5)
        sheet.line((x, 36), (x, sheet.height - 4), role="grid")
        sheet.text((x, 28), str(rank + 1), anchor="middle", role="faint")
    radius = min(width, row) / 2 - 1
    for at, name in enumerate(names):
        y = 40 + row * (at + 0.5)
        sheet.text((0, y + 4), shortened(name, left - 6), tip=name)
        for rank in np.flatnonzero(frequency[at] > 0.0005).tolist():
            share = float(frequency[at, rank])
            where = (left + width * (rank + 0.5), y)
            tip = of_ranks.in_resamples(name, rank + 1, share)
            sheet.circle(where, max(radius * math.sqrt(share), 1), fill="faint", tip=tip)
        x = left + width * (medians[at] - 0.5)
        sheet.line((x, y - row / 2 + 2), (x, y + row / 2 - 2), width=2)
    return _ranked(names, frequency, medians, resamples, sheet)


def _ranked(
    names: Sequence[str], frequency: Matrix, medians: Sequence[float], resamples: int, sheet: PictureSheet
) -> Picture:
    title = "Rank stability: the ranks over resampled subjects"
    best = names[int(np.argmax(frequency[:, 0]))]
    caption = of_ranks.stability(resamples, best, float(frequency[:, 0].max()))
    columns = ("entry", "median rank", *(f"rank {at + 1}, %" for at in range(frequency.shape[1])))
    rows = [
        (name, f"{medians[at]:g}", *(percent(float(share), 1) for share in frequency[at]))
        for at, name in enumerate(names)
    ]
    return picture("rank-stability", title, caption, sheet.svg(title, caption), columns, rows)


@dataclass(frozen=True, slots=True)
class Gap:
    """The difference of two entries (first minus second) with its interval and adjusted p."""

    first: str
    second: str
    difference: float
    interval: Interval | None
    p: float | None


def differences(gaps: Sequence[Gap], *, alpha: float = 0.05, margin: float | None = None) -> Picture:
    """Differences with their intervals about zero: for one baseline, or a few pairs."""
    sheet = PictureSheet(40 + 40 * len(gaps))
    ends = [end for gap in gaps for end in (gap.difference, *(gap.interval or ()))]
    scale = AxisScale(*span([0.0, *ends, *((-margin, margin) if margin else ())]), 10, WIDTH - 10)
    _plot_gap_axis(sheet, scale, margin, [36 + 40 * at for at in range(len(gaps))])
    for at, gap in enumerate(gaps):
        y = 36 + 40 * at
        words = f"{gap.first} {MINUS} {gap.second}"
        sheet.text((2, y + 13), shortened(words, 210), tip=words)
        told = f"{signed(gap.difference)}, {p_words(gap.p)}"
        apart = gap.p is not None and gap.p < alpha
        sheet.text((WIDTH - 2, y + 13), told, anchor="end", bold=apart)
        _plot_interval(sheet, scale, y + 26, gap.difference, gap.interval)
    level = level_words(alpha)
    title = f"Differences with {level} intervals"
    caption = _gap_caption(gaps, alpha, margin)
    rows = [_gap_row(gap, alpha) for gap in gaps]
    columns = ("entry", "against", "difference, points", f"{level} interval", "Holm p", "in words")
    return picture("differences", title, caption, sheet.svg(title, caption), columns, rows)


def _plot_gap_axis(
    sheet: PictureSheet, scale: AxisScale, margin: float | None, tops: Sequence[float]
) -> None:
    """The axis at the top, and its lines behind every interval but not behind the words."""
    sheet.text((WIDTH / 2, 12), "difference of weighted F1, points", anchor="middle", role="faint")
    if margin:
        for top in tops:
            sheet.rect((scale(-margin), top + 18), (scale(margin) - scale(-margin), 17), fill="grid")
    for tick in scale.ticks(5):
        words = "0" if tick == 0 else signed(tick, 0 if abs(tick * 100 % 1) < 1e-9 else 1)
        sheet.text((scale(tick), 26), words, anchor="middle", role="faint")
        for top in tops:
            role = "ink" if tick == 0 else "grid"
            sheet.line((scale(tick), top + 18), (scale(tick), top + 35), role=role)


def _gap_row(gap: Gap, alpha: float) -> tuple[str, ...]:
    apart = gap.p is not None and gap.p < alpha
    told = "told apart" if apart else "cannot be told apart"
    points, limits = signed(gap.difference), signed_interval(gap.interval)
    return gap.first, gap.second, points, limits, p_number(gap.p), told


def _gap_caption(gaps: Sequence[Gap], alpha: float, margin: float | None) -> str:
    apart = sum(gap.p is not None and gap.p < alpha for gap in gaps)
    said = f"{of_differences.significant(apart, len(gaps), alpha)} (bold)."
    return f"{said} {of_differences.within_margin(margin)}" if margin else said


def _told_ranks(count: int, scale: AxisScale) -> range:
    """The ranks that are written on an axis: all of them where their numbers do not lie on each other."""
    room = (scale.end - scale.start) / max(count - 1, 1)
    return range(1, count + 1, math.ceil((width_of(str(count)) + 4) / room))


def mean_ranks(names: Sequence[str], means: Sequence[float], critical: float) -> Picture:
    """Mean ranks of per-subject accuracy with Nemenyi's critical difference: the familiar second opinion."""
    order = sorted(range(len(names)), key=lambda at: means[at])
    count = len(names)
    left = min(_NAMES, max(map(width_of, names)) + 8)
    sheet = PictureSheet(62 + 22 * count)
    scale = AxisScale(1, max(count, 2), left + 8, WIDTH - 44)
    for rank in _told_ranks(count, scale):
        sheet.line((scale(rank), 52), (scale(rank), sheet.height), role="grid")
        sheet.text((scale(rank), 46), str(rank), anchor="middle", role="faint")
    sheet.text(((scale.start + scale.end) / 2, 32), "mean rank", anchor="middle", role="faint")
    reach = min(scale(1 + critical), WIDTH - 2)
    sheet.line((scale(1), 16), (reach, 16), width=3)
    sheet.text((left, 20), f"CD {critical:.2f}", anchor="end")
    for at, entry in enumerate(order):
        y = 56 + 22 * (at + 0.5)
        near = means[entry] - means[order[0]] <= critical
        sheet.text((0, y + 4), shortened(names[entry], left - 6), tip=names[entry])
        sheet.line((scale(1), y), (scale(means[entry]), y), role="grid", width=2)
        sheet.circle((scale(means[entry]), y), 5, fill="ink" if near else "", stroke="ink")
        sheet.text((WIDTH - 2, y + 4), f"{means[entry]:.2f}", anchor="end")
    title = "Mean rank over subjects, with Nemenyi's critical difference"
    near_names = [names[at] for at in order[1:] if means[at] - means[order[0]] <= critical]
    caption = of_ranks.mean_ranks(critical, names[order[0]], near_names)
    rows = [(names[at], f"{means[at]:.3f}") for at in order]
    return picture("mean-ranks", title, caption, sheet.svg(title, caption), ("entry", "mean rank"), rows)
