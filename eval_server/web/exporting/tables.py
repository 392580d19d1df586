"""The tables of a course for spreadsheets: teams, boards, comparisons and uploads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eval_server.judging.division import TruthPart
from eval_server.service.access import utc
from eval_server.store.records import DISQUALIFIED, HIDDEN, SCORED, WITHDRAWN
from eval_server.web.documents.boards import StandingDocument, board_lines
from eval_server.web.documents.spreadsheets import csv_text
from eval_server.web.exporting.course import PartExport, PhaseExport, teams_of

Facts = Mapping[str, Any]
ASIDE = (WITHDRAWN, HIDDEN, DISQUALIFIED)
"""What keeps a submission off the board."""


def teams_table(phase: PhaseExport) -> str:
    """A line for each that stands on the board that decides, by its place, then the teams that do not."""
    facts = [_standing_facts(phase, one) for one in phase.decides.board.standings]
    there = {one["team"] for one in facts}
    facts += [
        {"team": team, "state": _why_not(phase, team), **_counts(phase, team)}
        for team in teams_of(phase)
        if team not in there
    ]
    return _table(_columns(phase), facts)


def _columns(phase: PhaseExport) -> list[str]:
    moves = ["public_place", "moved"] if phase.decides.part is TruthPart.PRIVATE else []
    scores = [
        f"{name}{part.ending.replace('-', '_')}"
        for part in phase.parts
        for name in ("weighted_f1", "low", "high", *_ranked_by(part))
    ]
    counts = ["state", "scored", "handed_in", *ASIDE, "first_submission", "last_submission"]
    return ["place", *moves, "rank_low", "rank_high", "team", "entry", "submission", *scores, *counts]


def _why_not(phase: PhaseExport, team: str) -> str:
    """Why a team has no line: what was done to its submissions, or that none of them was scored."""
    done = {one.set_aside for one in phase.submissions if one.team == team and one.status == SCORED}
    named = [word for word in ASIDE if word in done]
    return ", ".join(named) if named and None not in done else "nothing scored"


def _ranked_by(part: PartExport) -> tuple[str, ...]:
    return () if part.board.metric == "weighted_f1" else (part.board.metric,)


def _standing_facts(phase: PhaseExport, one: StandingDocument) -> dict[str, Any]:
    low, high = one.rank_set if one.compared else (None, None)
    found: dict[str, Any] = {
        "place": one.rank,
        "public_place": one.public_rank,
        "moved": one.moved,
        "rank_low": low,
        "rank_high": high,
        "team": one.team,
        "entry": one.entry,
        "submission": one.submission,
        "state": "stands",
        **_counts(phase, one.team),
    }
    for part in phase.parts:
        found |= _scores(part, _line_of(part, one, phase))
    return found


def _line_of(part: PartExport, one: StandingDocument, phase: PhaseExport) -> StandingDocument | None:
    """The line of the same team, or of the same entry where each has its own, on the board of a part."""
    every = phase.decides.told.represents == "every"
    lines = part.board.standings
    return next(
        (line for line in lines if line.team == one.team and (not every or line.entry == one.entry)),
        None,
    )


def _scores(part: PartExport, line: StandingDocument | None) -> dict[str, Any]:
    if line is None:
        return {}
    end = part.ending.replace("-", "_")
    found = {
        f"weighted_f1{end}": line.weighted_f1,
        f"low{end}": line.interval[0],
        f"high{end}": line.interval[1],
    }
    return found | {f"{name}{end}": line.number(name) for name in _ranked_by(part)}


def _counts(phase: PhaseExport, team: str) -> dict[str, Any]:
    own = [one for one in phase.submissions if one.team == team]
    return {
        "scored": sum(one.status == SCORED for one in own),
        "handed_in": len(own),
        **{word: sum(one.set_aside == word for one in own) for word in ASIDE},
        "first_submission": utc(own[0].submitted_at) if own else "",
        "last_submission": utc(own[-1].submitted_at) if own else "",
    }


def board_table(part: PartExport) -> str:
    """The board as the server's own CSV has it."""
    return csv_text(*board_lines(part.board))


def comparisons_table(part: PartExport) -> str:
    """Every pair of entries on a board: the difference, its interval and the exact test."""
    columns = ["a", "b", "submission_a", "submission_b", "difference", "low", "high", "p", "p_holm"]
    pairs = () if part.report is None else part.report.pairs
    facts = [
        {
            "a": one.a,
            "b": one.b,
            "submission_a": part.ids[one.a],
            "submission_b": part.ids[one.b],
            "difference": one.difference,
            "low": one.interval.low,
            "high": one.interval.high,
            "p": one.p,
            "p_holm": one.p_holm,
            "significant": "yes" if one.significant else "no",
        }
        for one in pairs
    ]
    return _table([*columns, "significant"], facts)


def uploads_table(phase: PhaseExport, files: Mapping[str, str]) -> str:
    """Everything that was handed in, with the file that holds it; `files` are by submission."""
    facts = [
        {
            "file": files.get(one.id, "lost"),
            "team": one.team,
            "entry": one.entry,
            "submission": one.id,
            "status": one.status,
            "state": one.set_aside or "",
            "reason": one.bar_reason or "",
            "chosen": "yes" if one.chosen else "",
            "submitted_at": utc(one.submitted_at),
            "bytes": one.size,
            "remarks": "; ".join(one.remarks),
        }
        for one in phase.submissions
    ]
    what = ["file", "team", "entry", "submission", "status", "state", "reason", "chosen"]
    return _table([*what, "submitted_at", "bytes", "remarks"], facts)


def _table(columns: Sequence[str], facts: Sequence[Facts]) -> str:
    rows = [["" if one.get(name) is None else str(one[name]) for name in columns] for one in facts]
    return csv_text(columns, rows)
