"""Documents as `/api` gives them, for tests of what pages make of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eval_server.web.documents.boards import LeaderboardDocument
from eval_server.web.documents.submissions import SubmissionDocument


def a_standing(rank: int, value: float, **other: Any) -> dict[str, Any]:
    """One line of a leaderboard."""
    return {
        "rank": rank,
        "rank_set": [rank, rank],
        "team": f"team {rank}",
        "entry": f"entry {rank}",
        "submission": f"id{rank}",
        "weighted_f1": value,
        "interval": [value - 0.05, value + 0.04],
        "subject_accuracy": 0.7,
        "sensitivity": 0.9,
        "specificity": 0.5 + rank / 100,
        "submitted_at": f"2026-11-{rank + 10}T12:00:00Z",
        "submissions": 1,
        "remarks": [],
        **other,
    }


def a_board(
    standings: Sequence[dict[str, Any]], groups: Sequence[tuple[int, int]] = (), **other: Any
) -> LeaderboardDocument:
    """A leaderboard."""
    facts = {
        "phase": "prelim",
        "metric": "weighted_f1",
        "state": "current",
        "visible": True,
        "groups": [list(group) for group in groups],
        "standings": list(standings),
        "references": [],
        **other,
    }
    return LeaderboardDocument.model_validate(facts)


def four(groups: Sequence[tuple[int, int]], **other: Any) -> LeaderboardDocument:
    """A board of four entries."""
    return a_board([a_standing(at + 1, 0.9 - at / 50) for at in range(4)], groups, **other)


def a_submission(**facts: Any) -> SubmissionDocument:
    """A submission of which the test says what matters to it."""
    plain = {
        **dict.fromkeys(("decided_at", "trouble", "size", "sha256", "shown", "manifest", "kind")),
        **dict.fromkeys(("set_aside", "set_aside_reason", "set_aside_at")),
        **{name: [] for name in ("history", "problems", "passed_over", "read_as", "hints")},
        **dict.fromkeys(("chosen", "owned", "has_scores", "withdrawn"), False),
        "id": "id1",
        "phase": "prelim",
        "team": "ours",
        "entry": "mine",
        "status": "scored",
        "submitted_at": "2026-11-23T12:00:00Z",
        "url": "/submissions/id1",
        "metrics": {},
    }
    return SubmissionDocument.model_validate({**plain, **facts})
