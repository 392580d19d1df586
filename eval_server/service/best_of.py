"""What is said of a submission that stands for its team as the best of many."""

from __future__ import annotations

from eval_server.scoring.counts import stacked
from eval_server.scoring.metrics import METRICS
from eval_server.scoring.optimism import BestOf, optimism
from eval_server.scoring.resampling import generator_of, weights
from eval_server.service.desk import Desk
from eval_server.store.records import PhaseRecord, Submission

RESAMPLES = 2000
"""Resamples of subjects: the mean over them is settled to a few hundredths of a point."""


def best_of(desk: Desk, record: PhaseRecord, found: Submission) -> BestOf | None:
    """How many of its team's submissions it is the best of, with the optimism; worked out once a board.

    None where it does not stand for its team, is the only one, or was not chosen as the best, and until there
    is a board. With the Ladder the other numbers are told to nobody, and neither is what follows from them.
    """
    board = desk.boards.at_hand(record.name)
    chosen = record.rules.represents == "best" and not record.rules.ladder
    if board is None or not chosen or not board.places_finally(found.id):
        return None
    if found.id not in {row.judged.id for row in board.rows}:
        return None
    key = f"best of {found.id}"
    if key not in board.told:
        board.told[key] = _best_of(desk, record, found.team)
    known: BestOf | None = board.told[key]
    return known


def _best_of(desk: Desk, record: PhaseRecord, team: str) -> BestOf | None:
    judged = desk.store.verdicts.judged(record.name, record.truth, record.rules.metric)
    verdicts = desk.verdicts.all([one.verdict for one in judged if one.team == team])
    tallies = [verdict.tally for verdict in verdicts.values() if verdict.tally is not None]
    if len(tallies) < 2 or len(tallies) < len(verdicts):
        return None
    table, truth = stacked(tallies), next(iter(verdicts.values())).truth_sha256
    resampled = weights(table.subjects, RESAMPLES, generator_of(truth))
    return BestOf(len(tallies), optimism(METRICS[record.rules.metric], table, resampled))
