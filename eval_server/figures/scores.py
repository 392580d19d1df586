"""The picture of an entry's scores: how many cells have each, ALL above the axis and normal ones below."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from eval_server.figures.picture import Picture, picture
from eval_server.figures.sheet import LINE, WIDTH, AxisScale, PictureSheet
from eval_server.figures.wording import counted, percent

Numbers = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

BINS: Final = 20
_HIGH: Final = 110
_TOP: Final = 24


def score_histogram(name: str, scores: Numbers, leukemic: npt.NDArray[np.bool_] | None) -> Picture:
    """Cells by score; without labels all of them stand above the axis."""
    groups = {"all cells": scores}
    if leukemic is not None:
        groups = {"ALL": scores[leukemic], "normal": scores[~leukemic]}
    counts = {group: _counts(found) for group, found in groups.items()}
    most = max(1, max(int(one.max()) for one in counts.values()))
    sheet = PictureSheet(_TOP + _HIGH * len(groups) + 2 * LINE + 4)
    x = AxisScale(0, 1, 12, WIDTH - 12)
    for at, (group, one) in enumerate(counts.items()):
        _plot(sheet, x, group, one, most, down=at == 1)
    _axis(sheet, x, _TOP + _HIGH * len(groups))
    title = f"Scores of {name}" + ("" if leukemic is None else " by class")
    caption = _caption(scores, leukemic)
    rows = [(_words(at), *(str(int(one[at])) for one in counts.values())) for at in range(BINS)]
    columns = ("scores, %", *counts)
    return picture("scores", title, caption, sheet.svg(title, caption), columns, rows)


def _counts(scores: Numbers) -> Counts:
    """Cells in bins of equal width, each closed at its right end, so that one half is called HEM."""
    at = np.clip(np.ceil(scores * BINS).astype(np.int64) - 1, 0, BINS - 1)
    return np.bincount(at, minlength=BINS).astype(np.int64)


def _plot(sheet: PictureSheet, x: AxisScale, group: str, counts: Counts, most: int, *, down: bool) -> None:
    middle, role = _TOP + _HIGH, {"ALL": "all", "normal": "normal"}.get(group, "faint")
    for at, count in enumerate(counts.tolist()):
        high = (_HIGH - 2) * count / most
        left, width = x(at / BINS) + 0.5, x(1 / BINS) - x(0) - 1
        tip = f"{group}: {counted(count, 'cell')} with scores {_words(at)} %"
        sheet.rect((left, middle if down else middle - high), (width, high), fill=role, tip=tip)
    words = f"{group}, {counted(int(counts.sum()), 'cell')}" if group != "all cells" else "cells"
    sheet.text((x(0), 2 * middle - _TOP - 4 if down else 14), words, bold=True)


def _axis(sheet: PictureSheet, x: AxisScale, foot: float) -> None:
    sheet.line((x(0), _TOP + _HIGH), (x(1), _TOP + _HIGH))
    sheet.line((x(0.5), _TOP), (x(0.5), foot), role="faint", dash="3 3")
    for tick in (0, 0.25, 0.5, 0.75, 1):
        sheet.text((x(tick), foot + LINE), percent(tick, 0), anchor="middle", role="faint")
    sheet.text((x(1), foot + 2 * LINE), "score for ALL, %", anchor="end", role="faint")


def _caption(scores: Numbers, leukemic: npt.NDArray[np.bool_] | None) -> str:
    called, cells = scores > 0.5, counted(len(scores), "cell")
    unsure = f"{int(((scores > 0.25) & (scores <= 0.75)).sum()):,} lie between 25 and 75 %."
    if leukemic is None:
        return f"{int(called.sum()):,} of {cells} lie right of one half: they are called ALL. {unsure}"
    wrong = int((called != leukemic).sum())
    return f"Right of one half a cell is called ALL; {wrong:,} of {cells} lie on the wrong side. {unsure}"


def _words(at: int) -> str:
    return f"{100 * at // BINS} to {100 * (at + 1) // BINS}"
