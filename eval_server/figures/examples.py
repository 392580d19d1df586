"""The pictures of the help page: invented numbers, plotted by the same functions as the real ones."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from eval_server.figures.pairs import exact_null
from eval_server.figures.picture import Picture
from eval_server.figures.standings import Line, leaderboard
from eval_server.figures.statements.ranks import invented_bars
from eval_server.scoring.exact import coin_sums

INVENTED = "Names and numbers are invented."


@cache
def board() -> Picture:
    """A leaderboard of four: three joined by two bars, one apart."""
    lines = [
        Line("north", 0.8981, (0.852, 0.931), (1, 2)),
        Line("east", 0.8910, (0.847, 0.925), (1, 3)),
        Line("south", 0.8745, (0.826, 0.911), (2, 3)),
        Line("west", 0.8130, (0.755, 0.859), (4, 4)),
    ]
    plotted = leaderboard(lines, groups=[(0, 2), (1, 3), (3, 4)])
    caption = f"{invented_bars()} {INVENTED}"
    return replace(plotted, name="example-board", title="A leaderboard with intervals", caption=caption)


@cache
def null() -> Picture:
    """The differences that swapping twelve subjects can give."""
    steps = np.array([[31, 24, 22, 18, 15, 12, 11, 9, 7, 5, 4, 2]])
    chances = coin_sums(steps)[0, : int(steps.sum()) + 1]
    differences = (2 * np.arange(len(chances)) - steps.sum()) / 1867
    observed = 98 / 1867
    p = float(chances[np.abs(differences) >= observed - 1e-12].sum())
    plotted = exact_null("north", "west", differences, chances, observed=observed, p=p)
    return replace(
        plotted,
        name="example-null",
        title="All differences that swapping subjects can give",
        caption=f"{plotted.caption} {INVENTED}",
    )
