"""A comparison in words and rows: what a terminal, a Markdown page and a CSV file show of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from eval_server.figures.columns import COLUMNS, CSV_OF_COMPARISON, OF_COMPARISON, flat
from eval_server.figures.showing import limits_of, line_of
from eval_server.figures.standings import common_span, lanes
from eval_server.figures.wording import (
    counted,
    p_words,
    percent,
    signed,
    signed_interval,
)
from eval_server.judging.hints import Hint
from eval_server.judging.pairs import Comparison
from eval_server.judging.report import Report, Standing
from eval_server.judging.verdict import Verdict

MOST_PAIRS = 12
"""Significant differences that are named one by one below a table."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A published weighted F1 without predictions: shown beside the entries, never ranked or compared."""

    name: str
    weighted_f1: float
    source: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page or a terminal shows: the report, the verdicts by name, and every entry's remarks.

    `read_as` says, for entries that are tables, what was assumed about them, `hints` which mistake a result
    looks like, `notes` what holds for all of them, and `kept_out` whom shared cells kept out of training.
    """

    report: Report
    verdicts: Mapping[str, Verdict]
    remarks: Mapping[str, tuple[str, ...]]
    references: tuple[Reference, ...] = ()
    read_as: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hints: Mapping[str, tuple[Hint, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    kept_out: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)


def about(report: Report) -> str:
    """Phase and size in one line."""
    subjects = "subjects not known" if report.subjects is None else counted(report.subjects, "subject")
    return f"Phase {report.phase}: {counted(report.cells, 'cell')}, {subjects}."


def answer(report: Report) -> str:
    """How many differences are significant: the first thing that a reader should know."""
    tests = len(report.pairs)
    if not tests:
        return "One entry alone: there is nothing to compare it with."
    level = f"{100 * report.alpha:g} %"
    whose = f"with {report.baseline} " if report.baseline is not None else ""
    by_cells = f"{report.mcnemar_significant} by McNemar's test, which takes cells for independent"
    if report.subjects is None:
        return (
            "The subjects are not known, so nothing can be called significant: "
            f"{_share(report.mcnemar_significant, tests, whose).lower()} by McNemar's test after Holm, which "
            "takes cells for independent and describes these cells only."
        )
    return (
        f"{_share(report.significant, tests, whose)} significant at {level} by the exact subject-swap test "
        f"after Holm ({by_cells})."
    )


def _share(some: int, of: int, whose: str) -> str:
    """The beginning of a sentence: "6 of the 36 differences are", "The difference is not"."""
    if of == 1:
        return f"The one difference {whose}{'is' if some else 'is not'}"
    return f"{some or 'None'} of the {of:,} differences {whose}{'are' if some > 1 else 'is'}"


def reading(report: Report, *, bars: bool = False) -> str:
    """What the table shows, in a sentence or two; `bars` where its rows are joined by them."""
    if report.subjects is None:
        return (
            "Without subjects there are no intervals and no rank sets: cells of one subject are alike, and "
            "intervals that ignore it are far too short."
        )
    spread = "The interval says how far weighted F1 could lie with other subjects of the same kind"
    if len(report.entries) == 1:
        return f"{spread}."
    return (
        f"{spread}; the rank set "
        "holds the ranks an entry may have, all of them together right with a chance of at least "
        f"{100 * (1 - report.alpha):g} %. Overlapping intervals do not mean that two entries are alike: "
        "the test compares them subject by subject."
        + (
            ""
            if report.baseline or not bars
            else " Entries joined by a bar at the left cannot be told apart."
        )
    )


def limits(shown: Shown) -> tuple[str, ...]:
    """What the numbers do not say; remarks about entries come first."""
    report = shown.report
    alike: dict[tuple[str, ...], list[str]] = {}
    for name, words in shown.remarks.items():
        alike.setdefault(words, []).append(name)
    said = [
        f"{', '.join(names)}: {', '.join(words)}. Such a result is not comparable with one on the whole "
        "published data without these words."
        for words, names in alike.items()
        if words
    ]
    if report.subjects is not None:
        said.append(
            f"Intervals and tests speak about other subjects like these {report.subjects}, imaged in the "
            "same way, not about other hospitals, stains or microscopes."
        )
    said.extend(_too_few(report))
    return (
        *said,
        "One set of predictions stands for each entry: what another training seed would give is not in these "
        "intervals (harness seeds compares methods over seeds).",
        *((_NOT_EQUAL,) if report.pairs else ()),
    )


def also_said(shown: Shown) -> tuple[str, ...]:
    """What was assumed, who was kept out, and which mistake a result looks like."""
    read_as = (f"{name}: {'; '.join(words)}" for name, words in shown.read_as.items())
    notes = (f"Note: {words}." for words in (*shown.notes, *read_as))
    return (*notes, *(f"Hint: {name}: {hint}" for name, found in shown.hints.items() for hint in found))


def _too_few(report: Report) -> Iterator[str]:
    """Where even the smallest p that so few subjects allow would not survive Holm."""
    if report.subjects is not None and report.pairs:
        smallest = 2.0 ** (1 - report.subjects)
        if smallest * len(report.pairs) >= report.alpha:
            yield (
                f"With {counted(report.subjects, 'subject')} no p can fall below {smallest:.3g}, so nothing "
                f"can be significant after Holm over {counted(len(report.pairs), 'test')}, whatever the "
                "entries."
            )


_NOT_EQUAL = (
    "That two entries cannot be told apart does not show that they are equally good; --margin tests that "
    "against a margin fixed beforehand."
)


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
    return {
        key: Strip(column.head, tuple(map(column.words, rows)), column.left, column.spare)
        for key in OF_COMPARISON
        if (column := COLUMNS[key]).key != "remarks" or said
    }


def lines(shown: Shown, width: int) -> list[str]:
    """The leaderboard in characters; where `width` allows it, intervals are drawn in the rows.

    Where there is not room for both, drawn intervals come before the columns that can be spared.
    """
    every = strips(shown)
    kept = {key: strip for key, strip in every.items() if not strip.spare}
    bars = Strip("", tuple(_bars(shown.report)), left=True)
    room = width - _width([bars, *kept.values()])
    room_beside = width - _width([bars, *every.values()])
    if room_beside >= _LEAST_DRAWN + 2 or (room < _LEAST_DRAWN + 2 and room_beside >= 0):
        kept, room = every, room_beside
    drawn = _drawn(shown.report, min(room - 2, _MOST_DRAWN)) if room >= _LEAST_DRAWN + 2 else None
    chosen = [bars]
    for key, strip in kept.items():
        chosen += [drawn, strip] if key == "weighted_f1" and drawn else [strip]
    return _set(chosen)


def _width(chosen: Sequence[Strip]) -> int:
    return sum(strip.width + 2 for strip in chosen) - 2


_LEAST_DRAWN = 17
_MOST_DRAWN = 41


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


def _drawn(report: Report, room: int) -> Strip:
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


def significant_pairs(report: Report) -> list[str]:
    """The differences that can be told from chance, the largest first."""
    apart = [pair for pair in report.pairs if pair.significant]
    apart.sort(key=lambda pair: -abs(pair.difference))
    named = [_pair(pair) for pair in apart[:MOST_PAIRS]]
    left = len(apart) - len(named)
    return [*named, *([f"and {left} more (--format json lists all)"] if left else [])]


def _pair(pair: Comparison) -> str:
    better, worse = (pair.a, pair.b) if pair.difference > 0 else (pair.b, pair.a)
    limits = limits_of(pair.interval)
    if limits is not None and pair.difference < 0:
        limits = (-limits[1], -limits[0])
    points = f"{signed(abs(pair.difference))} points ({signed_interval(limits)})"
    return f"{better} is better than {worse}: {points}, Holm {p_words(pair.p_holm)}"


def published(shown: Shown) -> list[str]:
    """The published results below a table, with the words that keep them apart."""
    if not shown.references:
        return []
    rows = [f"  {percent(one.weighted_f1)}  {one.name} ({one.source})" for one in shown.references]
    return ["Published weighted F1, %: no predictions, so not compared.", *rows]


def equivalences(report: Report) -> list[str]:
    """What the margin fixed beforehand says, pair by pair; nothing without a margin."""
    if report.margin is None or not report.pairs:
        return []
    within = [pair for pair in report.pairs if pair.equivalence is not None and pair.equivalence.equivalent]
    level = f"{100 * (1 - 2 * report.alpha):g} % interval"
    named = ", ".join(f"{pair.a} and {pair.b}" for pair in within[:MOST_PAIRS])
    share = f"{len(within)} of {counted(len(report.pairs), 'pair')}"
    return [f"Equivalent within {report.margin:g} ({level}): {share}{': ' if within else ''}{named}."]


def markdown(shown: Shown) -> str:
    """The table as Markdown, with the sentences that belong to it."""
    chosen = list(strips(shown).values())
    rows = [[strip.head.replace("\n", " ") for strip in chosen]]
    rows.append(["---" if strip.left else "---:" for strip in chosen])
    rows += [list(row) for row in zip(*(strip.cells for strip in chosen), strict=True)]
    drawn = "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)
    pairs = "\n".join(f"- {line}" for line in significant_pairs(shown.report))
    references = "\n".join(f"- {line.strip()}" for line in published(shown))
    beside = "\n".join(f"- {line}" for line in also_said(shown))
    said = (*equivalences(shown.report), references, reading(shown.report), *limits(shown), beside)
    return "\n\n".join(filter(None, (about(shown.report), drawn, answer(shown.report), pairs, *said)))


def comma_separated(shown: Shown) -> str:
    """One line an entry, numbers as shares with all their digits."""
    out = io.StringIO()
    writer = csv.DictWriter(out, CSV_OF_COMPARISON, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(flat, rows_of(shown)))
    return out.getvalue()
