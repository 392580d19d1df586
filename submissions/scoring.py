"""Labels and scores of a table out of its columns: one meaning, or a refusal that says what settles it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from submissions.agreement import all_called, disagreement
from submissions.columns import Gathered, LabelColumn, NumberColumn, Plan, Scale
from submissions.predictions import THRESHOLD
from submissions.problems import Problem

SUM_TOLERANCE = 0.0101
"""Two probabilities of two digits each add to 1 within so much."""

Labels = npt.NDArray[np.uint8]
Scores = npt.NDArray[np.float64]
Lines = Sequence[int]


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Labels and scores in the order of the rows, what they were read from, and what is wrong.

    `plain` says that nothing had to be assumed about the score.
    """

    labels: Labels
    scores: Scores | None
    problems: tuple[Problem, ...] = ()
    read_as: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    plain: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """The scores of a table, and in words where they come from."""

    values: Scores | None
    said: str = ""
    column: str = ""
    problems: tuple[Problem, ...] = ()
    plain: bool = True


def labelled(
    plan: Plan,
    labels: Sequence[LabelColumn],
    numbers: Mapping[int, NumberColumn],
    lines: Lines,
    scale: Scale | None,
) -> Scored:
    """Read the label and the score of every row; where both are there, the label counts."""
    label, problems = _label(plan, labels, lines)
    score = _score(plan, numbers, lines, scale)
    if score.values is None and label is not None and plan.confidence is not None and not problems:
        score = _confidence(plan, label, numbers[plan.confidence], lines, scale)
    problems = [*score.problems, *problems]
    read_as = [f"label from {plan.title(labels[0].at)}, ALL = 1"] if labels else []
    remarks: tuple[str, ...] = ()
    values = score.values
    if label is None:
        label = np.zeros(len(lines), np.uint8) if values is None else (values > THRESHOLD).astype(np.uint8)
        read_as = [f"label ALL where the score lies above {THRESHOLD:g}"]
        remarks = () if values is None or problems else all_called(values, score.column)
    elif values is not None and not problems:
        remarks = disagreement(label, values, lines, column=score.column)
    said = (*read_as, *([score.said] if score.said else []))
    return Scored(label, values, tuple(problems), said, remarks, score.plain)


def _label(plan: Plan, columns: Sequence[LabelColumn], lines: Lines) -> tuple[Labels | None, list[Problem]]:
    """The labels, None without such a column; two columns that differ are refused."""
    if not columns:
        return None, []
    problems = [problem for column in columns for problem in column.wrong.problems()]
    for other in columns[1:]:
        differ = np.flatnonzero(np.array(columns[0].values) != np.array(other.values)).tolist()
        if differ and not problems:
            problems = _differ("labels", plan, columns[0].at, other.at, [lines[at] for at in differ])
    return np.array(columns[0].values, dtype=np.uint8), problems


def _differ(what: str, plan: Plan, one: int, other: int, lines: Sequence[int]) -> list[Problem]:
    wrong = Gathered(
        f"two columns of {what} that differ",
        f"one column of {what}",
        "Keep the one that was predicted, and leave the other out or give it another name.",
    )
    for line in lines:
        wrong.add(line, f"{plan.title(one)} and {plan.title(other)}")
    return wrong.problems()


def _score(plan: Plan, numbers: Mapping[int, NumberColumn], lines: Lines, scale: Scale | None) -> _Found:
    """The probability of ALL from the columns that hold it."""
    if plan.hem is None and not plan.scores:
        return _Found(None)
    used = [*plan.scores, *([] if plan.hem is None else [plan.hem])]
    values = {at: np.array(numbers[at].values) for at in used}
    problems = [problem for at in used for problem in numbers[at].wrong.problems()]
    if problems:
        beyond = _beyond(values[used[0]], lines, scale or Scale.PROBABILITY, stated=scale is not None)
        return _Found(np.zeros(len(lines)), problems=(*problems, *beyond))
    for other in plan.scores[1:]:
        differ = np.flatnonzero(values[plan.scores[0]] != values[other])
        if differ.size:
            found = _differ("scores", plan, plan.scores[0], other, [lines[at] for at in differ.tolist()])
            return _Found(values[other], problems=tuple(found))
    if plan.hem is not None:
        return _of_both(plan, values, lines, scale)
    return _of_one(plan.title(plan.scores[0]), values[plan.scores[0]], lines, scale)


def _of_one(title: str, values: Scores, lines: Lines, scale: Scale | None) -> _Found:
    """One column: the probability of ALL, unless the scale says otherwise."""
    problems = _beyond(values, lines, scale or Scale.PROBABILITY, stated=scale is not None)
    shares = values if problems else _shares(values, scale)
    return _Found(shares, f"score from {title}, {_meaning(scale)}", title, tuple(problems), scale is None)


def _meaning(scale: Scale | None) -> str:
    meanings = {Scale.PERCENT: "the probability of ALL in percent", Scale.LOGIT: "a logit of ALL"}
    return meanings.get(scale, "the probability of ALL") if scale else "the probability of ALL"


def _shares(values: Scores, scale: Scale | None) -> Scores:
    if scale is None or scale is Scale.PROBABILITY:
        return values
    return np.array([scale.share(value) for value in values.tolist()])


def _beyond(values: Scores, lines: Lines, scale: Scale, *, stated: bool) -> list[Problem]:
    """Numbers that a scale does not have, with the option that says what they are."""
    top = {Scale.PROBABILITY: 1.0, Scale.PERCENT: 100.0, Scale.LOGIT: np.inf}[scale]
    low = -np.inf if scale is Scale.LOGIT else 0.0
    outside = np.flatnonzero((values < low) | (values > top))
    if not outside.size:
        return []
    wrong = Gathered(
        "a score that is no probability",
        f"a number from 0 to {top:g}",
        f"Scores are {scale} as was said; mend these rows." if stated else _settles(values),
    )
    for at in outside.tolist():
        wrong.add(lines[at], repr(f"{values[at]:g}"))
    return wrong.problems()


def _settles(values: Scores) -> str:
    """The option that says what numbers beyond [0, 1] are; the likelier meaning first."""
    logit = "--scores logit if these are logits"
    form = "(`scores_as` in a form); a score is the probability of ALL."
    if (values < 0).any() or (values > 100).any():
        return f"Say {logit} {form}"
    return f"Say --scores percent if these are percent, or {logit} {form}"


def _of_both(plan: Plan, values: Mapping[int, Scores], lines: Lines, scale: Scale | None) -> _Found:
    """The probability of HEM, beside that of ALL where it is there too."""
    assert plan.hem is not None
    hem, title = values[plan.hem], plan.title(plan.hem)
    if not plan.scores:
        problems = _beyond(hem, lines, scale or Scale.PROBABILITY, stated=scale is not None)
        shares = hem if problems else 1 - _shares(hem, scale)
        said = f"score from {title}, 1 minus the probability of HEM"
        return _Found(shares, said, title, tuple(problems), plain=False)
    ours, column = values[plan.scores[0]], plan.title(plan.scores[0])
    if scale is Scale.LOGIT:
        said = f"score from {column} and {title}, the softmax of two logits"
        return _Found(_shares(ours - hem, scale), said, column, (), plain=False)
    asked, stated = scale or Scale.PROBABILITY, scale is not None
    problems = _beyond(ours, lines, asked, stated=stated) or _beyond(hem, lines, asked, stated=stated)
    problems = problems or _sums(ours, hem, 100 if scale is Scale.PERCENT else 1, lines, column, title)
    shares = ours if problems else _shares(ours, scale)
    said = f"score from {column}, {_meaning(scale)}; {title} adds to 1 with it"
    return _Found(shares, said, column, tuple(problems), plain=False)


def _sums(ours: Scores, theirs: Scores, whole: int, lines: Lines, one: str, other: str) -> list[Problem]:
    off = np.flatnonzero(np.abs(ours + theirs - whole) > SUM_TOLERANCE * whole)
    wrong = Gathered(
        "two probabilities that do not add to 1",
        f"{one} and {other} that add to {whole}",
        "Give both as probabilities of one cell, say --scores logit if they are logits, or leave one out.",
    )
    for at in off.tolist():
        wrong.add(lines[at], f"{ours[at]:g} and {theirs[at]:g}")
    return wrong.problems()


def _confidence(plan: Plan, label: Labels, column: NumberColumn, lines: Lines, scale: Scale | None) -> _Found:
    """The confidence in the label that was predicted, turned into the probability of ALL."""
    problems = column.wrong.problems()
    values, title = np.array(column.values), plan.title(column.at)
    problems = problems or _beyond(values, lines, scale or Scale.PROBABILITY, stated=scale is not None)
    shares = values if problems else _shares(values, scale)
    said = f"score from {title}, the confidence in the label, turned into the probability of ALL"
    turned = np.where(label == 1, shares, 1 - shares)
    return _Found(turned, said, title, tuple(problems), plain=False)
