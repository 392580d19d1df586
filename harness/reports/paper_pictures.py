"""Pictures for a paper: as wide as a column, dark on white, with their letters inside."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, get_args

from eval_server.figures.sheet import SIZE
from submissions.writing import write_whole

PaperForm = Literal["svg", "pdf", "png"]
FORMS: tuple[str, ...] = get_args(PaperForm)
COLUMN = 8.5
"""Centimetres of a column."""
_SMALLEST = 6.0
"""Points of the letters below which a picture is made wider than a column."""
_DOTS = 600
"""Dots an inch of a PNG: what printers ask of drawings."""
_FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
"""The first is in vl-convert itself, so that a file looks the same wherever it was made."""
_POINTS = 72 / 2.54
"""Points of a centimetre."""


def write_for_paper(file: Path, svg: str, form: str) -> None:
    """Write a picture (`Picture.svg`) into this file in one of `FORMS`.

    Raises `ModuleNotFoundError` for PDF and PNG where the extra `paper` is not installed.
    """
    if form == "svg":
        write_whole(file, for_paper(svg, "cm") + "\n")
        return
    import vl_convert

    drawn = for_paper(svg, "")  # it takes a number for points
    made = vl_convert.svg_to_pdf(drawn) if form == "pdf" else vl_convert.svg_to_png(drawn, ppi=_DOTS)
    write_whole(file, made)


def for_paper(svg: str, unit: Literal["cm", ""]) -> str:
    """The SVG as wide as it is printed, in centimetres or points, with one font and its ink in black."""
    width, height = _pixels(svg), _pixels(svg, "height")
    wide = width_of(width) * (1 if unit else _POINTS)
    sized = f'width="{wide:.6g}{unit}" height="{wide * height / width:.6g}{unit}"'
    head, body = svg.split(">", 1)
    head = re.sub(r'width="[\d.]+" height="[\d.]+"', sized, head)
    head = re.sub(r'font-family="[^"]*"', f'font-family="{_FONT}" color="#1b1b1b"', head)
    return f"{head}>{body}"


def width_of(pixels: float) -> float:
    """How many centimetres a picture of this width gets: a column, or what its letters need."""
    return max(COLUMN, pixels * _SMALLEST / SIZE / _POINTS)


def _pixels(svg: str, side: str = "width") -> float:
    found = re.search(rf'<svg [^>]*? {side}="([\d.]+)"', svg)
    assert found is not None
    return float(found[1])
