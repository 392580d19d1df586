"""The leaderboard as its page shows it: rows, bars, sorting, what can be told; pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from eval_server.figures import rows
from eval_server.figures.columns import ASCENDING, BESIDE, COLUMNS, DESCENDING, OF_BOARD
from eval_server.figures.sheet import span
from eval_server.figures.standings import lanes
from eval_server.figures.statements import ranks as of_ranks
from eval_server.figures.statements.intervals import can_find, overlap_says_nothing
from eval_server.figures.wording import (
    capital,
    interval_words,
    metric_name,
    metric_words,
    percent,
    ranks,
)
from eval_server.judging.division import TruthPart
from eval_server.judging.placing import ALPHA
from eval_server.judging.spot_check import SAID
from eval_server.scoring.counts import settled
from eval_server.scoring.measures import Unit, measure
from eval_server.service.naming import unique_names
from eval_server.web.documents.boards import LeaderboardDocument, ReferenceDocument, StandingDocument
from eval_server.web.presenting.parts import moved_words
from eval_server.web.presenting.words import digits_of, known_interval
from submissions.classes import CNMC, ClassNames

MOST_LANES = 6
"""Bars that stand side by side at most; further overlapping ones are said by the rank sets alone."""


MANY = 8
"""Rows from which on a board has a field to look for a name."""


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column: what it is called, where it leads, how it is sorted now.

    A `measure` is one of the numbers that a telephone shows under the row.
    """

    key: str
    css: str
    head: str
    first: str
    measure: bool = False
    address: str = ""
    sorted: str = ""

    @property
    def number(self) -> bool:
        return self.measure or self.css == "count"


HEADS = tuple(
    Head(key, COLUMNS[key].css, COLUMNS[key].title, COLUMNS[key].first, key in BESIDE) for key in OF_BOARD
)


@dataclass(frozen=True, slots=True)
class MeasureCell:
    """One number of a row beside the headline."""

    css: str
    head: str
    value: float | None
    words: str


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One line of the leaderboard; `bars` are (lane, part) of the bars that pass through it."""

    submission: str
    rank: int
    ranks: str
    apart: str
    entry: str
    team: str
    weighted_f1: float | None
    interval: str
    mark: str
    measures: tuple[MeasureCell, ...]
    submitted_at: str
    submissions: int
    remarks: tuple[str, ...]
    moved: str = ""
    public_rank: int | None = None
    bars: tuple[tuple[int, str], ...] = ()
    bars_below: tuple[tuple[int, str], ...] = ()
    joined: str = ""
    """Which rows they join it with, for readers who hear the table."""
    comparable: bool = False
    """Whether the reader may compare it with other rows that are so."""


@dataclass(frozen=True, slots=True)
class ReferenceRow:
    """A published result below the line."""

    entry: str
    source: str
    weighted_f1: float | None
    mark: str


@dataclass(frozen=True, slots=True)
class BoardSearch:
    """What is looked for on a board of many rows, and the order that stays while it is."""

    named: str
    sort: str
    order: str
    rows: int


@dataclass(frozen=True, slots=True)
class BoardView:
    """A leaderboard as its page shows it."""

    told: str
    ranked_by: str
    columns: tuple[Head, ...]
    axis: str
    rows: tuple[BoardRow, ...]
    references: tuple[ReferenceRow, ...]
    bars: bool
    lanes: int
    measures: int
    footnote: str
    finding: BoardSearch | None = None
    digits: int = 2
    intervals: bool = True
    withheld: str = ""

    @property
    def compares(self) -> bool:
        """Whether there are rows to select and compare."""
        return sum(row.comparable for row in self.rows) > 1


def sortable(sort: str, order: str) -> bool:
    """Whether this is one of the few orders that the heads lead to."""
    return sort in [head.css for head in HEADS] and order in ("", "asc", "desc")


def board_view(
    board: LeaderboardDocument,
    sort: str = "rank",
    order: str = "",
    named: str = "",
    part: str = "",
    classes: ClassNames = CNMC,
    comparable: AbstractSet[str] = frozenset(),
) -> BoardView:
    """The leaderboard's document as a page shows it, sorted by a column; an unknown one means the rank.

    With `named`, the rows alone whose entry or team has that in its name; `part` is what addresses ask for.
    `comparable` are the submissions that the reader may compare with each other.
    """
    standings, references = board.standings, board.references
    kept = {key: value for key, value in (("q", named), ("part", part)) if value}
    columns = [replace(one, head=classes.said(one.head)) for one in _columns(board, sort, order, kept)]
    current = next(column for column in columns if column.sorted)
    scale = _scale(standings, references)
    groups = [(start, stop) for start, stop in board.groups if stop - start > 1]
    bars, width = _bars(groups, len(standings))
    ranked = current.key == "rank" and current.sorted == "ascending"
    digits = digits_of(board.feedback)
    shown = [
        _said(_row(one, columns, scale, bars[at], _joined(groups, at), len(standings), digits), classes)
        for at, one in enumerate(standings)
    ]
    ordered = shown if ranked else _sorted(shown, standings, current)
    found = [_offered(row, comparable) for row in ordered if _is_named(row, named)]
    return BoardView(
        told(standings, board.feedback),
        "" if board.metric == "weighted_f1" else classes.said(metric_name(board.metric)),
        tuple(columns),
        rows.axis(scale) if standings or references else "",
        tuple(found),
        tuple(_reference(one, scale) for one in references),
        ranked and bool(groups) and not named,
        max(width, 1),
        sum(column.measure for column in columns),
        _footnote(standings) + _findable(board),
        BoardSearch(named, current.css, order, len(standings)) if named or len(standings) >= MANY else None,
        digits_of(board.feedback),
        board.feedback != "score",
        _withheld(board),
    )


def _offered(row: BoardRow, comparable: AbstractSet[str]) -> BoardRow:
    return replace(row, comparable=row.submission in comparable)


def _withheld(board: LeaderboardDocument) -> str:
    """How what is shown was measured, where it is not on all cells; empty at full feedback."""
    if not board.visible or not board.spot_checked:
        return ""
    now = f"Each number is {SAID}, others for each submission"
    if board.part == TruthPart.PUBLIC:
        return f"{now}; in the end all cells of the private part decide."
    return f"{now}; once the phase has closed all cells count."


def _is_named(row: BoardRow, named: str) -> bool:
    """Whether a row's entry or team has this in its name, whichever case it is written in."""
    return any(named.casefold() in name.casefold() for name in (row.entry, row.team))


def _columns(board: LeaderboardDocument, sort: str, order: str, kept: Mapping[str, str]) -> tuple[Head, ...]:
    """The heads; where the phase ranks by another metric than weighted F1, it has a column of its own.

    A measure that is told of no entry has none.
    """
    found = [head for head in HEADS if not head.measure or _has_any(board, head.key)]
    metric = board.metric
    if metric not in COLUMNS:
        found.insert(4, Head(metric, "metric", measure(metric).head, DESCENDING, measure=True))
    css = sort if sort in [head.css for head in found] else "rank"
    return tuple(_headed(head, css, order, kept) for head in found)


def _has_any(board: LeaderboardDocument, key: str) -> bool:
    """Whether a number is there for some line; it may come as long as there is no line."""
    return not board.standings or any(one.number(key) is not None for one in board.standings)


def _headed(head: Head, css: str, order: str, kept: Mapping[str, str]) -> Head:
    now = {"asc": ASCENDING, "desc": DESCENDING}.get(order, head.first) if head.css == css else ""
    turned = {ASCENDING: DESCENDING, DESCENDING: ASCENDING}.get(now, head.first)
    asked = {"sort": head.css, "order": turned.removesuffix("ending"), **kept}
    return replace(head, address=f"?{urlencode(asked)}", sorted=now)


def _scale(
    standings: Sequence[StandingDocument], references: Sequence[ReferenceDocument]
) -> tuple[float, float]:
    """One scale for the table, round numbers at both ends where there is room."""
    ends = [end for one in standings for end in (one.weighted_f1, *one.interval)]
    known = [end for end in (*ends, *(one.weighted_f1 for one in references)) if end is not None]
    return span(known, margin=0.03, within=(0, 1)) if known else (0.0, 1.0)


def _bars(groups: Sequence[tuple[int, int]], count: int) -> tuple[list[tuple[tuple[int, str], ...]], int]:
    """For every row the bars that pass through it, each in its lane, and how many lanes there are."""
    found: list[list[tuple[int, str]]] = [[] for _ in range(count)]
    columns = lanes([(start, stop - 1) for start, stop in groups])
    for (start, stop), lane in zip(groups, columns, strict=True):
        if lane >= MOST_LANES:
            continue
        for at in range(start, stop):
            found[at].append((lane, "start" if at == start else "end" if at == stop - 1 else "middle"))
    return [tuple(row) for row in found], min(max(columns, default=-1) + 1, MOST_LANES)


def _joined(groups: Sequence[tuple[int, int]], at: int) -> str:
    """Which rows a row is joined with, for readers who hear the table."""
    near = {other for start, stop in groups if start <= at < stop for other in range(start, stop)} - {at}
    return of_ranks.joined_with([other + 1 for other in near])


def _row(
    one: StandingDocument,
    columns: Sequence[Head],
    scale: tuple[float, float],
    bars: tuple[tuple[int, str], ...],
    joined: str,
    count: int,
    digits: int,
) -> BoardRow:
    interval, held = known_interval(one.interval), one.tested_ranks
    shown = [(head, one.number(head.key)) for head in columns if head.measure]
    measures = [
        MeasureCell(head.css, measure(head.key).head, value, _short(head.key, value)) for head, value in shown
    ]
    return BoardRow(
        one.submission,
        one.rank,
        "" if held is None else ranks(held),
        "" if held is None else of_ranks.beside_others(held, count),
        one.entry,
        one.team,
        one.weighted_f1,
        interval_words(interval, digits),
        "" if one.weighted_f1 is None else rows.mark(one.weighted_f1, interval, scale),
        tuple(measures),
        one.submitted_at,
        one.submissions,
        tuple(remark for remark in one.remarks if remark != SAID),
        moved_words(one.moved),
        one.public_rank,
        bars,
        tuple((lane, "end" if part == "end" else "middle") for lane, part in bars),
        joined,
    )


def _said(row: BoardRow, classes: ClassNames) -> BoardRow:
    """A row whose numbers are called by the names of the classes."""
    measures = (replace(one, head=classes.said(one.head)) for one in row.measures)
    return replace(row, measures=tuple(measures)) if classes.own else row


def _short(key: str, value: float | None) -> str:
    """A number as a crowded table has it: percentages with one digit."""
    return percent(value, 1) if measure(key).unit is Unit.PERCENT else metric_words(key, value)


def _sorted(shown: Sequence[BoardRow], standings: Sequence[StandingDocument], column: Head) -> list[BoardRow]:
    """Rows by one column, what is absent last, ties in the board's order; the bars make no sense then."""
    values = _even([getattr(one, column.key, None) for one in standings])
    known = [at for at, value in enumerate(values) if value is not None]
    known.sort(key=lambda at: _sortable(values[at]), reverse=column.sorted == "descending")
    order = known + [at for at, value in enumerate(values) if value is None]
    return [shown[at] for at in order]


def _even(values: Sequence[Any]) -> list[Any]:
    """Numbers that differ in their last digits made equal, so that ties keep the board's order."""
    at = [place for place, value in enumerate(values) if isinstance(value, float)]
    numbers = dict(zip(at, settled([values[place] for place in at]).tolist(), strict=True))
    return [numbers.get(place, value) for place, value in enumerate(values)]


def _sortable(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _reference(one: ReferenceDocument, scale: tuple[float, float]) -> ReferenceRow:
    value = one.weighted_f1
    mark = "" if value is None else rows.mark(value, None, scale)
    return ReferenceRow(one.entry, one.source, value, mark)


def told(standings: Sequence[StandingDocument], feedback: str = "full") -> str:
    """The sentence above the leaderboard: what can and what cannot be told about the best."""
    if not standings:
        return "No entry has been ranked yet; published results stand below for orientation."
    if feedback == "score" and len(standings) > 1:
        return "This board tells scores alone."
    names = unique_names([(one.entry, one.team) for one in standings])
    held = [one.tested_ranks for one in standings]
    return of_ranks.best_told(names, [one for one in held if one is not None] if all(held) else None)


def _findable(board: LeaderboardDocument) -> str:
    """What these subjects can show at all; empty where nobody knows, or the board ranks by another metric."""
    if board.findable is None or board.subjects is None or board.metric != "weighted_f1":
        return ""
    return f" {can_find(board.findable, board.subjects)}"


def _footnote(standings: Sequence[StandingDocument]) -> str:
    if not standings or not standings[0].compared:
        return ""
    sets = capital(of_ranks.rank_sets_mean(ALPHA))
    return f"{of_ranks.how_written()} {sets}. {overlap_says_nothing()}"
