"""Predictions judged on the parts of a truth: each verdict knows the subjects of its part and no others.

This is the one place where parts come about. Whoever reads a verdict further up is given that of one part,
and all that follows from it (intervals, places, tests, pictures, hints) is of that part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from eval_server.judging.division import TruthPart
from eval_server.judging.truth import Truth
from eval_server.judging.verdict import Verdict, judge_all
from submissions.predictions import Predictions


def judge_parts(many: Sequence[Predictions], truth: Truth) -> list[Mapping[TruthPart, Verdict]]:
    """The verdicts on each, by part: on the whole alone where the truth is not divided.

    Raises `PhasesDiffer` when they are not about the cells of this truth.
    """
    whole = judge_all(many, truth)
    found: list[dict[TruthPart, Verdict]] = [{TruthPart.WHOLE: verdict} for verdict in whole]
    for part in truth.parts[1:]:
        asked, at = truth.part(part), truth.places(part)
        some = [_only(one, asked, at) for one in many]
        for each, verdict in zip(found, judge_all(some, asked), strict=True):
            each[part] = verdict
    return list(found)


def _only(one: Predictions, truth: Truth, at: Sequence[int]) -> Predictions:
    places = list(at)
    scores = None if one.scores is None else one.scores[places]
    return Predictions(truth.phase, one.labels[places], scores)
