"""The sheet a picture is plotted on: few kinds of marks, written as SVG that reads without a style sheet.

Every mark has a role (`ROLES`) instead of a colour: the role is written as a plain attribute for light
paper and as a class, by which a page's style sheet can give it another colour in the dark.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

import numpy as np
import numpy.typing as npt

ROLES: Final = {
    "ink": "currentColor",
    "faint": "#6b6b6b",
    "grid": "#d9d9d9",
    "all": "#d55e00",
    "normal": "#0072b2",
    "chosen": "#009e73",
    "third": "#b0568a",
    "paper": "#fff",
    "on-all": "#000",
    "on-normal": "#fff",
    "on-third": "#fff",
}
"""Okabe and Ito's colours for the classes and the selection, grey and ink for the rest."""

WIDTH: Final = 360
"""Natural width in pixels: a picture fits a narrow telephone without being made smaller."""
SIZE: Final = 13.5
"""Size of the letters in pixels; on a telephone of 390 pixels 13 of them are left, nothing is smaller."""
LINE: Final = 17

Point = tuple[float, float]
Numbers = npt.NDArray[np.float64]


class PictureSheet:
    """Marks in the order they were plotted, the later ones on top."""

    def __init__(self, height: float, width: float = WIDTH) -> None:
        self.width, self.height = width, height
        self._marks: list[str] = []

    def line(
        self, start: Point, end: Point, *, role: str = "ink", width: float = 1, dash: str = "", tip: str = ""
    ) -> None:
        """A straight line."""
        ends = f'x1="{_n(start[0])}" y1="{_n(start[1])}" x2="{_n(end[0])}" y2="{_n(end[1])}"'
        self._mark("line", ends + _paint("", role, width, dash), tip)

    def rect(
        self,
        corner: Point,
        size: Point,
        *,
        fill: str = "",
        stroke: str = "",
        width: float = 1,
        opacity: float = 1,
        tip: str = "",
    ) -> None:
        """A rectangle from its upper left corner."""
        place = f'x="{_n(corner[0])}" y="{_n(corner[1])}" width="{_n(size[0])}" height="{_n(size[1])}"'
        self._mark("rect", place + _paint(fill, stroke, width, opacity=opacity), tip)

    def circle(self, at: Point, radius: float, *, fill: str = "ink", stroke: str = "", tip: str = "") -> None:
        """A dot, or a ring where `fill` is empty."""
        place = f'cx="{_n(at[0])}" cy="{_n(at[1])}" r="{_n(radius, 2)}"'
        self._mark("circle", place + _paint(fill, stroke, 1.5), tip)

    def path(
        self, points: Sequence[Point], *, role: str = "ink", width: float = 1.5, dash: str = "", tip: str = ""
    ) -> None:
        """A line through points; points that fall on the last one are left out."""
        seen: list[str] = []
        for x, y in points:
            written = f"{_n(x)} {_n(y)}"
            if not seen or seen[-1] != written:
                seen.append(written)
        plotted = f'd="M{"L".join(seen)}" stroke-linejoin="round"' + _paint("", role, width, dash)
        self._mark("path", plotted, tip)

    def text(
        self,
        at: Point,
        words: str,
        *,
        anchor: str = "start",
        role: str = "ink",
        size: float = SIZE,
        bold: bool = False,
        tip: str = "",
    ) -> None:
        """Words on a baseline; `anchor` is start, middle or end."""
        weight = ' font-weight="600"' if bold else ""
        letters = f' font-size="{_n(size)}"' if size != SIZE else ""
        place = f'x="{_n(at[0])}" y="{_n(at[1])}" text-anchor="{anchor}"{letters}{weight}'
        title = f"<title>{escape(tip)}</title>" if tip else ""
        self._marks.append(f"<text {place}{_paint(role)}>{title}{escape(words)}</text>")

    def svg(self, title: str, description: str) -> str:
        """The finished picture with the words that a screen reader says.

        A sheet wider than `WIDTH` is of the class "broad" too: it is to be scrolled, not made smaller.
        """
        body = "".join(self._marks)
        kind = "picture broad" if self.width > WIDTH else "picture"
        key = "p" + hashlib.sha256((title + description + body).encode()).hexdigest()[:10]
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="{kind}" role="img" '
            f'aria-labelledby="{key}t {key}d" viewBox="0 0 {_n(self.width)} {_n(self.height)}" '
            f'width="{_n(self.width)}" height="{_n(self.height)}" '
            f'font-family="system-ui, sans-serif" font-size="{SIZE}">'
            f'<title id="{key}t">{escape(title)}</title><desc id="{key}d">{escape(description)}</desc>'
            f"{body}</svg>"
        )

    def _mark(self, name: str, attributes: str, tip: str) -> None:
        inside = f"><title>{escape(tip)}</title></{name}>" if tip else "/>"
        self._marks.append(f"<{name} {attributes}{inside}")


@dataclass(frozen=True, slots=True)
class AxisScale:
    """From a number to a place on the sheet."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def all(self, values: Numbers) -> Numbers:
        """The places of many numbers at once."""
        return self.start + (values - self.low) * ((self.end - self.start) / (self.high - self.low))

    def ticks(self, about: int = 5) -> tuple[float, ...]:
        """Round numbers inside the scale, about as many as asked for."""
        step = _round_step((self.high - self.low) / max(about, 1))
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return tuple(round(at * step, 10) for at in range(first, last + 1))


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * step for step in (1, 2, 2.5, 5, 10) if power * step >= rough * (1 - 1e-9))


def span(values: Sequence[float], *, margin: float = 0.04, within: Point = (-math.inf, math.inf)) -> Point:
    """The range that holds all values with some room, never empty and never beyond `within`."""
    low, high = min(values), max(values)
    room = max((high - low) * margin, 0.005)
    return max(low - room, within[0]), min(high + room, within[1])


def width_of(words: str, size: float = SIZE) -> float:
    """About how wide words are, rather too wide than too narrow."""
    return size * sum(
        0.34 if at in "iljtfI.,:;|'!()[] -" else 0.9 if at in "mwMW@%" else 0.7 if at.isupper() else 0.59
        for at in words
    )


def shortened(words: str, room: float, size: float = SIZE) -> str:
    """Words cut to a width, with an ellipsis where something is left out."""
    if width_of(words, size) <= room:
        return words
    while words and width_of(words + "…", size) > room:
        words = words[:-1]
    return words + "…"


def _n(number: float, digits: int = 1) -> str:
    text = f"{number:.{digits}f}".rstrip("0").rstrip(".") if digits else f"{number:.0f}"
    return "0" if text == "-0" else text


def _paint(fill: str = "", stroke: str = "", width: float = 1, dash: str = "", opacity: float = 1) -> str:
    """Class and plain attributes of a mark's colours; an empty role is no colour at all."""
    kinds = [f"f-{fill}"] * bool(fill) + [f"s-{stroke}"] * bool(stroke)
    written = [f' class="{" ".join(kinds)}" fill="{ROLES[fill] if fill else "none"}"']
    if opacity != 1:
        written.append(f' fill-opacity="{_n(opacity, 2)}"')
    if stroke:
        written.append(f' stroke="{ROLES[stroke]}" stroke-width="{_n(width, 2)}"')
    if dash:
        written.append(f' stroke-dasharray="{dash}"')
    return "".join(written)
