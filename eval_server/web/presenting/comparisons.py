"""Two or more entries side by side in words and numbers; pure functions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from eval_server.figures.statements import differences as said
from eval_server.figures.wording import (
    listed,
    metric_name,
    p_number,
    percent,
    signed,
    signed_interval,
)
from eval_server.judging.spot_check import SAID
from eval_server.web.documents.comparisons import EquivalenceDocument, PairDocument, SignificanceDocument
from eval_server.web.presenting.words import digits_of, known_interval
from submissions.classes import CNMC, ClassNames

ALPHA = 0.05
"""The level of every test on a page."""


@dataclass(frozen=True, slots=True)
class PairView:
    """Two entries side by side in words; `a` is the better one."""

    a: str
    b: str
    answer: str
    difference: str
    interval: str
    sentence: str
    verdict: str
    equivalence: str


def pair_view(found: PairDocument, names: Mapping[str, str], classes: ClassNames = CNMC) -> PairView:
    """A comparison's document in words; `names` are those of the submissions."""
    a, b = names[found.a], names[found.b]
    limits = known_interval(found.interval)
    interval = "" if limits is None else signed_interval(limits, digits_of(found.feedback))
    return PairView(
        a,
        b,
        _answer(found, a, b),
        signed(found.difference, digits_of(found.feedback)),
        interval,
        _pair_sentence(found, a),
        classes.said(_pair_verdict(found)),
        _equivalence(found.equivalence),
    )


def _answer(found: PairDocument, a: str, b: str) -> str:
    """What a reader wants to know first; a summary holds no p, and whether a difference is shown."""
    p = found.p if found.p_holm is None else found.p_holm
    if p is None and found.significant is not None:
        p = 0.0 if found.significant else 1.0
    return f"{said.better(a, b, p, ALPHA)}."


def _pair_sentence(found: PairDocument, a: str) -> str:
    subjects = found.subjects
    if found.feedback == "summary" and found.significant is not None:
        measured = f" Both are {SAID}, others for each." if found.spot_checked else ""
        return f"This phase tells a summary: no results by subject, and no p values.{measured}"
    if subjects is None or found.p is None:
        return f"{said.unknown()}."
    better, worse = sum(one.a > one.b for one in subjects), sum(one.a < one.b for one in subjects)
    won = said.on_subjects(a, better, worse, len(subjects) - better - worse)
    return f"{won}; {said.swaps_give(found.difference, found.p)}."


def _pair_verdict(found: PairDocument) -> str:
    if found.p is None:
        return ""
    told = said.verdict(found.p, found.p_holm, ALPHA, exact=found.exact)
    return f"{told} {_alone(found)}" if found.p_holm is None else told


def _alone(found: PairDocument) -> str:
    """Why there is no p among the pairs of the board."""
    if found.ranked_by == "weighted_f1":
        return said.not_on_board()
    return said.other_metric(metric_name(found.ranked_by))


def _equivalence(found: EquivalenceDocument | None) -> str:
    """Whether the two are shown to be as good as each other, by the phase's margin."""
    if found is None or found.equivalent is None:
        return ""
    return said.equivalent(found.margin, known_interval(found.interval), ALPHA, shown=found.equivalent)


@dataclass(frozen=True, slots=True)
class PartLine:
    """One metric of two entries."""

    name: str
    a: str
    b: str
    difference: str
    p: str


def part_lines(found: PairDocument, classes: ClassNames = CNMC) -> list[PartLine]:
    """Where two entries part: each metric of both as it may be read, the difference and its exact p."""
    ours, theirs = (_side(found, submission) for submission in (found.a, found.b))
    secondary = {name: test.p for name, test in found.secondary.items()}
    lines = []
    for name, p in {"weighted_f1": found.p, **secondary}.items():
        values = ours.get(name), theirs.get(name)
        if values[0] is None or values[1] is None:
            continue
        digits = digits_of(found.feedback)
        told = [percent(value, digits) for value in values]
        difference = signed(values[0] - values[1], digits)
        lines.append(PartLine(classes.said(metric_name(name)), told[0], told[1], difference, p_number(p)))
    return lines


def tested(found: PairDocument) -> bool:
    """Whether there is a p of any metric; below full feedback there is none."""
    return any(p is not None for p in (found.p, *(test.p for test in found.secondary.values())))


def diagnosis(found: PairDocument, a: str, b: str) -> str:
    """The diagnosis by majority of whole subjects, compared; empty where the subjects are not known."""
    test = found.diagnosis
    return "" if test is None else said.diagnosis_test((a, b), (test.only_a, test.only_b), test.p)


def _side(found: PairDocument, submission: str) -> dict[str, float | None]:
    """The numbers of one of the two entries by their names."""
    side = next(one for one in found.entries if one.submission == submission)
    return {**side.metrics, "subject_accuracy": side.subject_accuracy}


def cell_level(found: PairDocument, a: str, b: str) -> str:
    """McNemar's test in a sentence that says what it is not; empty in a summary."""
    test, effect = found.mcnemar, found.design_effect
    if test is None:
        return ""
    told = said.cells_apart((a, b), (test.only_a, test.only_b), test.midp)
    if effect is None or not math.isfinite(effect):
        return told
    return f"{told} {said.design_effect(effect)}"


def aside_words(names: list[str]) -> str:
    """What is said of compared entries that count on no board, whose names say why; empty without any."""
    return f"Not on the board, and compared for the host alone: {listed(names)}." if names else ""


def report_words(report: SignificanceDocument) -> str:
    """What a comparison of many says, in a sentence."""
    if report.subjects is None:
        return f"{said.unknown()}."
    return f"{said.significant(report.significant, len(report.pairs), report.alpha)}."


@dataclass(frozen=True, slots=True)
class PairLine:
    """One pair among many; `ids` are its submissions."""

    ids: tuple[str, str]
    a: str
    b: str
    difference: str
    interval: str
    p: str
    p_holm: str
    significant: bool


def has_p(report: SignificanceDocument) -> bool:
    """Whether there is a p of any pair; in a summary there is none."""
    return any(pair.p is not None for pair in report.pairs)


def pair_lines(report: SignificanceDocument) -> list[PairLine]:
    """Every pair of a report, in leaderboard order."""
    ids = report.submissions
    return [
        PairLine(
            (ids[pair.a], ids[pair.b]),
            pair.a,
            pair.b,
            signed(pair.difference, digits_of(report.feedback)),
            signed_interval(known_interval(pair.interval), digits_of(report.feedback)),
            p_number(pair.p),
            p_number(pair.p_holm),
            bool(pair.significant) if pair.p_holm is None else pair.p_holm < report.alpha,
        )
        for pair in report.pairs
    ]
