"""Who is told how much of a result: the one way to a verdict for whatever leaves the server.

Pages, documents, pictures and files ask here, by submission, pair or board; what they get holds no more
than the phase's rules, the clock and who asks allow (`eval_server.judging.feedback`). Nothing in
`eval_server/web` reaches a verdict or a board in another way; `tests/contracts/test_sight.py` looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from eval_server.judging.division import TruthPart
from eval_server.judging.feedback import DIGITS, Level, Sight, Told, limits_shown, metrics_shown, shown
from eval_server.judging.placing import Places
from eval_server.judging.verdict import Verdict
from eval_server.scoring.foresight import Power
from eval_server.service.access import Caller, shows_board, status_at
from eval_server.service.desk import Desk
from eval_server.service.making import Board, BoardLine, on_samples
from eval_server.store.records import (
    SCORED,
    PhaseRecord,
    PublishedResult,
    Rules,
    ScoredSubmission,
    Submission,
)


def level_of(rules: Rules, caller: Caller, team: str, now: datetime) -> Level:
    """How much this caller is told of a team's results now.

    What is withheld until the end is a summary then; a host who wants to tell more changes the rule.
    """
    if caller.is_host:
        return Level.HOST
    own = Level.named(rules.feedback)
    if own is Level.NONE and status_at(rules, now) == "closed":
        own = Level.SUMMARY
    return own if caller.owns(team) else min(own, Level.named(rules.others))


def sight_of(desk: Desk, record: PhaseRecord, caller: Caller, team: str) -> Sight:
    return Sight(level_of(record.rules, caller, team, desk.now()), record.rules.metric)


def is_spot_checked(record: PhaseRecord, caller: Caller, now: datetime) -> bool:
    """Whether this caller is told numbers of a sample of the cells: below full feedback, until the end.

    The public part stays as it stood then.
    """
    asked = record.part is TruthPart.PUBLIC or status_at(record.rules, now) != "closed"
    return asked and on_samples(record.rules) and not caller.is_host


def board_of(desk: Desk, record: PhaseRecord, caller: Caller) -> Board:
    """The board from which this caller is told; one that was made by other rules tells nothing."""
    board = desk.boards.current(record)
    if caller.is_host or not is_spot_checked(record, caller, desk.now()):
        return board
    nothing = replace(board, rows=(), places=Places(), late=True, power=None, told={})
    return board.spot_checked or nothing


def shown_id(desk: Desk, record: PhaseRecord, found: Submission, caller: Caller) -> str | None:
    """The submission whose numbers are told: this one, or with the Ladder on the last clear improvement."""
    if found.status != SCORED or level_of(record.rules, caller, found.team, desk.now()) is Level.NONE:
        return None
    if not record.rules.ladder or caller.is_host:
        return found.id
    return board_of(desk, record, caller).shown.get(found.id)


def seen(desk: Desk, record: PhaseRecord, found: Submission, caller: Caller) -> Told | None:
    """What this caller may know of a submission's result; None where nothing is told, or not yet."""
    submission = shown_id(desk, record, found, caller)
    scored = None if submission is None else desk.verdicts.standing(record, submission)
    if scored is None:
        return None
    sight = sight_of(desk, record, caller, found.team)
    if not is_spot_checked(record, caller, desk.now()):
        return shown(desk.verdicts.all([scored[0]])[scored[0]], scored[1], sight)
    verdict = desk.verdicts.spot_checked(record, [scored[0]])[scored[0]]
    return shown(verdict, verdict.to_json(), sight)


def measured(
    desk: Desk, record: PhaseRecord, found: Sequence[Submission], caller: Caller
) -> dict[str, Verdict]:
    """The verdicts from which these submissions are compared for this caller, by submission."""
    keys = {one.id: desk.verdicts.standing(record, one.id) for one in found}
    ids = {one: key[0] for one, key in keys.items() if key is not None}
    spot = is_spot_checked(record, caller, desk.now())
    wanted = list(ids.values())
    verdicts = desk.verdicts.spot_checked(record, wanted) if spot else desk.verdicts.all(wanted)
    return {one: verdicts[key] for one, key in ids.items()}


def level_of_all(
    desk: Desk, record: PhaseRecord, found: Sequence[Submission | ScoredSubmission], caller: Caller
) -> Level:
    """How much is told of several submissions beside each other: as much as of the one told least of."""
    return min(level_of(record.rules, caller, one.team, desk.now()) for one in found)


def may_compare(
    desk: Desk, record: PhaseRecord, found: Sequence[Submission | ScoredSubmission], caller: Caller
) -> bool:
    """Whether this caller is told how these submissions differ: scores alone are not compared."""
    return level_of_all(desk, record, found, caller) >= Level.SUMMARY


def comparable(desk: Desk, record: PhaseRecord, caller: Caller) -> frozenset[str]:
    """The lines of a board that this caller may compare with each other; none where they are fewer than two.

    A page leads to a comparison of these and of no others.
    """
    if not shows_board(caller, record.rules, desk.now()):
        return frozenset()
    rows = [row.judged for row in board_of(desk, record, caller).rows]
    found = frozenset(one.id for one in rows if may_compare(desk, record, (one,), caller))
    return found if len(found) > 1 else frozenset()


@dataclass(frozen=True, slots=True)
class SeenBoard:
    """A leaderboard as one caller may know it; below a summary without groups and rank sets."""

    phase: PhaseRecord
    level: Level
    """How much is told of teams that are not the caller's."""
    on_samples: bool
    state: str
    visible: bool
    lines: tuple[BoardLine, ...]
    compared: bool
    groups: tuple[tuple[int, int], ...]
    power: Power | None
    references: tuple[PublishedResult, ...]
    told: dict[str, Any]
    """What was made of it already, by kind and kind of reader."""


def seen_board(desk: Desk, record: PhaseRecord, caller: Caller) -> SeenBoard:
    """The leaderboard as this caller may know it."""
    board, now = board_of(desk, record, caller), desk.now()
    visible = shows_board(caller, record.rules, now)
    lines = tuple(_line(desk, record, row, caller) for row in board.rows) if visible else ()
    level = _least(record.rules, caller, now)
    tested = visible and level >= Level.SUMMARY
    return SeenBoard(
        record,
        level,
        is_spot_checked(record, caller, now),
        board.state,
        visible,
        lines,
        tested and board.tested,
        board.places.groups if tested else (),
        _power(board.power, level) if tested else None,
        board.references,
        board.told,
    )


def _power(found: Power | None, level: Level) -> Power | None:
    """What a comparison can find; in a summary to a tenth of a percent, as any number."""
    if found is None or level >= Level.FULL:
        return found
    return replace(found, findable=round(found.findable, DIGITS))


def kept_beside(desk: Desk, record: PhaseRecord, caller: Caller) -> dict[str, Any]:
    """What was made already of the board that this caller is told from, by kind and `reader`."""
    return board_of(desk, record, caller).told


def reader(desk: Desk, record: PhaseRecord, caller: Caller) -> str | None:
    """What is the same for all readers of a board that share this key; None where each has their own.

    The words change with the level, and with the phase's end.
    """
    rules, now = record.rules, desk.now()
    if rules.visibility != "public":
        return None
    levels = [level_of(rules, caller, team, now) for team in (caller.team or "", "")]
    own = caller.team if not caller.is_host and levels[0] != levels[1] else ""
    least = _least(rules, caller, now)
    return f"{least.name} {is_spot_checked(record, caller, now)} {own}"


def _least(rules: Rules, caller: Caller, now: datetime) -> Level:
    """How much this caller is told of teams that are not theirs."""
    return level_of(rules, caller, "", now)


def _line(desk: Desk, record: PhaseRecord, row: BoardLine, caller: Caller) -> BoardLine:
    """A line of a board with as much as this caller may know of its team."""
    sight = sight_of(desk, record, caller, row.judged.team)
    if sight.level >= Level.FULL:
        return row
    known = sight.level >= Level.SUMMARY
    return replace(
        row,
        judged=replace(row.judged, value=None),
        metrics=metrics_shown(row.metrics, sight),
        interval=limits_shown(row.interval, sight.level),
        rank_set=row.rank_set if known else None,
        own_rank=row.own_rank if known else None,
    )
