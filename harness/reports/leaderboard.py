"""A comparison as a table: in characters for a terminal, as Markdown and as a CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eval_server.figures.columns import COLUMNS, CSV_OF_COMPARISON, OF_COMPARISON, flat
from eval_server.figures.showing import limits_of, line_of
from eval_server.figures.standings import common_span, lanes
from eval_server.figures.statements.intervals import level_words
from eval_server.figures.wording import percent
from eval_server.judging.report import Report, Standing
from harness.reports.comparison_words import (
    about,
    also_said,
    answer,
    equivalences,
    limits,
    own_ranks,
    published,
    reading,
    significant_pairs,
)
from harness.reports.shown import Shown


@dataclass(frozen=True, slots=True)
class Strip:
    """A column of the table in characters: its head (two lines at most), its cells, and where they stand."""

    head: str
    cells: tuple[str, ...]
    left: bool = False
    spare: bool = False

    @property
    def width(self) -> int:
        return max(map(len, (*self.head.split("\n"), *self.cells)))

    def set(self, text: str) -> str:
        return text.ljust(self.width) if self.left else text.rjust(self.width)


def rows_of(shown: Shown) -> list[dict[str, Any]]:
    """The standings as rows: every value that a column may show, by its key."""
    return [
        {
            **shown.verdicts[one.entry].metrics,
            "entry": one.entry,
            "name": one.entry,
            "rank": one.rank,
            "rank_set": one.rank_set,
            "weighted_f1": one.weighted_f1,
            "interval": one.interval.limits,
            "subject_accuracy": one.subject_accuracy,
            "remarks": shown.remarks.get(one.entry, ()),
        }
        for one in shown.report.entries
    ]


def strips(shown: Shown) -> dict[str, Strip]:
    """The columns of the leaderboard by their keys; remarks where there are any."""
    rows = rows_of(shown)
    said = any(shown.remarks.values())
    level = level_words(shown.report.alpha)
    return {
        key: Strip(
            column.head.replace("95 %", level), tuple(map(column.words, rows)), column.left, column.spare
        )
        for key in OF_COMPARISON
        if (column := COLUMNS[key]).key != "remarks" or said
    }


def lines(shown: Shown, width: int) -> list[str]:
    """The leaderboard in characters; where `width` allows it, intervals are plotted in the rows.

    Where there is not room for both, plotted intervals come before the columns that can be spared.
    """
    every = strips(shown)
    kept = {key: strip for key, strip in every.items() if not strip.spare}
    bars = Strip("", tuple(_bars(shown.report)), left=True)
    room = width - _width([bars, *kept.values()])
    room_beside = width - _width([bars, *every.values()])
    if room_beside >= _LEAST_PLOTTED + 2 or (room < _LEAST_PLOTTED + 2 and room_beside >= 0):
        kept, room = every, room_beside
    plotted = _plotted(shown.report, min(room - 2, _MOST_PLOTTED)) if room >= _LEAST_PLOTTED + 2 else None
    chosen = [bars]
    for key, strip in kept.items():
        chosen += [plotted, strip] if key == "weighted_f1" and plotted else [strip]
    return _set(chosen)


def _width(chosen: Sequence[Strip]) -> int:
    return sum(strip.width + 2 for strip in chosen) - 2


_LEAST_PLOTTED = 17
_MOST_PLOTTED = 41


def _set(chosen: Sequence[Strip]) -> list[str]:
    heads = [column.head.split("\n") for column in chosen]
    two = [(["", *head] if len(head) == 1 else head) for head in heads]
    top = [[column.set(head[at]) for column, head in zip(chosen, two, strict=True)] for at in (0, 1)]
    rule = ["─" * column.width for column in chosen]
    count = len(chosen[0].cells)
    rows = [[column.set(column.cells[at]) for column in chosen] for at in range(count)]
    return ["  ".join(row).rstrip() for row in (*top, rule, *rows)]


def _bars(report: Report) -> list[str]:
    """For every row the bars that join entries which cannot be told apart."""
    runs = [] if report.baseline else [(start, stop - 1) for start, stop in report.groups if stop - start > 1]
    places = lanes(runs)
    rows = [[" "] * (max(places, default=-1) + 1) for _ in report.entries]
    for (first, last), lane in zip(runs, places, strict=True):
        for at in range(first, last + 1):
            rows[at][lane] = "│"
    return ["".join(row) for row in rows]


def _plotted(report: Report, room: int) -> Strip:
    """Every interval on one scale, in characters; the head says where the scale begins and ends."""
    low, high = common_span([line_of(one) for one in report.entries])

    def place(value: float) -> int:
        return min(max(round((value - low) / (high - low) * (room - 1)), 0), room - 1)

    def row(one: Standing) -> str:
        marks = [" "] * room
        limits = limits_of(one.interval)
        if limits is not None:
            first, last = map(place, limits)
            marks[first : last + 1] = "├" + "─" * (last - first - 1) + "┤" if last > first else "│"
        marks[place(one.weighted_f1)] = "●"
        return "".join(marks)

    begin, end = percent(low, 0), percent(high, 0)
    return Strip(begin + end.rjust(room - len(begin)), tuple(map(row, report.entries)), left=True)


def markdown(shown: Shown) -> str:
    """The table as Markdown, with the sentences that belong to it."""
    chosen = list(strips(shown).values())
    rows = [[strip.head.replace("\n", " ") for strip in chosen]]
    rows.append(["---" if strip.left else "---:" for strip in chosen])
    rows += [list(row) for row in zip(*(strip.cells for strip in chosen), strict=True)]
    plotted = "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)
    pairs = "\n".join(f"- {line}" for line in significant_pairs(shown.report))
    references = "\n".join(f"- {line.strip()}" for line in published(shown))
    beside = "\n".join(f"- {line}" for line in also_said(shown))
    said = (
        *equivalences(shown.report),
        references,
        reading(shown.report),
        *own_ranks(shown.report),
        *limits(shown),
        beside,
    )
    return "\n\n".join(filter(None, (about(shown.report), plotted, answer(shown.report), pairs, *said)))


def comma_separated(shown: Shown) -> str:
    """One line an entry, numbers as shares with all their digits."""
    out = io.StringIO()
    writer = csv.DictWriter(out, CSV_OF_COMPARISON, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(flat, rows_of(shown)))
    return out.getvalue()
