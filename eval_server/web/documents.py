"""What is said about phases, boards, submissions and teams: one function each, for JSON and page alike."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from eval_server.figures.columns import BESIDE, CSV_OF_BOARD, flat
from eval_server.judging.comparing import compare
from eval_server.judging.pairs import Comparison
from eval_server.judging.report import Report
from eval_server.judging.verdict import Verdict
from eval_server.service import handed_in
from eval_server.service.access import Allowance, Caller, allowance, shows_board, status_at, utc
from eval_server.service.desk import Desk
from eval_server.service.making import Board, BoardLine
from eval_server.store.records import SCORED, PhaseRecord, Submission, TokenRecord
from eval_server.web.presenting.words import unique_names
from eval_server.web.publishing import rounded
from submissions.phases import FIRST

COMPARED_BY = "weighted_f1"
"""The metric of every comparison page, whatever a board is ranked by."""
BOARD_IN_FULL = ("standings.interval", "standings.subject_accuracy", "references")
"""What a board tells in full: the interval of weighted F1, the mean over subjects, published results."""
PAIR_IN_FULL = (
    *Comparison.IN_FULL,
    *("entries.interval", "entries.subject_accuracy", "subjects.a", "subjects.b"),
)
"""What the comparison of two entries tells in full: what follows from counts by subject."""


def phases(desk: Desk, caller: Caller) -> dict[str, Any]:
    return {"phases": [phase(desk, record, caller) for record in desk.store.phases.all()]}


def phase(desk: Desk, record: PhaseRecord, caller: Caller) -> dict[str, Any]:
    """A phase's rules and where it stands by the clock."""
    rules, now = record.rules, desk.now()
    asked = desk.verdicts.truth(record.truth).phase
    return {
        "name": record.name,
        "title": rules.title or record.name,
        "status": status_at(rules, now),
        "now": utc(now),
        "opens_at": None if rules.opens_at is None else utc(rules.opens_at),
        "closes_at": None if rules.closes_at is None else utc(rules.closes_at),
        "cells": len(asked),
        "first_cells": list(asked.cells[:FIRST]),
        "cells_url": f"/api/phases/{record.name}/cells.csv",
        "cells_sha256": asked.key,
        "subjects": _subjects(desk, record),
        "member": asked.member,
        "partial": asked.partial,
        "drawn": asked.drawn,
        "metric": rules.metric,
        "represents": rules.represents,
        "visibility": rules.visibility,
        "board_visible": shows_board(caller, rules, now),
        "ladder": rules.ladder,
        "margin": rules.margin,
        "quota": {
            "per_day": rules.per_day,
            "in_all": rules.in_all,
            "unscored_per_day": rules.unscored_per_day,
        },
        "url": f"/phases/{record.name}",
    }


def _subjects(desk: Desk, record: PhaseRecord) -> int | None:
    subjects = desk.verdicts.truth(record.truth).subjects
    return None if subjects is None else len(set(subjects))


def leaderboard(desk: Desk, record: PhaseRecord, caller: Caller) -> dict[str, Any]:
    """The board as this caller may see it; hidden or anonymous from the source on. Not to be changed."""
    board = desk.boards.current(record)
    if record.rules.visibility != "public":
        return _leaderboard(desk, record, board, caller)
    if "document" not in board.told:
        board.told["document"] = _leaderboard(desk, record, board, caller)
    found: dict[str, Any] = board.told["document"]
    return found


def leaderboard_json(desk: Desk, record: PhaseRecord, caller: Caller) -> bytes:
    """The same as JSON, written once for each revision of a public board."""
    board = desk.boards.current(record)
    if record.rules.visibility != "public":
        return encoded(_leaderboard(desk, record, board, caller))
    if "json" not in board.told:
        board.told["json"] = encoded(_leaderboard(desk, record, board, caller))
    text: bytes = board.told["json"]
    return text


def encoded(document: Any) -> bytes:
    """ASCII JSON, so that no text a stranger sent can fail to be encoded; NaN is refused."""
    return json.dumps(document, allow_nan=False).encode("ascii")


def _leaderboard(desk: Desk, record: PhaseRecord, board: Board, caller: Caller) -> dict[str, Any]:
    visible = shows_board(caller, record.rules, desk.now())
    rows = board.rows if visible else ()
    document = {
        "phase": record.name,
        "metric": record.rules.metric,
        "state": board.state,
        "visible": visible,
        "groups": [list(group) for group in board.places.groups] if visible else [],
        "standings": [_standing(row, record, caller) for row in rows],
        "references": [{"entry": one.entry, "source": one.source, **one.metrics} for one in board.references],
    }
    found: dict[str, Any] = rounded(document, BOARD_IN_FULL)
    return found


def _told(document: dict[str, Any], caller: Caller, in_full: Iterable[str]) -> dict[str, Any]:
    """The document as this caller may read it: rounded for all but the host."""
    found: dict[str, Any] = document if caller.is_host else rounded(document, in_full)
    return found


def _standing(row: BoardLine, record: PhaseRecord, caller: Caller) -> dict[str, Any]:
    team, entry = _names(row, record, caller)
    metric = record.rules.metric
    return {
        "rank": row.rank,
        "rank_set": list(row.rank_set),
        "team": team,
        "entry": entry,
        "submission": row.judged.id,
        "weighted_f1": row.metrics["weighted_f1"],
        "interval": list(row.interval),
        **{key: row.metrics.get(key) for key in BESIDE},
        metric: row.metrics.get(metric),
        "submitted_at": utc(row.judged.submitted_at),
        "submissions": row.submissions,
        "remarks": remarks(row.judged.remarks, row.remarks),
    }


def _names(row: BoardLine, record: PhaseRecord, caller: Caller) -> tuple[str, str]:
    """Team and entry, or neither where the board is anonymous and they are another team's."""
    if record.rules.visibility != "anonymous" or caller.owns(row.judged.team):
        return row.judged.team, row.judged.entry
    return "anonymous", "anonymous"


def remarks(said: Sequence[str], found: Sequence[str]) -> list[str]:
    """The words that stand beside a result, each once."""
    return list(dict.fromkeys([*said, *found]))


def submission(desk: Desk, found: Submission, caller: Caller) -> dict[str, Any]:
    """A submission from arrival to verdict; who does not own it sees neither files nor manifest."""
    record = desk.store.phases.find(found.phase)
    if record is None:
        raise LookupError(found.phase)
    owned = caller.owns(found.team)
    hidden = record.rules.visibility == "anonymous" and not owned
    shown = shown_id(desk, record, found, caller)
    scored = None if shown is None else desk.store.verdicts.standing(shown, record.truth)
    return {
        "id": found.id,
        "phase": found.phase,
        "team": "anonymous" if hidden else found.team,
        "entry": "anonymous" if hidden else found.entry,
        "status": found.status,
        "submitted_at": utc(found.submitted_at),
        "decided_at": None if found.decided_at is None else utc(found.decided_at),
        "history": [
            {"status": step.status, "at": utc(step.at), "note": step.note}
            for step in desk.store.submissions.steps(found.id)
        ],
        "problems": [dict(problem) for problem in found.problems],
        "passed_over": list(found.passed_over) if owned else [],
        "trouble": found.trouble,
        "metrics": {},
        "chosen": found.chosen,
        "owned": owned,
        "size": found.size if owned else None,
        "sha256": found.archive if owned else None,
        "shown": shown,
        "has_scores": found.scores is not None,
        "manifest": json.loads(found.manifest) if owned and found.manifest else None,
        "url": f"/submissions/{found.id}",
        **({} if scored is None else _result(scored[1], found, caller)),
        **(handed_in.told(desk, record, found) if owned else handed_in.UNTOLD),
        "hints": [] if scored is None else _hints(desk, record, found, shown, scored[0], caller),
    }


def _hints(
    desk: Desk, record: PhaseRecord, found: Submission, shown: str | None, verdict: str, caller: Caller
) -> list[dict[str, Any]]:
    """Mistakes that look like a bad model, for the owner and the host of a result."""
    if not caller.owns(found.team):
        return []
    return handed_in.mistakes(desk, record, found, shown, desk.verdicts.all([verdict])[verdict], caller)


def shown_id(desk: Desk, record: PhaseRecord, found: Submission, caller: Caller) -> str | None:
    """The submission whose numbers are told: this one, or with the Ladder on the last clear improvement."""
    if found.status != SCORED:
        return None
    if not record.rules.ladder or caller.is_host:
        return found.id
    return desk.boards.current(record).shown.get(found.id)


def comparison(
    desk: Desk, record: PhaseRecord, one: Submission, other: Submission, caller: Caller
) -> dict[str, Any]:
    """Two entries side by side; the cells where they disagree are for the host alone."""
    ids = [
        desk.store.verdicts.standing(found.id, record.truth) if found.status == SCORED else None
        for found in (one, other)
    ]
    if ids[0] is None or ids[1] is None:
        raise LookupError("both submissions need a verdict")
    verdicts = desk.verdicts.all([ids[0][0], ids[1][0]])
    first, second = verdicts[ids[0][0]], verdicts[ids[1][0]]
    report = compare({one.id: first, other.id: second}, margin=record.rules.margin, stability=False)
    found = report.between(one.id, other.id).to_json()
    found["ranked_by"] = record.rules.metric
    found["p_holm"] = _holm(desk, record, one, other)
    found["significant"] = None if found["p_holm"] is None else found["p_holm"] < report.alpha
    document = {
        "phase": record.name,
        "method": report.method,
        "entries": [
            _side(desk, record, each, verdict, caller) for each, verdict in ((one, first), (other, second))
        ],
        **found,
        "subjects": _paired(first, second) if found["a"] == one.id else _paired(second, first),
        "disagreements": _disagreements(desk, record, first, second) if caller.is_host else None,
    }
    return _told(document, caller, PAIR_IN_FULL)


def _holm(desk: Desk, record: PhaseRecord, one: Submission, other: Submission) -> float | None:
    """The p adjusted over the board's pairs; None where the board tests another metric than this page."""
    if record.rules.metric != COMPARED_BY:
        return None
    return desk.boards.current(record).holm_between(one.id, other.id)


def report(
    desk: Desk, record: PhaseRecord, found: Sequence[Submission], caller: Caller
) -> tuple[Report, dict[str, str]]:
    """Several submissions compared with each other, and the submission behind each entry's name."""
    sides = [
        {"entry": entry, "team": team} for team, entry in (_shown_as(record, one, caller) for one in found)
    ]
    names = unique_names(sides)
    keys = [desk.store.verdicts.standing(one.id, record.truth) for one in found]
    verdicts = desk.verdicts.all([key[0] for key in keys if key is not None])
    entries = {name: verdicts[key[0]] for name, key in zip(names, keys, strict=True) if key is not None}
    return compare(entries), {name: one.id for name, one in zip(names, found, strict=True)}


def significance(
    desk: Desk, record: PhaseRecord, found: Sequence[Submission], caller: Caller
) -> dict[str, Any]:
    """The comparison of several entries; p is adjusted over the pairs among them."""
    made, submissions = report(desk, record, found, caller)
    return _told({**made.to_json(), "submissions": submissions}, caller, Report.IN_FULL)


def _shown_as(record: PhaseRecord, one: Submission, caller: Caller) -> tuple[str, str]:
    """Team and entry as this caller may read them."""
    if record.rules.visibility == "anonymous" and not caller.owns(one.team):
        return "anonymous", "anonymous"
    return one.team, one.entry


def _side(
    desk: Desk, record: PhaseRecord, one: Submission, verdict: Verdict, caller: Caller
) -> dict[str, Any]:
    team, entry = _shown_as(record, one, caller)
    return {
        "submission": one.id,
        "team": team,
        "entry": entry,
        "weighted_f1": verdict.weighted_f1,
        "sensitivity": verdict.metrics["sensitivity"],
        "specificity": verdict.metrics["specificity"],
        "subject_accuracy": None if verdict.summary is None else verdict.summary.mean.estimate,
        "metrics": dict(verdict.metrics),
        "interval": verdict.intervals["weighted_f1"].limits,
        "remarks": remarks(one.remarks, verdict.remarks),
    }


def _paired(a: Verdict, b: Verdict) -> list[dict[str, Any]] | None:
    """Each subject's share of right cells under either entry."""
    if a.subjects is None or b.subjects is None:
        return None
    return [
        {"subject": x.subject, "label": x.label, "cells": x.cells, "a": x.accuracy, "b": y.accuracy}
        for x, y in zip(a.subjects, b.subjects, strict=True)
    ]


def _disagreements(desk: Desk, record: PhaseRecord, one: Verdict, other: Verdict) -> list[dict[str, Any]]:
    cells = desk.verdicts.truth(record.truth).phase.cells
    return [
        {"cell": cells[at], "label": int(one.cells.labels[at]), "first": int(one.cells.called[at])}
        for at in np.flatnonzero(one.cells.called != other.cells.called).tolist()
    ]


def _result(document: Mapping[str, Any], found: Submission, caller: Caller) -> dict[str, Any]:
    """The public part of a verdict."""
    names = ("metrics", "intervals", "confusion", "subjects", "cells")
    told = _told({name: document[name] for name in names}, caller, Verdict.IN_FULL)
    return {**told, "remarks": remarks(found.remarks, document["remarks"])}


def team(desk: Desk, name: str, caller: Caller) -> dict[str, Any]:
    """A team's submissions, what is left of its quotas, and its tokens without their secrets."""
    now = desk.now()
    return {
        "team": name,
        "submissions": [brief(one) for one in desk.store.submissions.listed(team=name)],
        "quotas": {record.name: quota(desk, record, name) for record in desk.store.phases.all()},
        "tokens": [token(one, desk) for one in desk.store.tokens.listed(name)],
        "now": utc(now),
    }


def quota(desk: Desk, record: PhaseRecord, name: str) -> dict[str, Any]:
    now = desk.now()
    return allowance_json(allowance(record.rules, desk.store.arrivals.spent(record.name, name, now), now))


def allowance_json(left: Allowance) -> dict[str, Any]:
    """What a team may still hand in; null means without limit."""
    return {
        "left_today": left.left_today,
        "left": left.left,
        "unscored_left_today": left.unscored_left_today,
        "waiting": left.waiting,
        "resets_at": utc(left.resets_at),
    }


def brief(one: Submission) -> dict[str, Any]:
    """One line of a list of one's own submissions."""
    return {
        "id": one.id,
        "phase": one.phase,
        "team": one.team,
        "entry": one.entry,
        "status": one.status,
        "submitted_at": utc(one.submitted_at),
        "chosen": one.chosen,
        "problems": len(one.problems),
        "url": f"/submissions/{one.id}",
    }


def token(one: TokenRecord, desk: Desk) -> dict[str, Any]:
    return {
        "id": one.id,
        "role": one.role,
        "team": one.team,
        "note": one.note,
        "created_at": utc(one.created_at),
        "expires_at": utc(one.expires_at),
        "revoked_at": None if one.revoked_at is None else utc(one.revoked_at),
        "valid": one.valid(desk.now()),
    }


def board_lines(board: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """A leaderboard as a table of text: what CSV and Markdown hold."""
    columns = list(CSV_OF_BOARD)
    if board["metric"] not in columns:
        columns.insert(columns.index("weighted_f1"), board["metric"])
    rows = [_line(columns, one) for one in board["standings"]]
    rows += [_line(columns, {**one, "remarks": ["published"]}) for one in board["references"]]
    return columns, rows


def _line(columns: Sequence[str], one: Mapping[str, Any]) -> list[str]:
    facts = flat(one)
    return ["" if facts.get(name) is None else str(facts[name]) for name in columns]
