"""A submission as its page shows it: status, headline, pictures, metrics, worst cells; pure functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import numpy as np

from eval_server.figures.entries import Curve, confusion, roc, roc_curve, subject_accuracy
from eval_server.figures.picture import Picture
from eval_server.figures.showing import pictures_of_entry
from eval_server.figures.statements import ranks as of_ranks
from eval_server.figures.statements.intervals import MARK, best_of, interval_says, no_interval
from eval_server.figures.wording import (
    ABSENT,
    interval_words,
    metric_name,
    metric_words,
    percent,
)
from eval_server.judging.placing import ALPHA
from eval_server.judging.spot_check import SAID
from eval_server.judging.verdict import CellLevel, Verdict
from eval_server.scoring.measures import MEASURES, Unit, measure
from eval_server.store.records import WITHDRAWN
from eval_server.web.documents.boards import LeaderboardDocument, StandingDocument
from eval_server.web.documents.publishing import DIGITS
from eval_server.web.documents.results import BestOfDocument, IntervalDocument
from eval_server.web.documents.submissions import SubmissionDocument
from eval_server.web.documents.teams import OwnSubmission
from eval_server.web.presenting.words import (
    digits_of,
    duration,
    known_interval,
    moment,
)
from submissions.classes import CNMC, ClassNames

NOT_PLACED = "Its place is being worked out: the leaderboard is being made anew."


def status_words(found: SubmissionDocument) -> str:
    """Where a submission stands, in a sentence."""
    if found.status in ("received", "checking"):
        return "It has arrived and is being judged; this page shows the result in a moment."
    when = _when(found)
    if found.status == "scored":
        return f"Scored {when}."
    if found.status == "refused":
        return f"Refused {when}. It does not count against the quota of scored submissions."
    return f"It could not be judged ({when})."


def set_aside_words(found: SubmissionDocument) -> tuple[str, ...]:
    """That a submission does not count, since when and why, and what follows; empty where it counts."""
    if found.set_aside is None:
        return ()
    who = (
        "Withdrawn by its team" if found.set_aside == WITHDRAWN else f"{found.set_aside.title()} by the host"
    )
    said = f"{who} on {moment(found.set_aside_at or found.submitted_at)}"
    said += f": {found.set_aside_reason}" if found.set_aside_reason else "."
    if found.withdrawn and found.set_aside != WITHDRAWN:
        said += " (Its team has withdrawn it as well.)"
    seen = "only its team and the host see this page"
    return said, f"It stands on no board, and only the host may compare it; {seen}."


def _when(found: SubmissionDocument) -> str:
    """When this was decided: so long after it arrived, or once more at a moment and for a reason."""
    arrivals = [step for step in found.history if step.status == "received"]
    if len(arrivals) > 1:
        note = arrivals[-1].note
        return f"anew on {moment(found.decided_at or found.submitted_at)}" + (f": {note}" if note else "")
    took = datetime.fromisoformat(found.decided_at or found.submitted_at)
    seconds = (took - datetime.fromisoformat(found.submitted_at)).total_seconds()
    return f"{duration(seconds)} after it arrived"


@dataclass(frozen=True, slots=True)
class Headline:
    """The number of a submission, what it means, and where it stands."""

    interval: str
    sentence: str
    place: str


def headline(
    found: SubmissionDocument,
    board: LeaderboardDocument,
    classes: ClassNames = CNMC,
    *,
    placed: bool = True,
) -> Headline:
    """The headline of a scored submission, with its place where the board shows it.

    `placed` says whether the board at hand knows it already.
    """
    value = found.intervals.get("weighted_f1")
    if value is None:
        return Headline("", told_of(found), _place(found, board, placed=placed))
    interval = known_interval(value.interval)
    subjects = board.subjects if found.subjects is None else found.subjects.count
    said, digits = _right(found), digits_of(found.feedback)
    if interval is None or subjects is None:
        reason = classes.said(value.remark) or "it cannot be estimated here"
        there = "" if interval is None else interval_words(interval, digits)
        why = "" if interval is not None else no_interval(reason)
        return Headline(there, f"{said} {why}".strip(), _place(found, board, placed=placed))
    sentence = f"{said} {interval_says(subjects, *interval)}".strip()
    return Headline(interval_words(interval, digits), sentence, _place(found, board, placed=placed))


def headline_metric(found: SubmissionDocument, ranked_by: str) -> tuple[str, float | None]:
    """The number that a page begins with: weighted F1, or the ranked metric where that alone is told."""
    name = "weighted_f1" if "weighted_f1" in found.metrics else ranked_by
    return name, found.metrics.get(name)


def told_of(found: SubmissionDocument) -> str:
    """What of a result is not told, in a sentence; empty at full feedback."""
    luck = "so the best of several is in part the luckiest"
    measured = f" It is {SAID}, others for each submission, {luck}." if found.spot_checked else ""
    if found.feedback == "summary":
        return f"This phase tells a summary: no results by subject, and no confusion matrix.{measured}"
    if found.feedback == "score":
        return f"This phase tells the score alone.{measured}"
    return ""


def _right(found: SubmissionDocument) -> str:
    counts = found.confusion
    if counts is None:
        return told_of(found)
    return f"{counts.tp + counts.tn:,} of {found.cells:,} cells are called right."


def _place(found: SubmissionDocument, board: LeaderboardDocument, *, placed: bool) -> str:
    if found.set_aside:
        return ""
    if board.visible and not placed:
        return NOT_PLACED
    for one in board.standings:
        if one.submission == found.id:
            entries, held = len(board.standings), one.tested_ranks
            if held is None or held[0] == held[1]:
                return f"It holds {of_ranks.place(one.rank, entries)}."
            beside = f"It is {of_ranks.beside_others(held, entries)}."
            said = of_ranks.may_hold(held, entries), beside, rank_alone(one, entries)
            return " ".join(filter(None, said))
    return "Another submission stands for its team on the board." if board.visible else ""


def best_of_words(told: BestOfDocument | None, metric: str) -> str:
    """That a number is the best of many; empty where it is not."""
    return "" if told is None else best_of(told.tries, told.optimism, metric_name(metric))


def rank_alone(one: StandingDocument | OwnSubmission, entries: int) -> str:
    """What is known of its rank where nobody asks about the others; empty where that is nothing."""
    if one.own_rank_set is None or one.among_best is None or tuple(one.own_rank_set) == (1, entries):
        return ""
    return of_ranks.own_rank("it", one.own_rank_set, one.among_best, entries, ALPHA)


def own_words(one: OwnSubmission, metric: str) -> str:
    """What a team's page says of what stands for it: its ranks taken alone, and its worth as the best."""
    alone = rank_alone(one, one.entries) if one.rank_set is not None and one.entries > 1 else ""
    return " ".join(filter(None, (alone, best_of_words(one.best_of, metric))))


@dataclass(frozen=True, slots=True)
class MetricLine:
    """One metric of a submission as its table has it."""

    name: str
    value: str
    interval: str


@dataclass(frozen=True, slots=True)
class MetricTable:
    """The metrics of a submission, and which of the table's parts have something to show."""

    lines: tuple[MetricLine, ...]

    @property
    def intervals(self) -> bool:
        """Whether any metric has an interval, or a word why it has none."""
        return any(line.interval != ABSENT for line in self.lines)

    @property
    def marked(self) -> bool:
        """Whether any interval bears the mark that a footnote explains."""
        return any(MARK in line.interval for line in self.lines)


def metric_lines(found: SubmissionDocument, classes: ClassNames = CNMC) -> list[MetricLine]:
    """All metrics of a scored submission, percentages first."""
    metrics, intervals = found.metrics, found.intervals
    names = dict.fromkeys([*(name for name in MEASURES if name in metrics), *metrics])
    words_of = _coarse if found.feedback != "full" else metric_words
    lines = [_metric_line(name, metrics[name], intervals.get(name), words_of, classes) for name in names]
    if found.subjects is not None:
        summary = found.subjects
        limits = known_interval(summary.mean_interval)
        words = _limits(percent, limits, classes.said(summary.mean_remark), marked=True)
        lines.insert(1, MetricLine("subject accuracy, %", percent(summary.mean_accuracy), words))
    return lines


def _coarse(name: str, value: float | None) -> str:
    """A number of which a tenth of a percent is told, as a table has it."""
    if value is None or measure(name).unit is Unit.PLAIN:
        return ABSENT if value is None else f"{value:.{DIGITS}f}"
    return percent(value, 1)


def _metric_line(
    name: str,
    value: float | None,
    interval: IntervalDocument | None,
    words_of: Callable[[str, float | None], str],
    classes: ClassNames,
) -> MetricLine:
    limits = None if interval is None else known_interval(interval.interval)
    remark = "" if interval is None else classes.said(interval.remark)
    return MetricLine(
        classes.said(metric_name(name)) + measure(name).unit.value,
        words_of(name, value),
        _limits(partial(words_of, name), limits, remark, marked=measure(name).marked),
    )


def _limits(
    words_of: Callable[[float], str],
    limits: tuple[float, float] | None,
    remark: str,
    *,
    marked: bool,
) -> str:
    if limits is None:
        return remark or ABSENT
    words = " to ".join(words_of(end) for end in limits) + (f" {MARK}" if marked else "")
    return f"{words} ({remark})" if remark else words


def pictures_of(
    name: str, verdict: Verdict, *, host: bool, classes: ClassNames = CNMC
) -> tuple[Picture, ...]:
    """The pictures of a submission; only the host's ROC shows single cells."""
    if host:
        return pictures_of_entry(name, verdict, classes=classes)
    found = [confusion(name, verdict.confusion, classes)]
    curve = coarse_roc(name, verdict)
    if curve is not None:
        found.append(roc([curve], classes))
    if verdict.subjects is not None:
        found.append(subject_accuracy(name, verdict.subjects, classes))
    return tuple(found)


def coarse_roc(name: str, verdict: Verdict) -> Curve | None:
    """The ROC curve at every twentieth of the false alarms, in whole percent: no step is a single cell.

    The full staircase would tell whoever knows the scores the label of every cell.
    """
    area = verdict.metrics.get("auc")
    if verdict.cells.scores is None or area is None:
        return None
    full = roc_curve(name, verdict.cells.scores, np.asarray(verdict.cells.labels == 1), area)
    alarms = np.linspace(0, 1, 21)
    found = np.round(np.interp(alarms, full.x, full.y), 2)
    found[0], found[-1] = 0.0, 1.0
    return Curve(name, alarms, found, round(area, DIGITS))


@dataclass(frozen=True, slots=True)
class WrongCell:
    """A cell that is called wrong; only a host sees one."""

    name: str
    subject: str
    leukemic: bool
    score: float | None


def worst_cells(verdict: Verdict, cells: Sequence[str], most: int = 24) -> list[WrongCell]:
    """The wrong cells, the most certain mistakes first; without scores by the subject's errors."""
    level = verdict.cells
    wrong = np.flatnonzero(~level.correct)
    if level.scores is not None:
        certain = np.abs(level.scores[wrong] - 0.5)
    elif level.subjects is not None:
        certain = np.bincount(level.subjects[wrong], minlength=1)[level.subjects[wrong]]
    else:
        certain = np.zeros(len(wrong))
    order = wrong[np.argsort(-certain, kind="stable")][:most]
    return [
        WrongCell(
            cells[at],
            subject_of(level, at),
            bool(level.labels[at] == 1),
            None if level.scores is None else float(level.scores[at]),
        )
        for at in order.tolist()
    ]


def subject_of(level: CellLevel, at: int) -> str:
    """The subject of a cell, empty where it is not known."""
    return "" if level.subjects is None or level.names is None else level.names[level.subjects[at]]
