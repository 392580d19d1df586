"""Two or more entries side by side in words and numbers; pure functions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from eval_server.figures import statements
from eval_server.figures.wording import (
    counted,
    metric_name,
    p_number,
    p_words,
    percent,
    signed,
    signed_interval,
)
from eval_server.judging.report import Report
from eval_server.web.documents.comparisons import EquivalenceDocument, PairDocument
from eval_server.web.presenting.words import known_interval

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


def pair_view(found: PairDocument, names: Mapping[str, str]) -> PairView:
    """A comparison's document in words; `names` are those of the submissions."""
    a, b = names[found.a], names[found.b]
    limits = known_interval(found.interval)
    interval = "" if limits is None else signed_interval(limits)
    return PairView(
        a,
        b,
        _answer(found, a, b),
        signed(found.difference),
        interval,
        _pair_sentence(found, a),
        _pair_verdict(found, a, b),
        _equivalence(found.equivalence),
    )


def _answer(found: PairDocument, a: str, b: str) -> str:
    """What a reader wants to know first: which one is better, or that nobody can tell."""
    p = found.p if found.p_holm is None else found.p_holm
    if p is None:
        return f"{a} has the higher score; whether by chance cannot be judged."
    if p < ALPHA:
        return f"{a} is better than {b}."
    return f"{a} and {b} cannot be told apart."


def _pair_sentence(found: PairDocument, a: str) -> str:
    subjects = found.subjects
    if subjects is None or found.p is None:
        return "The subjects are not known, so chance over subjects cannot be judged."
    better = sum(one.a > one.b for one in subjects)
    even = sum(one.a == one.b for one in subjects)
    chance = "less than 0.01" if found.p < 0.0001 else f"{100 * found.p:.2g}"
    return (
        f"{a} is better on {better} of {counted(len(subjects), 'subject')}"
        + (f" and even on {even}" if even else "")
        + f"; a difference this large or larger would come up in {chance} % of swaps if the two were alike."
    )


def _pair_verdict(found: PairDocument, a: str, b: str) -> str:
    if found.p is None:
        return ""
    kind = "exact" if found.exact else "resampled"
    p_said = f"{p_words(found.p)}, {kind} subject-swap test"
    if found.p_holm is None:
        word = "is" if found.p < ALPHA else "is not"
        return f"Taken alone the difference {word} significant at 5 % ({p_said}). {_alone(found)}"
    said = f"{p_said}; {p_words(found.p_holm, name='Holm p')} among all pairs of the board"
    word = "is" if found.p_holm < ALPHA else "is not"
    return f"The difference {word} significant at 5 % ({said})."


def _alone(found: PairDocument) -> str:
    """Why there is no p among the pairs of the board."""
    if found.ranked_by == "weighted_f1":
        return "Not both stand on the board."
    return f"This is the difference in weighted F1; the board is ranked by {metric_name(found.ranked_by)}."


def _equivalence(found: EquivalenceDocument | None) -> str:
    """Whether the two are shown to be as good as each other, by the phase's margin."""
    if found is None or found.equivalent is None:
        return ""
    margin = f"±{100 * found.margin:g} points (90 % interval "
    limits = f"{signed_interval(known_interval(found.interval))})"
    if found.equivalent:
        return f"They are equivalent within {margin}{limits}."
    return f"That they are equivalent is not shown within {margin}{limits}."


@dataclass(frozen=True, slots=True)
class PartLine:
    """One metric of two entries."""

    name: str
    a: str
    b: str
    difference: str
    p: str


def part_lines(found: PairDocument) -> list[PartLine]:
    """Where two entries part: each metric of both as it may be read, the difference and its exact p."""
    ours, theirs = (_side(found, submission) for submission in (found.a, found.b))
    secondary = {name: test.p for name, test in found.secondary.items()}
    lines = []
    for name, p in {"weighted_f1": found.p, **secondary}.items():
        values = ours.get(name), theirs.get(name)
        if values[0] is None or values[1] is None:
            continue
        words = [percent(value) for value in values]
        difference = signed(values[0] - values[1])
        lines.append(PartLine(metric_name(name), words[0], words[1], difference, p_number(p)))
    return lines


def diagnosis(found: PairDocument, a: str, b: str) -> str:
    """The diagnosis by majority of whole subjects, compared; empty where the subjects are not known."""
    test = found.diagnosis
    return "" if test is None else statements.diagnosis_test((a, b), (test.only_a, test.only_b), test.p)


def _side(found: PairDocument, submission: str) -> dict[str, float | None]:
    """The numbers of one of the two entries by their names."""
    side = next(one for one in found.entries if one.submission == submission)
    return {**side.metrics, "subject_accuracy": side.subject_accuracy}


def cell_level(found: PairDocument, a: str, b: str) -> str:
    """McNemar's test in a sentence that says what it is not."""
    test = found.mcnemar
    said = (
        f"{counted(test.only_a, 'cell')} only {a} has right, {test.only_b:,} only {b} has right: "
        f"McNemar's {p_words(test.midp, name='mid-p')}. It takes cells for independent, which those of "
        "one subject are not, so it finds differences that are not there and decides nothing here."
    )
    effect = found.design_effect
    if effect is not None and math.isfinite(effect):
        said += f" Here it takes the variance to be {effect:.1f} times too small."
    return said


def report_words(report: Report) -> str:
    """What a comparison of many says, in a sentence."""
    pairs = len(report.pairs)
    if report.subjects is None:
        return "The subjects are not known, so chance over subjects cannot be judged."
    if not report.significant:
        return f"None of the {pairs} differences can be told from chance at 5 %."
    verb = "is" if report.significant == 1 else "are"
    return (
        f"{report.significant} of {pairs} differences {verb} significant at 5 % (exact subject-swap test of "
        f"weighted F1, adjusted by Holm over these {pairs} pairs)."
    )


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


def pair_lines(report: Report, ids: Mapping[str, str]) -> list[PairLine]:
    """Every pair of a report, in leaderboard order."""
    return [
        PairLine(
            (ids[pair.a], ids[pair.b]),
            pair.a,
            pair.b,
            signed(pair.difference),
            signed_interval(known_interval(pair.interval.limits)),
            p_number(pair.p),
            p_number(pair.p_holm),
            pair.p_holm is not None and pair.p_holm < report.alpha,
        )
        for pair in report.pairs
    ]
