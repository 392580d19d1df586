"""The lines of the reader's own team above the board, in words; pure functions."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from eval_server.figures.statements import ranks as of_ranks
from eval_server.figures.wording import percent
from eval_server.web.documents.boards import LeaderboardDocument, StandingDocument
from eval_server.web.presenting.words import digits_of


@dataclass(frozen=True, slots=True)
class OwnLine:
    """A team's line among the others, in words.

    `first` is the entry that leads, where that is another one and may be compared with this.
    """

    submission: str
    entry: str
    place: str
    score: str
    first: str


def own_lines(
    board: LeaderboardDocument, team: str | None, comparable: AbstractSet[str] = frozenset()
) -> list[OwnLine]:
    """The lines of the reader's team, the best first; `comparable` are those that the reader may compare."""
    leader = board.standings[0].submission if board.standings else ""
    return [
        OwnLine(
            one.submission,
            one.entry,
            _place(one, len(board.standings)),
            metric_words_of(board, one),
            leader if leader != one.submission and {leader, one.submission} <= comparable else "",
        )
        for one in board.standings
        if team is not None and one.team == team
    ]


def metric_words_of(board: LeaderboardDocument, one: StandingDocument) -> str:
    """A line's weighted F1, or what the phase tells in its place."""
    value = one.number(board.metric) if one.weighted_f1 is None else one.weighted_f1
    return f"{percent(value, digits_of(board.feedback))} %"


def _place(one: StandingDocument, count: int) -> str:
    place = of_ranks.place(one.rank, count)
    held = one.tested_ranks
    beside = "" if held is None else of_ranks.beside_others(held, count)
    return f"{place} ({beside})" if beside else place
