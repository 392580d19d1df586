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
from eval_server.service.making import BoardLine
from eval_server.service.side_by_side import ManyCompared, report_of
from eval_server.service.sight import measured, seen_board
from eval_server.store.records import PhaseRecord, Submission
from eval_server.web.documents.boards import LeaderboardDocument, leaderboard_document
from eval_server.web.documents.phases import PhaseDocument, phase_document

HOST = Caller(Role.HOST)
"""For whom it is taken out: with every name and number."""
TRIES = 120
"""How often a board is asked for that takes its time; each try waits for some seconds."""


@dataclass(frozen=True, slots=True, eq=False)
class PartExport:
    """One part of a phase: its board, and its entries side by side, where there are two or more.

    `worth` is on this part what stands on the part that decides, by submission. `shown` is the public
    board as teams are shown it, by samples of the cells where the phase tells no more; empty where hidden.
    """

    part: TruthPart
    told: PhaseDocument
    board: LeaderboardDocument
    compared: ManyCompared | None
    verdicts: Mapping[str, Verdict]
    worth: Mapping[str, Verdict]
    shown: tuple[BoardLine, ...] = ()

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
    """A phase with its parts, of which the last one decides, and all that was handed in, the oldest first.

    `teams` are those that handed in, in the order in which they first did, then those that did not.
    """

    name: str
    parts: tuple[PartExport, ...]
    submissions: tuple[Submission, ...]
    teams: tuple[str, ...]

    @property
    def decides(self) -> PartExport:
        return self.parts[-1]


def course_of(desk: Desk) -> Iterator[PhaseExport]:
    """Every phase, one after another, so that only one is held at a time."""
    known = _taking_part(desk)
    for record in all_phases(desk, HOST):
        handed_in = tuple(reversed(desk.store.submissions.listed(phase=record.name)))
        teams = dict.fromkeys([*(one.team for one in handed_in), *known])
        yield PhaseExport(record.name, _parts(desk, record), handed_in, tuple(teams))


def _taking_part(desk: Desk) -> list[str]:
    """Teams with a token that nobody revoked, expired or not, and teams that handed in to any phase."""
    there = {one.team for one in desk.store.tokens.listed() if one.revoked_at is None}
    there |= {one.team for one in desk.store.submissions.listed()}
    return [name for name in desk.store.teams.names() if name in there]


def _parts(desk: Desk, record: PhaseRecord) -> tuple[PartExport, ...]:
    kinds = DIVIDED if record.divided else (TruthPart.WHOLE,)
    boards = [(one := replace(record, part=part), _board(desk, one)) for part in kinds]
    final = _entered(desk, boards[-1][1])
    return tuple(_part(desk, one, board, final) for one, board in boards)


def _entered(desk: Desk, board: LeaderboardDocument) -> list[Submission]:
    """The submissions that stand on a board, the best first."""
    found = (desk.store.submissions.find(one.submission) for one in board.standings)
    return [one for one in found if one is not None]


def _part(
    desk: Desk, record: PhaseRecord, board: LeaderboardDocument, final: Sequence[Submission]
) -> PartExport:
    entered = _entered(desk, board)
    compared = report_of(desk, record, entered, HOST) if len(entered) > 1 else None
    by_id = measured(desk, record, entered, HOST)
    names = {one.entry: one.id for one in entered} if compared is None else compared.ids
    verdicts = {name: by_id[one] for name, one in names.items() if one in by_id}
    worth = measured(desk, record, final, HOST)
    shown = seen_board(desk, record, Caller()).lines if record.part is TruthPart.PUBLIC else ()
    told = phase_document(desk, record, HOST)
    return PartExport(record.part, told, board, compared, verdicts, worth, shown)


def _board(desk: Desk, record: PhaseRecord) -> LeaderboardDocument:
    """The board, however long it takes to make; raises `BoardMissing` where it cannot be made at all."""
    for left in reversed(range(TRIES)):
        try:
            return leaderboard_document(desk, record, HOST)
        except BoardMissing:
            if not left:
                raise
    raise BoardMissing(record.name)
