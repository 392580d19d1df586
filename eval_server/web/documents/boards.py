"""What is said about leaderboards; made once for each revision of a public one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import ConfigDict

from eval_server.figures.columns import BESIDE, CSV_OF_BOARD, MOVES, flat
from eval_server.judging.division import TruthPart
from eval_server.judging.feedback import Level
from eval_server.service.access import Caller, utc
from eval_server.service.desk import Desk
from eval_server.service.making import BoardLine
from eval_server.service.side_by_side import shown_as
from eval_server.service.sight import SeenBoard, kept_beside, reader, seen_board
from eval_server.store.records import PhaseRecord
from eval_server.web.documents.document import IN_FULL, STABLE, Count, Document, Limits, Word, encoded, plain
from eval_server.web.documents.publishing import rounded


class StandingDocument(Document):
    """One line of a board; a metric the phase ranks by that has no field here is told under its name."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, float | None]

    rank: Count
    """Its place by the metric of the phase; of ties all have the first."""
    rank_set: Annotated[tuple[int, int] | None, STABLE]
    """The first and the last rank it may hold; null where nothing was tested or the score alone is told."""
    own_rank_set: tuple[int, int] | None = None
    """The ranks that it may hold, for this entry taken alone (95 %)."""
    among_best: int | None = None
    """It is among so many best, taken alone (one-sided, 95 %)."""
    team: Word
    """Whose it is, or a stand-in such as `anonymous-4f7a2c`."""
    entry: Word
    """What made the predictions, or the stand-in of its team."""
    submission: Word
    """The submission that stands here."""
    weighted_f1: Annotated[float | None, STABLE]
    """Weighted F1; null where the phase tells another metric alone."""
    interval: Annotated[Limits, IN_FULL, STABLE]
    """Its 95 % interval over subjects."""
    subject_accuracy: Annotated[float | None, IN_FULL, STABLE]
    """The mean over subjects of the share of their cells that are right."""
    sensitivity: Annotated[float | None, STABLE]
    """The share of leukemic cells that are called so."""
    specificity: Annotated[float | None, STABLE]
    """The share of normal cells that are called so."""
    submitted_at: Word
    """When it arrived."""
    submissions: Count
    """Scored submissions of its team."""
    public_rank: int | None = None
    """On the private part: the place of its line on the public one, as teams saw it."""
    moved: int | None = None
    """On the private part: by how many places it is further up than on the public one."""
    remarks: Annotated[list[str], STABLE]
    """Words under which conditions it was made."""
    tested: bool = False
    """Whether its rank sets rest on tests against the others."""

    def number(self, metric: str) -> float | None:
        """The value of a metric by its name; None where it is not told or not defined."""
        found: float | None = getattr(self, metric, None)
        return found

    @property
    def compared(self) -> bool:
        """Whether its subjects are known, so that it is tested; an interval may be missing all the same."""
        return self.tested or self.subject_accuracy is not None

    @property
    def tested_ranks(self) -> tuple[int, int] | None:
        """The first and the last rank that the tests leave it; None where it was not tested."""
        return self.rank_set if self.compared else None


class ReferenceDocument(Document):
    """A published result beside the board, never ranked; each of its metrics is told under its name."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, float | None]

    entry: Word
    """What it is a result of."""
    source: Word
    """Where it was published."""

    @property
    def weighted_f1(self) -> float | None:
        return self.__pydantic_extra__.get("weighted_f1")


class LeaderboardDocument(Document):
    """A board as who asks may see it; hidden or anonymous from the source on."""

    phase: Word
    """The phase."""
    metric: Word
    """By which metric it ranks."""
    part: Word = "whole"
    """On which subjects: `whole`, or where the phase is divided its `public` or `private` part."""
    state: Word
    """`current`, `being made anew`, or `being judged anew` by another truth or the same."""
    visible: bool
    """Whether who asks may see it now."""
    feedback: str = "full"
    """How much is told of others' results: `full`, `summary` or `score`."""
    spot_checked: bool = False
    """Whether its numbers are measured on a tenth of the cells, others for each submission."""
    groups: Annotated[list[tuple[int, int]], STABLE]
    """Runs of lines (start, stop) no two of which can be told apart."""
    findable: Annotated[float | None, IN_FULL] = None
    """The difference in weighted F1 found in 80 of 100 cases, taken alone, among the first 50 entries."""
    subjects: int | None = None
    """Subjects on which that rests; null where nothing is known."""
    standings: Annotated[list[StandingDocument], STABLE]
    """The lines, the best first."""
    references: Annotated[list[ReferenceDocument], IN_FULL, STABLE]
    """Published results."""


def leaderboard_document(desk: Desk, record: PhaseRecord, caller: Caller) -> LeaderboardDocument:
    key = reader(desk, record, caller)
    if key is None:
        return _document(desk, seen_board(desk, record, caller), caller)
    told = kept_beside(desk, record, caller)
    if f"document {key}" not in told:
        told[f"document {key}"] = _document(desk, seen_board(desk, record, caller), caller)
    found: LeaderboardDocument = told[f"document {key}"]
    return found


def leaderboard_json(desk: Desk, record: PhaseRecord, caller: Caller) -> bytes:
    """The same as JSON, written once for each revision of a public board.

    The bytes are kept beside the document, because writing 200 lines takes longer than all else in an answer.
    """
    key, told = reader(desk, record, caller), kept_beside(desk, record, caller)
    if key is None:
        return encoded(leaderboard_document(desk, record, caller))
    if f"json {key}" not in told:
        told[f"json {key}"] = encoded(leaderboard_document(desk, record, caller))
    text: bytes = told[f"json {key}"]
    return text


def _document(desk: Desk, board: SeenBoard, caller: Caller) -> LeaderboardDocument:
    return rounded(
        LeaderboardDocument(
            phase=board.phase.name,
            metric=board.phase.rules.metric,
            part=board.phase.part,
            state=board.state,
            visible=board.visible,
            feedback=told_as(board.level),
            spot_checked=board.on_samples,
            groups=[(start, stop) for start, stop in board.groups],
            findable=board.power.findable if board.power else None,
            subjects=board.power.subjects if board.power else None,
            standings=[_standing(desk, row, board, caller) for row in board.lines],
            references=[
                ReferenceDocument.model_validate({"entry": one.entry, "source": one.source, **one.metrics})
                for one in board.references
            ],
        )
    )


def told_as(level: Level) -> str:
    """How documents name a level; the host is told in full."""
    return min(level, Level.FULL).name.lower()


def _standing(desk: Desk, row: BoardLine, board: SeenBoard, caller: Caller) -> StandingDocument:
    entry, team = shown_as(desk, board.phase, row.judged, caller)
    metric = board.phase.rules.metric
    facts = {
        "rank": row.rank,
        "rank_set": row.rank_set,
        "own_rank_set": None if row.own_rank is None else (row.own_rank.low, row.own_rank.high),
        "among_best": None if row.own_rank is None else row.own_rank.among_best,
        "team": team,
        "entry": entry,
        "submission": row.judged.id,
        "weighted_f1": row.metrics.get("weighted_f1"),
        "interval": row.interval,
        **{key: row.metrics.get(key) for key in BESIDE},
        "submitted_at": utc(row.judged.submitted_at),
        "submissions": row.submissions,
        "remarks": remarks(row.judged.remarks, row.remarks),
        "tested": board.compared,
    }
    if row.public_rank is not None:
        facts |= {"public_rank": row.public_rank, "moved": row.public_rank - row.rank}
    return StandingDocument.model_validate({**facts, metric: row.metrics.get(metric)})


def remarks(said: Sequence[str], found: Sequence[str]) -> list[str]:
    """The words that stand beside a result, each once."""
    return list(dict.fromkeys([*said, *found]))


def board_lines(board: LeaderboardDocument) -> tuple[list[str], list[list[str]]]:
    """A leaderboard as a table of text: what CSV and Markdown hold."""
    columns = [*CSV_OF_BOARD, *(MOVES if board.part == TruthPart.PRIVATE else ())]
    if board.metric not in columns:
        columns.insert(columns.index("weighted_f1"), board.metric)
    standings = [flat(plain(one)) for one in board.standings]
    references = [flat({**plain(one), "remarks": ["published"]}) for one in board.references]
    facts = [*standings, *references]
    return columns, [["" if one.get(name) is None else str(one[name]) for name in columns] for one in facts]


def markdown_of(board: LeaderboardDocument) -> str:
    """A leaderboard as a Markdown table; a rank set that is not told is a dash."""
    columns, rows = board_lines(board)
    at = columns.index("rank_set")
    said = [[cell.replace("|", r"\|") for cell in row] for row in rows]
    for row in said:
        row[at] = row[at] or "\N{EN DASH}"
    lines = [columns, ["---"] * len(columns), *said]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
