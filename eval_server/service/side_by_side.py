"""Submissions of a phase compared with each other, under the names by which who asks may read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eval_server.judging.comparing import compare
from eval_server.judging.feedback import Level, Sight, Told, comparison_shown, digits_of, report_shown, shown
from eval_server.judging.report import Report
from eval_server.judging.verdict import CellLevel
from eval_server.service.access import Caller
from eval_server.service.desk import Desk
from eval_server.service.naming import stand_in, unique_names
from eval_server.service.sight import board_of, level_of_all, measured
from eval_server.store.records import PhaseRecord, ScoredSubmission, Submission

COMPARED_BY = "weighted_f1"
"""The metric of every comparison page, whatever a board is ranked by."""


@dataclass(frozen=True, slots=True, eq=False)
class SideBySide:
    """Two submissions and how they differ, as far as it is told.

    `document` is what may be said of the difference; `p_holm` in it is null where the board tests another
    metric. `cells` is the host's.
    """

    sides: tuple[Submission, Submission]
    shown: tuple[Told, Told]
    level: Level
    document: Mapping[str, Any]
    method: str
    cells: tuple[CellLevel, CellLevel] | None

    def disagreements(self) -> list[int]:
        """The cells, by their place, that the two call differently; none for others than the host."""
        if self.cells is None:
            return []
        one, other = (each.called for each in self.cells)
        places: list[int] = np.flatnonzero(one != other).tolist()
        return places


def side_by_side(
    desk: Desk, record: PhaseRecord, one: Submission, other: Submission, caller: Caller
) -> SideBySide:
    """Two submissions that have a verdict each, as this caller may know them."""
    verdicts = measured(desk, record, (one, other), caller)
    level = level_of_all(desk, record, (one, other), caller)
    first, second = verdicts[one.id], verdicts[other.id]
    report = compare(
        {one.id: first, other.id: second},
        margin=record.rules.margin,
        stability=False,
        digits=digits_of(level),
    )
    found = report.between(one.id, other.id)
    p_holm = _holm(desk, record, one, other, caller)
    sight = Sight(level, record.rules.metric)
    sides = [told for each in (first, second) if (told := shown(each, each.to_json(), sight)) is not None]
    return SideBySide(
        (one, other),
        (sides[0], sides[1]),
        level,
        comparison_shown(found, p_holm, report.alpha, level),
        report.method,
        (first.cells, second.cells) if level is Level.HOST else None,
    )


def compared_names(desk: Desk, record: PhaseRecord, found: Sequence[Submission], caller: Caller) -> list[str]:
    """A name for each, of its own, as this caller may read it; what counts on no board is marked in it.

    So no table or sentence that is made of a comparison shows such an entry as any other.
    """
    return unique_names([_marked(one, *shown_as(desk, record, one, caller)) for one in found])


def _marked(one: Submission, entry: str, team: str) -> tuple[str, str]:
    return (entry if one.counts else f"{entry} ({one.set_aside})"), team


@dataclass(frozen=True, slots=True, eq=False)
class ManyCompared:
    """Several submissions compared, as far as it is told; `whole` is there at full feedback only."""

    document: Mapping[str, Any]
    ids: Mapping[str, str]
    """The submission behind each entry's name."""
    set_aside: Mapping[str, str]
    """By such a name, why an entry counts on no board; the others are not in it."""
    level: Level
    whole: Report | None


def report_of(desk: Desk, record: PhaseRecord, found: Sequence[Submission], caller: Caller) -> ManyCompared:
    """Several submissions compared with each other, as this caller may know them."""
    names, verdicts = compared_names(desk, record, found, caller), measured(desk, record, found, caller)
    ids = {name: one.id for name, one in zip(names, found, strict=True)}
    level = level_of_all(desk, record, found, caller)
    entered = {name: verdicts[one] for name, one in ids.items() if one in verdicts}
    report = compare(entered, digits=digits_of(level))
    aside = {name: one.set_aside for name, one in zip(names, found, strict=True) if one.set_aside}
    whole = report if level >= Level.FULL else None
    return ManyCompared(report_shown(report, level), ids, aside, level, whole)


def shown_as(
    desk: Desk, record: PhaseRecord, one: Submission | ScoredSubmission, caller: Caller
) -> tuple[str, str]:
    """Entry and team as this caller may read them; both a stand-in where the board is anonymous."""
    if record.rules.visibility == "anonymous" and not caller.owns(one.team):
        name = stand_in(desk.verdicts.key(record), record.name, one.team)
        return name, name
    return one.entry, one.team


def _holm(
    desk: Desk, record: PhaseRecord, one: Submission, other: Submission, caller: Caller
) -> float | None:
    """The p adjusted over the board's pairs; None where the board tests another metric than this page."""
    if record.rules.metric != COMPARED_BY:
        return None
    return board_of(desk, record, caller).holm_between(one.id, other.id)
