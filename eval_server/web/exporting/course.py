"""What is taken out: every phase with its boards, their entries compared with each other, and its teams."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from eval_server.judging.division import DIVIDED, TruthPart
from eval_server.judging.report import Report
from eval_server.judging.verdict import Verdict
from eval_server.service.access import Caller, Role
from eval_server.service.boards import BoardMissing
from eval_server.service.desk import Desk
from eval_server.service.finding import all_phases
from eval_server.service.side_by_side import ManyCompared, report_of
from eval_server.service.sight import measured
from eval_server.store.records import PhaseRecord, Submission
from eval_server.web.documents.boards import LeaderboardDocument, leaderboard_document
from eval_server.web.documents.phases import PhaseDocument, phase_document

HOST = Caller(Role.HOST)
"""For whom it is taken out: with every name and number."""
TRIES = 120
"""How often a board is asked for that takes its time; each try waits for some seconds."""


@dataclass(frozen=True, slots=True, eq=False)
class PartExport:
    """One part of a phase: its board, and its entries side by side, where there are two or more."""

    part: TruthPart
    told: PhaseDocument
    board: LeaderboardDocument
    compared: ManyCompared | None
    verdicts: Mapping[str, Verdict]

    @property
    def report(self) -> Report | None:
        return None if self.compared is None else self.compared.whole

    @property
    def ids(self) -> Mapping[str, str]:
        """The submission behind each entry's name."""
        return {} if self.compared is None else self.compared.ids

    @property
    def ending(self) -> str:
        """What names of its files end in; nothing where the phase is not divided."""
        return "" if self.part is TruthPart.WHOLE else f"-{self.part}"


@dataclass(frozen=True, slots=True, eq=False)
class PhaseExport:
    """A phase with its parts, of which the last one decides, and all that was handed in, the oldest first."""

    name: str
    parts: tuple[PartExport, ...]
    submissions: tuple[Submission, ...]

    @property
    def decides(self) -> PartExport:
        return self.parts[-1]


def course_of(desk: Desk) -> Iterator[PhaseExport]:
    """Every phase, one after another, so that only one is held at a time."""
    for record in all_phases(desk, HOST):
        parts = DIVIDED if record.divided else (TruthPart.WHOLE,)
        yield PhaseExport(
            record.name,
            tuple(_part(desk, replace(record, part=part)) for part in parts),
            tuple(reversed(desk.store.submissions.listed(phase=record.name))),
        )


def _part(desk: Desk, record: PhaseRecord) -> PartExport:
    board = _board(desk, record)
    found = [desk.store.submissions.find(one.submission) for one in board.standings]
    entered = [one for one in found if one is not None]
    compared = report_of(desk, record, entered, HOST) if len(entered) > 1 else None
    by_id = measured(desk, record, entered, HOST)
    names = {one.entry: one.id for one in entered} if compared is None else compared.ids
    verdicts = {name: by_id[one] for name, one in names.items() if one in by_id}
    return PartExport(record.part, phase_document(desk, record, HOST), board, compared, verdicts)


def _board(desk: Desk, record: PhaseRecord) -> LeaderboardDocument:
    """The board, however long it takes to make; raises `BoardMissing` where it cannot be made at all."""
    for left in reversed(range(TRIES)):
        try:
            return leaderboard_document(desk, record, HOST)
        except BoardMissing:
            if not left:
                raise
    raise BoardMissing(record.name)


def teams_of(phase: PhaseExport) -> Sequence[str]:
    """Who handed in anything, in the order in which they first did."""
    return list(dict.fromkeys(one.team for one in phase.submissions))
