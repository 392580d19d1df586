"""Pictures of a training: a number of one run after each epoch, or the mean and spread of many runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from eval_server.figures.picture import Picture, picture
from eval_server.figures.sheet import LINE, WIDTH, AxisScale, PictureSheet, shortened, span
from eval_server.figures.wording import ABSENT

_PENS: Final = (("ink", ""), ("all", "7 3"), ("normal", "2 2.5"))
"""Lines differ in dash as well as in colour."""
_LEFT, _TOP, _HIGH, _APART = 46, 22, 190, 5


@dataclass(frozen=True, slots=True)
class EpochLine:
    """Numbers after each epoch, the first after epoch `begins`; `spread` is plotted both ways where given."""

    name: str
    values: tuple[float, ...]
    spread: tuple[float, ...] | None = None
    begins: int = 1

    def ends(self) -> list[float]:
        """The lowest and highest places that the line takes."""
        around = zip(self.values, self.spread or (0.0,) * len(self.values), strict=True)
        return [end for value, by in around for end in (value - by, value + by)]

    def bar(self, step: int, within: tuple[float, float]) -> tuple[float, float]:
        """The spread around a value, as far as it lies on the scale: no share is below 0 or above 1."""
        value, by = self.values[step], (self.spread or (0.0,) * len(self.values))[step]
        return max(value - by, within[0]), min(value + by, within[1])


def over_epochs(
    name: str, title: str, caption: str, lines: Sequence[EpochLine], *, percent: bool = False
) -> Picture:
    """Lines over epochs, their spread as bars that stand beside each other; at most three lines."""
    sheet = PictureSheet(_TOP + _HIGH + 2 * LINE + 12 + LINE * len(lines) * (len(lines) > 1))
    last = max(line.begins + len(line.values) - 1 for line in lines)
    first = min(line.begins for line in lines)
    columns, shown = ("epoch", *(line.name for line in lines)), range(first, last + 1)
    x = AxisScale(first - 0.3, max(last, first) + 0.3, _LEFT, WIDTH - 8)
    within = (0.0, 1.0) if percent else (-math.inf, math.inf)
    ends = [min(max(end, within[0]), within[1]) for line in lines for end in line.ends()]
    y = AxisScale(*span(ends, within=within), _TOP + _HIGH, _TOP)
    _frame(sheet, x, y, shown, percent=percent)
    for at, line in enumerate(lines):
        _plot(sheet, x, y, line, at, len(lines))
        if len(lines) > 1:
            _key(sheet, line, at)
    rows = [(str(at), *(_told(line, at, percent=percent) for line in lines)) for at in shown]
    return picture(name, title, caption, sheet.svg(title, caption), columns, rows)


def _frame(sheet: PictureSheet, x: AxisScale, y: AxisScale, epochs: range, *, percent: bool) -> None:
    for tick in y.ticks(4):
        sheet.line((_LEFT, y(tick)), (WIDTH - 8, y(tick)), role="grid")
        sheet.text((_LEFT - 6, y(tick) + 4), _number(tick, percent=percent), anchor="end", role="faint")
    step = max(1, len(epochs) // 8)
    for epoch in epochs[::step]:
        sheet.text((x(epoch), _TOP + _HIGH + LINE), str(epoch), anchor="middle", role="faint")
    sheet.text((WIDTH - 8, _TOP + _HIGH + 2 * LINE), "epoch", anchor="end", role="faint")


def _plot(sheet: PictureSheet, x: AxisScale, y: AxisScale, line: EpochLine, at: int, lines: int) -> None:
    role, dash = _PENS[at]
    beside = _APART * (at - (lines - 1) / 2)
    places = [(x(line.begins + step) + beside, y(value)) for step, value in enumerate(line.values)]
    if len(places) > 1:
        sheet.path(places, role=role, dash=dash)
    for step, (across, up) in enumerate(places):
        if line.spread is not None and line.spread[step] > 0:
            low, high = line.bar(step, (y.low, y.high))
            sheet.line((across, y(low)), (across, y(high)), role=role, width=1.5)
        sheet.circle((across, up), 3, fill=role)


def _key(sheet: PictureSheet, line: EpochLine, at: int) -> None:
    role, dash = _PENS[at]
    foot = _TOP + _HIGH + 2 * LINE + 6 + LINE * (at + 1)
    sheet.line((_LEFT, foot - 4), (_LEFT + 36, foot - 4), role=role, dash=dash, width=1.5)
    sheet.circle((_LEFT + 18, foot - 4), 3, fill=role)
    sheet.text((_LEFT + 44, foot), shortened(line.name, 260))


def _told(line: EpochLine, epoch: int, *, percent: bool) -> str:
    at = epoch - line.begins
    if not 0 <= at < len(line.values):
        return ABSENT
    value = _number(line.values[at], percent=percent, digits=2)
    if line.spread is None:
        return value
    return f"{value} ± {_number(line.spread[at], percent=percent, digits=2)}"


def _number(value: float, *, percent: bool, digits: int = 1) -> str:
    if percent:
        return f"{100 * value:.{digits}f}"
    return f"{value:.{digits + 2}f}" if digits > 1 else f"{value:g}"
