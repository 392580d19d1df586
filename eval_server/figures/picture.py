"""What a picture is: its SVG, a title, one sentence that says what to see, and its numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from eval_server.figures.wording import ABSENT

STYLE = """\
svg.picture { --faint: #6b6b6b; --grid: #d9d9d9; --all: #d55e00; --normal: #0072b2; --chosen: #009e73;
  --third: #b0568a; --paper: #fff; --on-all: #000; --on-normal: #fff; --on-third: #fff;
  max-width: 100%; height: auto;
  font-family: system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums; }
svg.picture.broad { max-width: none }
svg.picture .f-faint { fill: var(--faint) } svg.picture .s-faint { stroke: var(--faint) }
svg.picture .f-grid { fill: var(--grid) } svg.picture .s-grid { stroke: var(--grid) }
svg.picture .f-all { fill: var(--all) } svg.picture .s-all { stroke: var(--all) }
svg.picture .f-normal { fill: var(--normal) } svg.picture .s-normal { stroke: var(--normal) }
svg.picture .f-chosen { fill: var(--chosen) } svg.picture .s-chosen { stroke: var(--chosen) }
svg.picture .f-third { fill: var(--third) } svg.picture .s-third { stroke: var(--third) }
svg.picture .f-paper { fill: var(--paper) } svg.picture .s-paper { stroke: var(--paper) }
svg.picture .f-on-all { fill: var(--on-all) } svg.picture .f-on-normal { fill: var(--on-normal) }
svg.picture .f-on-third { fill: var(--on-third) }
@media screen and (prefers-color-scheme: dark) {
  svg.picture { --faint: #a3a3a3; --grid: #454545; --all: #f08a3c; --normal: #56b4e9; --chosen: #2fc495;
    --third: #e59cc4; --paper: #16181a; --on-normal: #000; --on-third: #000; } }
"""
"""The rules that a page takes into its style sheet; without them the pictures are plotted for light paper."""

_ALONE = """\
svg.picture { color: #1b1b1b; background: #fff }
@media screen and (prefers-color-scheme: dark) { svg.picture { color: #e8e8e8; background: #16181a } }
"""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture; `columns` and `rows` hold every number that it shows, as a reader writes them.

    `name` is fit for a file name or an anchor. `svg` takes its ink from the text colour of the page.
    """

    name: str
    title: str
    caption: str
    svg: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def standalone(self) -> str:
        """The SVG as a file of its own, with its style inside, for light and dark surroundings."""
        return re.sub(r"(<svg [^>]*>)", rf"\1<style>{STYLE}{_ALONE}</style>", self.svg, count=1) + "\n"


def picture(
    name: str, title: str, caption: str, svg: str, columns: Sequence[str], rows: Sequence[Sequence[str]]
) -> Picture:
    """A picture whose rows were gathered in lists; every row has as many cells as there are columns.

    A column in which no row has a value is left out.
    """
    table = tuple(tuple(row) for row in rows)
    if any(len(row) != len(columns) for row in table):
        raise ValueError(f"every row of {name} needs {len(columns)} cells")
    kept = [
        at for at in range(len(columns)) if not table or any(row[at] not in ("", ABSENT) for row in table)
    ]
    shown = tuple(tuple(row[at] for at in kept) for row in table)
    return Picture(name, title, caption, svg, tuple(columns[at] for at in kept), shown)
