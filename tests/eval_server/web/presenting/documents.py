"""Leaderboard documents as `/api` gives them, for tests of what pages make of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


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
) -> dict[str, Any]:
    """A leaderboard."""
    return {
        "phase": "prelim",
        "metric": "weighted_f1",
        "state": "current",
        "visible": True,
        "groups": [list(group) for group in groups],
        "standings": list(standings),
        "references": [],
        **other,
    }


def four(groups: Sequence[tuple[int, int]], **other: Any) -> dict[str, Any]:
    """A board of four entries."""
    return a_board([a_standing(at + 1, 0.9 - at / 50) for at in range(4)], groups, **other)
