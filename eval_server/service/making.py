"""A leaderboard made from verdicts: who stands for a team, in which order, and what cannot be told apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from eval_server.judging.division import TruthPart
from eval_server.judging.feedback import DIGITS
from eval_server.judging.placing import PairTable, Places, places, to_rank_by
from eval_server.judging.releasing import released
from eval_server.judging.verdict import Verdict
from eval_server.scoring.foresight import Power
from eval_server.scoring.metrics import METRICS
from eval_server.scoring.ranking import OwnRank
from eval_server.service.finals import Final, by_arrival, by_worth, finals
from eval_server.service.verdicts import Verdicts
from eval_server.store.records import PhaseRecord, PublishedResult, Rules, ScoredSubmission
from eval_server.store.store import Store

Read = Callable[[Sequence[str]], dict[str, Verdict]]
AT_ONCE = 500
"""Verdicts that are measured together on samples of the cells."""
WHOLE, SAMPLES = "whole", "samples"
"""What the verdicts of a board are measured on: all cells of its part, or a tenth of them."""
SAMPLED = ("summary", "score")
"""The feedback under which teams are told numbers of samples of the cells while a phase is open."""
CURRENT, MADE_ANEW, JUDGED_ANEW = "current", "being made anew", "being judged anew"
"""The states of a board: as it is now, a newer one is due, or by the former truth while one is replaced."""


@dataclass(frozen=True, slots=True)
class BoardLine:
    """One line of a board: a submission that stands for its team, what it is worth, and how it ranks.

    `metrics` are those of its verdict, with the mean accuracy of its subjects. On the private part it is the
    best of `finalists`, and `public_rank` is the place that its line had on the public part. There is no
    `rank_set` where nothing was tested.
    """

    judged: ScoredSubmission
    metrics: Mapping[str, float | None]
    interval: tuple[float | None, float | None]
    remarks: tuple[str, ...]
    rank: int
    rank_set: tuple[int, int] | None
    submissions: int
    own_rank: OwnRank | None = None
    finalists: tuple[str, ...] = ()
    public_rank: int | None = None


@dataclass(frozen=True, slots=True)
class Board:
    """A phase's leaderboard as one revision of its verdicts has it, with everybody's names.

    With the Ladder on, `shown` says for each submission which one's number its team is told. `known` are the
    submissions that had a verdict. `former` is set while a truth is replaced: the rows are then those of the
    former truth, until everything is judged by the new one. `late` is set where a newer board is due.
    `spot_checked` is the same board by samples of the cells, where the phase tells no more than that.
    """

    revision: str
    record: PhaseRecord
    rows: tuple[BoardLine, ...]
    places: Places
    references: tuple[PublishedResult, ...]
    shown: Mapping[str, str]
    known: frozenset[str] = frozenset()
    former: bool = False
    late: bool = False
    power: Power | None = None
    spot_checked: Board | None = None
    told: dict[str, Any] = field(default_factory=dict)
    """What was made of this board already, by kind; the same for every reader of a public board.

    It lives with the board, so that nothing has to be taken out of a cache when another one follows.
    """

    @property
    def state(self) -> str:
        """In what state it is, in words that documents and pages share."""
        if self.former:
            return JUDGED_ANEW
        return MADE_ANEW if self.late else CURRENT

    @property
    def tested(self) -> bool:
        """Whether its entries were tested against each other: their subjects are known."""
        return self.places.rank_sets is not None

    def overdue(self) -> Board:
        """The same, marked as one for which a newer is due."""
        sampled = None if self.spot_checked is None else self.spot_checked.overdue()
        return replace(self, late=True, told={}, spot_checked=sampled)

    def places_finally(self, submission: str) -> bool:
        """Whether this board has what there is to say of a submission's place."""
        return not self.former and submission in self.known

    def holm_between(self, one: str, other: str) -> float | None:
        """The adjusted p of two submissions among all pairs of this board; None unless both stand on it."""
        at = {row.judged.id: place for place, row in enumerate(self.rows)}
        return self.places.holm_between(at[one], at[other]) if one in at and other in at else None


class BoardMaker:
    """Makes boards; the pairs of verdicts it tested once are not tested again."""

    def __init__(self, store: Store, verdicts: Verdicts) -> None:
        self._store = store
        self._verdicts = verdicts
        self._tables: dict[tuple[str, str, str, TruthPart, str], PairTable] = {}
        self._sampled: dict[tuple[str, str], dict[str, float | None]] = {}

    def make(self, phase: str, part: TruthPart | None = None) -> Board:
        """The board of a phase as its verdicts are now, on a part where it is divided: else the public one.

        Raises LookupError where there is no such phase.
        """
        record = self._store.phases.find(phase)
        if record is None:
            raise LookupError(phase)
        return self._made(replace(record, part=part or record.part))

    def _made(self, record: PhaseRecord) -> Board:
        record, truth, read = self._read(record)
        digits = digits_ranked(record.rules)
        judged = tied(read[0], digits)
        before = self._on_samples(record, read[1]) if on_samples(record.rules) else tied(read[1], digits)
        final = self._finals(record, judged, before) if record.part is TruthPart.PRIVATE else {}
        board = self._of(record, truth, judged, final)
        if not on_samples(record.rules) or record.part is TruthPart.PRIVATE:
            return board
        return replace(
            board, spot_checked=self._of(record, truth, self._on_samples(record, read[0]), {}, SAMPLES)
        )

    def _of(
        self,
        record: PhaseRecord,
        truth: str,
        judged: Sequence[ScoredSubmission],
        final: Mapping[str, Final],
        measured: str = WHOLE,
    ) -> Board:
        """The board of what was judged: by its verdicts, or by the same on samples of the cells."""
        read = self._reading(record, measured)
        shown = _shown(record, judged, read) if record.rules.ladder else {}
        standing = [one.stands for one in final.values()] if final else standing_ones(record, judged, shown)
        entered = sorted(standing, key=by_arrival)
        verdicts = read([one.verdict for one in entered])
        found = [verdicts[one.verdict] for one in entered]
        table = self._table(record, truth, measured)
        placed = places(found, table, digits=digits_ranked(record.rules))
        return Board(
            record.revision,
            record,
            _rows(entered, found, placed, Counter(one.team for one in judged), final),
            _to_tell(placed),
            tuple(self._store.phases.published(record.name)),
            shown,
            frozenset(one.id for one in judged),
            truth != record.truth,
            power=placed.power(),
        )

    def _reading(self, record: PhaseRecord, measured: str) -> Read:
        """The way to verdicts that are measured so."""
        return partial(self._verdicts.spot_checked, record) if measured == SAMPLES else self._verdicts.all

    def _on_samples(self, record: PhaseRecord, judged: Sequence[ScoredSubmission]) -> list[ScoredSubmission]:
        """What was judged, with the values that samples of the cells give; each is measured once."""
        key = record.name, record.rules.metric
        known = self._sampled.get(key, {})
        missing = [one.verdict for one in judged if one.verdict not in known]
        for start in range(0, len(missing), AT_ONCE):
            found = self._verdicts.spot_checked(record, missing[start : start + AT_ONCE])
            known |= {one: verdict.metrics.get(key[1]) for one, verdict in found.items()}
        values = self._sampled[key] = {one.verdict: known[one.verdict] for one in judged}
        return tied([replace(one, value=values[one.verdict]) for one in judged], digits_ranked(record.rules))

    def _read(
        self, record: PhaseRecord
    ) -> tuple[PhaseRecord, str, tuple[list[ScoredSubmission], list[ScoredSubmission]]]:
        """A phase, the truth to show and what was judged by it, as they were at one moment.

        For the private part also what they are worth on the public one, which says who comes in question.

        They are several questions, and a truth may be replaced and judged by in between: a board with half
        of its teams would follow.
        """
        with self._store.database.one_moment():
            record = replace(self._store.phases.find(record.name) or record, part=record.part)
            truth = self._store.phases.truth_to_show(record.name, record.truth)
            judged = self._verdicts.judged(record, truth)
            before: list[ScoredSubmission] = []
            if record.part is TruthPart.PRIVATE:
                before = self._verdicts.judged(replace(record, part=TruthPart.PUBLIC), truth)
            return record, truth, (judged, before)

    def _finals(
        self, record: PhaseRecord, judged: Sequence[ScoredSubmission], before: Sequence[ScoredSubmission]
    ) -> dict[str, Final]:
        """What stands for each team on the private part, by submission: `before` is as teams saw it."""
        public = replace(record, part=TruthPart.PUBLIC)
        read = self._reading(public, SAMPLES if on_samples(record.rules) else WHOLE)
        shown = _shown(public, before, read) if record.rules.ladder else {}
        lines = _lines(public, before, shown)
        groups, stood = [group for group, _ in lines], [stands for _, stands in lines]
        return {one.stands.id: one for one in finals(groups, stood, judged)}

    def _table(self, record: PhaseRecord, truth: str, measured: str) -> PairTable:
        """The pairs tested so far; another metric, truth or part begins anew."""
        metric = record.rules.metric
        key = record.name, metric, truth, record.part, measured
        return self._tables.setdefault(key, PairTable((METRICS[metric],)))


def _shown(
    record: PhaseRecord,
    judged: Sequence[ScoredSubmission],
    read: Read,
) -> dict[str, str]:
    """With the Ladder on: for each submission, which one's number is told.

    On the private part each has its own, because nothing can follow that learns from it.
    """
    if record.part is TruthPart.PRIVATE:
        return {one.id: one.id for one in judged}
    verdicts = read([one.verdict for one in judged])
    found: dict[str, str] = {}
    for group in _groups(record, judged):
        steps = released([verdicts[one.verdict] for one in group], METRICS[record.rules.metric])
        found.update((one.id, group[step].id) for one, step in zip(group, steps, strict=True))
    return found


def on_samples(rules: Rules) -> bool:
    """Whether teams are told numbers of samples of the cells while a phase with these rules is open."""
    return rules.feedback in SAMPLED


def digits_ranked(rules: Rules) -> int | None:
    """To how many digits values are ranked; None where they are told in full."""
    return None if rules.feedback == rules.others == "full" else DIGITS


def _of_final(final: Final | None) -> dict[str, Any]:
    return {} if final is None else {"finalists": final.of, "public_rank": final.public_rank}


def _to_tell(found: Places) -> Places:
    """What a board says of places; the rest stays with the judge, whose metrics no pipe could carry."""
    return replace(found, metrics=(), tests=(), table=None)


def tied(judged: Sequence[ScoredSubmission], digits: int | None = None) -> list[ScoredSubmission]:
    """The same with values that differ in their last digits made equal: of ties the earlier one stands.

    With `digits` those are made equal that are the same to so many.
    """
    values = to_rank_by([np.nan if one.value is None else one.value for one in judged], digits).tolist()
    return [
        one if one.value is None else replace(one, value=value)
        for one, value in zip(judged, values, strict=True)
    ]


def _rows(
    entered: Sequence[ScoredSubmission],
    found: Sequence[Verdict],
    placed: Places,
    counts: Mapping[str, int],
    final: Mapping[str, Final],
) -> tuple[BoardLine, ...]:
    """The lines of a board, the best first."""
    own: Sequence[OwnRank | None] = placed.own_ranks() or (None,) * len(found)
    sets: Sequence[tuple[int, int] | None] = placed.rank_sets or (None,) * len(found)
    return tuple(
        replace(
            _row(entered[at], found[at], rank, rank_set, counts[entered[at].team]),
            own_rank=alone,
            **_of_final(final.get(entered[at].id)),
        )
        for at, rank, rank_set, alone in zip(placed.order, placed.ranks, sets, own, strict=True)
    )


def _row(
    judged: ScoredSubmission,
    verdict: Verdict,
    rank: int,
    rank_set: tuple[int, int] | None,
    submissions: int,
) -> BoardLine:
    interval = verdict.intervals.get("weighted_f1")
    mean = None if verdict.summary is None else verdict.summary.mean.estimate
    return BoardLine(
        judged,
        {**verdict.metrics, "subject_accuracy": mean},
        (None, None) if interval is None else (interval.low, interval.high),
        verdict.remarks,
        rank,
        rank_set,
        submissions,
    )


def standing_ones(
    record: PhaseRecord, judged: Sequence[ScoredSubmission], shown: Mapping[str, str]
) -> list[ScoredSubmission]:
    """The submission that stands for each team (or each entry of a team), by the phase's rule."""
    return [stands for _, stands in _lines(record, judged, shown)]


def _lines(
    record: PhaseRecord, judged: Sequence[ScoredSubmission], shown: Mapping[str, str]
) -> list[tuple[list[ScoredSubmission], ScoredSubmission]]:
    """What counts of each team that has a line, and what of that stands for it.

    With the Ladder on the last clear improvement that counts stands; what was withdrawn is still a step, for
    else a team could see what the Ladder keeps from it.
    """
    rule, found = "last" if record.rules.ladder else record.rules.represents, []
    for group in _groups(record, judged):
        told = {shown[one.id] for one in group} if record.rules.ladder else {one.id for one in group}
        counting = [one for one in group if one.counts]
        if steps := [one for one in counting if one.id in told]:
            found.append((counting, _stands(rule, steps)))
    return found


def _groups(record: PhaseRecord, judged: Sequence[ScoredSubmission]) -> list[list[ScoredSubmission]]:
    """What is one line of the board: a team's submissions, or those of one of its entries."""
    groups: dict[tuple[str, str], list[ScoredSubmission]] = {}
    for one in judged:
        key = (one.team, one.entry if record.rules.represents == "every" else "")
        groups.setdefault(key, []).append(one)
    return list(groups.values())


def _stands(rule: str, group: Sequence[ScoredSubmission]) -> ScoredSubmission:
    """The best unless the rule says otherwise; of those that tie, the earliest."""
    if rule == "last":
        return group[-1]
    if rule == "chosen":
        return min((one for one in group if one.chosen), key=by_worth, default=group[-1])
    return min(group, key=by_worth)
