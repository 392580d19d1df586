"""The table that grades are made from: a line for each team, and what each column of it holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from eval_server.judging.division import TruthPart
from eval_server.judging.spot_check import SAID
from eval_server.service.access import utc
from eval_server.service.making import BoardLine
from eval_server.store.records import DISQUALIFIED, HIDDEN, SCORED, WITHDRAWN
from eval_server.web.documents.boards import StandingDocument
from eval_server.web.exporting.course import PartExport, PhaseExport
from eval_server.web.exporting.tables import table_of

ASIDE = (WITHDRAWN, HIDDEN, DISQUALIFIED)
"""What keeps a submission off the board."""


@dataclass(frozen=True, slots=True)
class TeamColumn:
    """A column of the table, and what it holds."""

    name: str
    holds: str


def teams_table(phase: PhaseExport) -> str:
    """A line for each that stands on the board that decides, by its place, then the teams that do not."""
    facts = [_standing_facts(phase, one) for one in phase.decides.board.standings]
    there = {one["team"] for one in facts}
    facts += [
        {"team": team, "state": _why_not(phase, team), **_counts(phase, team)}
        for team in phase.teams
        if team not in there
    ]
    return table_of([one.name for one in columns_of(phase)], facts)


def columns_of(phase: PhaseExport) -> list[TeamColumn]:
    """The columns of a phase's table, in their order."""
    return [
        TeamColumn("place", f"its place{_of(phase.decides)}, by which the table is ordered"),
        TeamColumn("rank_low", "first place of its rank set"),
        TeamColumn("rank_high", "last place of its rank set"),
        TeamColumn("team", "who handed in"),
        TeamColumn("entry", "the name of the submission that stands"),
        TeamColumn("submission", "the submission that stands: every score of the row is its own"),
        *(one for part in phase.parts for one in _score_columns(part)),
        *(one for part in phase.parts if part.part is TruthPart.PUBLIC for one in _shown_columns(part)),
        TeamColumn("state", "stands, or what keeps the team off the board"),
        TeamColumn("scored", "its scored submissions"),
        TeamColumn("handed_in", "all that it handed in, refused files too"),
        *(TeamColumn(word, f"of these, so many {word}") for word in ASIDE),
        TeamColumn("first_submission", "when it first handed in"),
        TeamColumn("last_submission", "when it last did"),
    ]


def _of(part: PartExport) -> str:
    return f" on the {part.part} part" if part.ending else ""


def _end(part: PartExport) -> str:
    return part.ending.replace("-", "_")


def _score_columns(part: PartExport) -> Iterator[TeamColumn]:
    """The scores on one part, on all of its cells."""
    end, where = _end(part), f"{_of(part)}, all cells"
    yield TeamColumn(f"weighted_f1{end}", f"its weighted F1{where}")
    yield TeamColumn(f"low{end}", "its lower limit, 95 % interval")
    yield TeamColumn(f"high{end}", "its upper limit, 95 % interval")
    for name in _ranked_by(part):
        yield TeamColumn(f"{name}{end}", f"its {name}{where}, by which the board orders")


def _shown_columns(part: PartExport) -> Iterator[TeamColumn]:
    """What teams were shown of a part: it may be of another submission, and of a sample of the cells."""
    beside = f"{part.part}_shown"
    yield TeamColumn(f"{beside}_place", f"the place of its line on the {part.part} board as teams saw it")
    yield TeamColumn(f"{beside}_{part.board.metric}", f"the {part.board.metric} told there{_measured(part)}")
    yield TeamColumn(f"{beside}_entry", "the entry that stood there")
    yield TeamColumn(f"{beside}_submission", "the submission that stood there, which may be another one")
    yield TeamColumn("moved", f"places up from {beside}_place to place")


def _measured(part: PartExport) -> str:
    return f", {SAID}" if part.told.spot_checked else ""


def _ranked_by(part: PartExport) -> tuple[str, ...]:
    return () if part.board.metric == "weighted_f1" else (part.board.metric,)


def _why_not(phase: PhaseExport, team: str) -> str:
    """Why a team has no line: it handed in nothing, nothing was scored, or what was done to what was."""
    own = [one for one in phase.submissions if one.team == team]
    if not own:
        return "handed in nothing"
    done = {one.set_aside for one in own if one.status == SCORED}
    named = [word for word in ASIDE if word in done]
    return ", ".join(named) if named and None not in done else "nothing scored"


def _standing_facts(phase: PhaseExport, one: StandingDocument) -> dict[str, Any]:
    low, high = one.tested_ranks or (None, None)
    found: dict[str, Any] = {
        "place": one.rank,
        "rank_low": low,
        "rank_high": high,
        "team": one.team,
        "entry": one.entry,
        "submission": one.submission,
        "state": "stands",
        **_counts(phase, one.team),
    }
    for part in phase.parts:
        found |= _scores(part, one.submission)
        found |= _as_shown(part, one, _line_of(phase, part.shown, one))
    return found


def _scores(part: PartExport, submission: str) -> dict[str, Any]:
    """What a submission is worth on all cells of a part, whether or not it stands on that board."""
    verdict = part.worth.get(submission)
    if verdict is None:
        return {}
    interval, end = verdict.intervals.get("weighted_f1"), _end(part)
    limits = (None, None) if interval is None else (interval.low, interval.high)
    found = {f"{name}{end}": verdict.metrics.get(name) for name in ("weighted_f1", *_ranked_by(part))}
    return found | {f"low{end}": limits[0], f"high{end}": limits[1]}


def _line_of(phase: PhaseExport, shown: Sequence[BoardLine], one: StandingDocument) -> BoardLine | None:
    """The line that teams were shown of the same team, or of the same entry where each has its own."""
    every = phase.decides.told.represents == "every"
    own = (line for line in shown if line.judged.team == one.team)
    return next((line for line in own if not every or line.judged.entry == one.entry), None)


def _as_shown(part: PartExport, one: StandingDocument, line: BoardLine | None) -> dict[str, Any]:
    if line is None:
        return {}
    beside, metric = f"{part.part}_shown", part.board.metric
    return {
        f"{beside}_place": line.rank,
        f"{beside}_{metric}": line.metrics.get(metric),
        f"{beside}_entry": line.judged.entry,
        f"{beside}_submission": line.judged.id,
        "moved": line.rank - one.rank,
    }


def _counts(phase: PhaseExport, team: str) -> dict[str, Any]:
    own = [one for one in phase.submissions if one.team == team]
    return {
        "scored": sum(one.status == SCORED for one in own),
        "handed_in": len(own),
        **{word: sum(one.set_aside == word for one in own) for word in ASIDE},
        "first_submission": utc(own[0].submitted_at) if own else "",
        "last_submission": utc(own[-1].submitted_at) if own else "",
    }
