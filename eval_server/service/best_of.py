"""What is said of a submission that stands for its team as the best of many."""

from __future__ import annotations

from eval_server.judging.division import TruthPart
from eval_server.judging.feedback import Level
from eval_server.scoring.counts import stacked
from eval_server.scoring.metrics import METRICS
from eval_server.scoring.optimism import BestOf, optimism
from eval_server.scoring.resampling import generator_of, weights
from eval_server.service.access import Caller
from eval_server.service.desk import Desk
from eval_server.service.making import BoardLine
from eval_server.service.sight import level_of
from eval_server.store.records import PhaseRecord, Submission

RESAMPLES = 2000
"""Resamples of subjects: the mean over them is settled to a few hundredths of a point."""


def best_of(desk: Desk, record: PhaseRecord, found: Submission, caller: Caller) -> BestOf | None:
    """How many of its team's submissions it is the best of, with the optimism; worked out once a board.

    None where it does not stand for its team, is the only one, or was not chosen as the best, and until there
    is a board. With the Ladder the other numbers are told to nobody, and neither is what follows from them;
    below full feedback it is withheld, as it follows from the counts by subject of all.
    """
    if level_of(record.rules, caller, found.team, desk.now()) < Level.FULL:
        return None
    board = desk.boards.at_hand(record)
    best = record.rules.represents == "best" and not record.rules.ladder
    if board is None or not (best or record.part is TruthPart.PRIVATE) or not board.places_finally(found.id):
        return None
    line = next((row for row in board.rows if row.judged.id == found.id), None)
    if line is None:
        return None
    key = f"best of {found.id}"
    if key not in board.told:
        board.told[key] = _best_of(desk, record, line)
    known: BestOf | None = board.told[key]
    return known


def _best_of(desk: Desk, record: PhaseRecord, line: BoardLine) -> BestOf | None:
    """The optimism of the best of a team's, or on the private part of those among which it was the best."""
    judged = desk.verdicts.judged(record)
    if record.part is TruthPart.PRIVATE:
        judged = [one for one in judged if one.id in line.finalists]
    verdicts = desk.verdicts.all([one.verdict for one in judged if one.team == line.judged.team])
    tallies = [verdict.tally for verdict in verdicts.values() if verdict.tally is not None]
    if len(tallies) < 2 or len(tallies) < len(verdicts):
        return None
    table, truth = stacked(tallies), next(iter(verdicts.values())).truth_sha256
    resampled = weights(table.subjects, RESAMPLES, generator_of(truth))
    return BestOf(len(tallies), optimism(METRICS[record.rules.metric], table, resampled))
