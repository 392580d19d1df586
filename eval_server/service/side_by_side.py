"""Submissions of a phase compared with each other, under the names by which who asks may read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eval_server.judging.comparing import compare
from eval_server.judging.pairs import Comparison
from eval_server.judging.report import Report
from eval_server.judging.verdict import Verdict
from eval_server.service.access import Caller
from eval_server.service.desk import Desk
from eval_server.service.naming import stand_in, unique_names
from eval_server.store.records import PhaseRecord, ScoredSubmission, Submission

COMPARED_BY = "weighted_f1"
"""The metric of every comparison page, whatever a board is ranked by."""


@dataclass(frozen=True, slots=True, eq=False)
class SideBySide:
    """Two submissions and how they differ; `p_holm` is None where the board tests another metric."""

    sides: tuple[Submission, Submission]
    verdicts: tuple[Verdict, Verdict]
    comparison: Comparison
    method: str
    alpha: float
    p_holm: float | None

    def disagreements(self) -> list[int]:
        """The cells, by their place, that the two call differently."""
        one, other = (verdict.cells.called for verdict in self.verdicts)
        places: list[int] = np.flatnonzero(one != other).tolist()
        return places


def side_by_side(desk: Desk, record: PhaseRecord, one: Submission, other: Submission) -> SideBySide:
    """Two submissions that have a verdict each."""
    verdicts = verdicts_of(desk, record, (one, other))
    first, second = verdicts[one.id], verdicts[other.id]
    report = compare({one.id: first, other.id: second}, margin=record.rules.margin, stability=False)
    found = report.between(one.id, other.id)
    p_holm = _holm(desk, record, one, other)
    return SideBySide((one, other), (first, second), found, report.method, report.alpha, p_holm)


def verdicts_of(desk: Desk, record: PhaseRecord, found: Sequence[Submission]) -> dict[str, Verdict]:
    """The verdicts of submissions that have one, by submission."""
    keys = {one.id: desk.verdicts.standing(record, one.id) for one in found}
    ids = {one: key[0] for one, key in keys.items() if key is not None}
    verdicts = desk.verdicts.all(list(ids.values()))
    return {one: verdicts[key] for one, key in ids.items()}


def compared_names(desk: Desk, record: PhaseRecord, found: Sequence[Submission], caller: Caller) -> list[str]:
    """A name for each, of its own, as this caller may read it."""
    return unique_names([shown_as(desk, record, one, caller) for one in found])


def report_of(
    desk: Desk, record: PhaseRecord, found: Sequence[Submission], caller: Caller
) -> tuple[Report, dict[str, str]]:
    """Several submissions compared with each other, and the submission behind each entry's name."""
    names, verdicts = compared_names(desk, record, found, caller), verdicts_of(desk, record, found)
    ids = {name: one.id for name, one in zip(names, found, strict=True)}
    return compare({name: verdicts[one] for name, one in ids.items() if one in verdicts}), ids


def shown_as(
    desk: Desk, record: PhaseRecord, one: Submission | ScoredSubmission, caller: Caller
) -> tuple[str, str]:
    """Entry and team as this caller may read them; both a stand-in where the board is anonymous."""
    if record.rules.visibility == "anonymous" and not caller.owns(one.team):
        name = stand_in(desk.store.database.own or "", record.name, one.team)
        return name, name
    return one.entry, one.team


def _holm(desk: Desk, record: PhaseRecord, one: Submission, other: Submission) -> float | None:
    """The p adjusted over the board's pairs; None where the board tests another metric than this page."""
    if record.rules.metric != COMPARED_BY:
        return None
    return desk.boards.current(record).holm_between(one.id, other.id)
