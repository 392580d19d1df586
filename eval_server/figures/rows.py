"""The leaderboard's column of intervals: an axis for its head and one mark for every row of the table.

The numbers stand as text in the same cell, so these pictures are hidden from screen readers.
"""

from __future__ import annotations

import math
import re
from typing import Final

from eval_server.figures.sheet import AxisScale, PictureSheet
from eval_server.figures.standings import Interval
from eval_server.figures.wording import percent

HEIGHT: Final = 44
"""Pixels of a row, so that the lines of the axis run through the whole table."""
_EDGE: Final = 10
_BEYOND: Final = 40
"""How far the axis' lines go on, for rows that are taller; a page clips them at the table's ends."""


def axis(scale: Interval, *, width: int = 220) -> str:
    """The numbers over the column, in percent."""
    sheet = PictureSheet(22, width)
    place = AxisScale(*scale, _EDGE, width - _EDGE)
    for tick in place.ticks(4):
        sheet.text((place(tick), 15), percent(tick, 0), anchor="middle", role="faint")
        sheet.line((place(tick), 18), (place(tick), 22), role="grid")
    return _hidden(sheet)


def mark(value: float, interval: Interval | None, scale: Interval, *, width: int = 220) -> str:
    """One entry: a dot, and its interval where one can be estimated; without one a hollow dot."""
    sheet = PictureSheet(HEIGHT, width)
    place = AxisScale(*scale, _EDGE, width - _EDGE)
    y = HEIGHT / 2
    for tick in place.ticks(4):
        sheet.line((place(tick), -_BEYOND), (place(tick), HEIGHT + _BEYOND), role="grid")
    if interval is not None and all(map(math.isfinite, interval)):
        low, high = map(place, interval)
        sheet.line((low, y), (high, y), width=2)
        for end in (low, high):
            sheet.line((end, y - 5), (end, y + 5), width=2)
        sheet.circle((place(value), y), 5)
    else:
        sheet.circle((place(value), y), 4, fill="paper", stroke="faint")
    return _hidden(sheet)


def _hidden(sheet: PictureSheet) -> str:
    """The picture without the words that stand beside it anyway."""
    svg = re.sub(r'role="img" aria-labelledby="[^"]*"', 'aria-hidden="true"', sheet.svg("", ""), count=1)
    return re.sub(r"<title[^>]*></title><desc[^>]*></desc>", "", svg, count=1)
