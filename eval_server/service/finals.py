"""Who counts in the end: the best, on the private part, of what a team chose or of what stood for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from eval_server.judging.placing import UNDEFINED
from eval_server.scoring import ranking
from eval_server.store.records import ScoredSubmission

Group = Sequence[ScoredSubmission]


@dataclass(frozen=True, slots=True)
class Final:
    """What stands for a line of the board on the private part, as the best `of` these submissions.

    `public_rank` is the place that its line had on the public part.
    """

    stands: ScoredSubmission
    of: tuple[str, ...]
    public_rank: int


def finals(groups: Sequence[Group], stood: Group, judged: Group) -> Iterator[Final]:
    """The final of each line: `groups` and who `stood` for them are of the public part, `judged` the private.

    The best of those that the team chose counts, by their worth on the private part. Where it chose none,
    what stood for it on the public part does: nobody is served by luck on cells that nobody saw.
    """
    if not groups:
        return
    private = {one.id: one for one in judged}
    values = np.array([UNDEFINED if one.value is None else one.value for one in stood])
    ranks = ranking.rank(values).tolist()
    for group, before, rank in zip(groups, stood, ranks, strict=True):
        of = [one for one in group if one.chosen] or [before]
        entered = [private[one.id] for one in of if one.id in private]
        if entered:
            yield Final(min(entered, key=by_worth), tuple(one.id for one in entered), int(rank))


def by_worth(one: ScoredSubmission) -> tuple[float, datetime, str]:
    """Which one of a team stands for it: the better value first, the earlier first where values tie."""
    return (float("inf") if one.value is None else -one.value, *by_arrival(one))


def by_arrival(one: ScoredSubmission) -> tuple[datetime, str]:
    """Of rows that tie, the one that arrived earlier stands above."""
    return (one.submitted_at, one.id)
