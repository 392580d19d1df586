"""What is said of ranks: of rank sets, bars, the best of a board, and an entry's own place."""

from __future__ import annotations

from collections.abc import Sequence

from eval_server.figures.statements.differences import unknown
from eval_server.figures.statements.intervals import level_words
from eval_server.figures.wording import counted, listed, percent
from eval_server.figures.wording import ranks as ranks_words
from eval_server.judging.spot_check import SAID

NAMED = 4
"""Entries that a sentence names before it only counts them."""
RankSet = tuple[int, int]


def rank_sets_mean(alpha: float) -> str:
    """What a rank set is."""
    return (
        "the rank set holds the ranks an entry may have, all of them together right with a chance of at "
        f"least {100 * (1 - alpha):g} %"
    )


def how_written() -> str:
    """How a rank and its set stand on a board."""
    return "2 (1-3) means second by score, with the rank set 1 to 3."


def set_says() -> str:
    """What follows from a rank set for the others."""
    return "so many entries are proven better as ranks lie before it, so many proven worse as lie after it"


def place(rank: int, entries: int) -> str:
    """Where an entry stands by its score alone."""
    return f"rank {rank} of {counted(entries, 'entry', 'entries')}"


def ties_to_a_tenth() -> str:
    """Why several stand at one place where scores are told to a tenth of a percent."""
    return "Scores are ranked to a tenth of a percent, as the board told them: equal ones share a place."


def moved_from_seen() -> str:
    """From which places moves are counted where whoever reads it may see the public part on all cells."""
    return (
        f"Moves are counted from the places that teams saw on the public part, {SAID}. On all cells its "
        "ranks may be others."
    )


def may_hold(rank_set: RankSet, entries: int) -> str:
    """The ranks of an entry that hold for all entries together."""
    among = counted(entries, "entry", "entries")
    return f"Of {among}, it may hold any rank from {rank_set[0]} to {rank_set[1]} (all entries together)."


def own_rank(name: str, own: RankSet, among_best: int, entries: int, alpha: float) -> str:
    """What is known of one entry that somebody asked about beforehand, taken alone."""
    level = level_words(alpha)
    best = f", and is among the best {among_best}" if among_best < entries else ""
    low, high = own
    has = f"has rank {low}" if low == high else f"has one of the ranks {low} to {high}"
    return f"Taken alone, {name} {has} ({level}){best}."


def own_ranks(named: Sequence[tuple[str, RankSet, int]], alpha: float) -> str:
    """The same of several in a line, for whoever asked about one of them before looking."""
    said = ", ".join(
        f"{name} {ranks_words(own)}{f' (among the best {best})' if best < own[1] else ''}"
        for name, own, best in named
    )
    return (
        "Fewer ranks, or a place among fewer best, hold for an entry that was the one asked about beforehand "
        f"({level_words(alpha)} for it alone, not for all together): {said}."
    )


def beside_others(rank_set: RankSet, entries: int) -> str:
    """What an entry's rank set says of the others: how many are better, worse, and neither; none alone."""
    if entries < 2:
        return ""
    better, worse = entries - rank_set[1], rank_set[0] - 1
    return f"better than {better}, worse than {worse}, no difference shown to {entries - 1 - better - worse}"


def best_told(names: Sequence[str], rank_sets: Sequence[RankSet] | None) -> str:
    """What can be told of the best; `rank_sets` in order of rank, None where nothing was tested.

    Who may be the best is whom no entry beats, wherever on the board that stands.
    """
    if len(names) == 1:
        return f"{names[0]} is the only entry so far."
    if rank_sets is None:
        return f"{unknown()}."
    if rank_sets[0][1] == 1:
        return f"{names[0]} is better than every other entry, beyond what chance explains."
    top = [name for name, one in zip(names, rank_sets, strict=True) if one[0] == 1]
    if len(top) == 1:
        return f"No entry is better than {top[0]}, which is not told apart from every other one."
    if len(top) == len(names):
        return f"None of the {len(top)} entries can be told apart from the others."
    if len(top) <= NAMED:
        return f"Which of {listed(top)} is best cannot be told."
    return f"Which of {len(top)} of the {len(names)} entries is best cannot be told."


def bars_mean() -> str:
    """What a bar joins, and what its absence does not say."""
    return (
        "A bar at the left joins entries of which no two can be told apart; two without a common bar may "
        "still not be told apart: the rank sets and the map say it."
    )


def told_from_neighbours() -> str:
    """What it means that there are no bars."""
    return "Every entry can be told from its neighbours; the map says which of the others."


def bar_joins(first: str, last: str) -> str:
    """What one bar says."""
    return f"{first} to {last}: cannot be told apart"


def joined_with(others: Sequence[int]) -> str:
    """The rows that bars join a row with, for readers who hear the table; `others` count from one."""
    rows = counted(len(others), "other row")
    return f"joined by a bar with {rows}, rows {min(others)} to {max(others)}" if others else ""


def invented_bars() -> str:
    """What the bars of the help page's example say."""
    return "Nobody can tell north from east, nor east from south; north is better than south."


def stability(resamples: int, first: str, share: float) -> str:
    """How often an entry comes first when subjects are resampled, and what that is not."""
    return (
        f"Area: share of {resamples:,} resamples of the subjects; stroke: median rank. {first} is first in "
        f"{percent(share, 0)} % of them. This shows stability, not confidence."
    )


def in_resamples(name: str, rank: int, share: float) -> str:
    """What one blob of the picture of rank stability says."""
    return f"{name}: rank {rank} in {percent(share, 1)} % of resamples"


def mean_ranks(critical: float, first: str, near: Sequence[str]) -> str:
    """Which entries lie less than Nemenyi's critical difference from the first."""
    return (
        f"Ranks of per-subject accuracy; filled: less than one critical difference ({critical:.2f}) from "
        f"{first}, namely {listed(tuple(near)) or 'no other entry'}. It depends on which entries take part: "
        "a second opinion."
    )
