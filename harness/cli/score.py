"""`harness score`: one verdict, with intervals that know that cells of a subject are alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import DATA, JSON, KNOWN_TRUTH, SCORES, TRUST_LABELS, asked_truth, split_option

if TYPE_CHECKING:
    from eval_server.judging.verdict import Verdict
    from eval_server.scoring.intervals import Interval
    from eval_server.scoring.subjects import Proportion
    from harness.reports.judged import Judged

COLUMNS = ("metric", "value", "95 % interval")


@click.command()
@click.argument("entry")
@KNOWN_TRUTH
@TRUST_LABELS
@split_option()
@DATA
@SCORES
@click.option(
    "--next-subjects",
    type=click.IntRange(1),
    help="Also tell where weighted F1 will lie on so many other subjects of the same kind.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(("table", "markdown", "csv", "json")),
    default="table",
    show_default=True,
)
@JSON
def score(
    entry: str,
    truth_file: Path | None,
    trust_labels: bool,
    split: str | None,
    data_root: Path,
    scale: str | None,
    next_subjects: int | None,
    form: str,
    as_json: bool,
) -> None:
    """Judge one submission against a label file, or against the labels that are known.

    ENTRY is a submission zip, a run folder or a table of predictions as any program writes it: cells with
    labels, scores or both, in any order. A run of a fold needs no label file, and one of prelim none where
    the data hold it; for other files --split says which is meant. What was assumed about a table is said, and
    so is a mistake that only looks like a bad model (labels inverted, lines in another order), with the
    number it would have had.
    """
    from harness.python.judging import score_of
    from harness.reports.judged import judged

    found = judged([entry], asked_truth(truth_file, split, data_root, trust_labels=trust_labels), scale)
    ((name, verdict),) = found.verdicts.items()
    if as_json or form == "json":
        from harness.console import emit

        emit(score_of(found).to_dict() | _foreseen(verdict, next_subjects))
    elif form == "table":
        _show(name, verdict, found, next_subjects)
    else:
        _show_plain(name, verdict, found, form, next_subjects)


def _foreseen(verdict: Verdict, subjects: int | None) -> dict[str, Any]:
    ahead = _ahead(verdict, subjects)
    return {} if ahead is None else {"next_subjects": {"subjects": subjects, **ahead.to_json()}}


def _ahead(verdict: Verdict, subjects: int | None) -> Interval | None:
    """Where weighted F1 will lie on other subjects; None where it was not asked or they are not known."""
    if subjects is None or verdict.tally is None:
        return None
    from eval_server.scoring.foresight import next_interval

    return next_interval(verdict.tally, subjects)


def _ahead_lines(verdict: Verdict, subjects: int | None) -> list[str]:
    if subjects is None:
        return []
    from eval_server.figures.statements.intervals import few_of_a_class, next_subjects, nothing_ahead

    found = _ahead(verdict, subjects)
    if found is None or found.low is None or found.high is None:
        return [nothing_ahead("the subjects are not known" if found is None else found.remark)]
    few = few_of_a_class(verdict.tally.fewest) if verdict.tally else ""
    return [next_subjects(subjects, found.low, found.high), *filter(None, [few])]


def _remarks(name: str, verdict: Verdict, found: Judged) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*found.remarks[name], *verdict.remarks)))


def _show(name: str, verdict: Verdict, found: Judged, subjects: int | None) -> None:
    from harness import console
    from harness.runs.verdict_words import headline, weakness

    console.result(headline(name, verdict))
    console.result(_sentence(verdict))
    console.table(COLUMNS, _rows(verdict))
    for line in (*_subject_lines(verdict), *_ahead_lines(verdict, subjects), weakness(verdict)):
        if line:
            console.result(line)
    for remark in (*found.notes, *found.read_as.get(name, ()), *_remarks(name, verdict, found)):
        console.say(f"Note: {remark}.", style="yellow")
    for hint in found.hints.get(name, ()):
        console.say(f"Hint: {hint}", style="bold yellow")


def _show_plain(name: str, verdict: Verdict, found: Judged, form: str, subjects: int | None) -> None:
    """Markdown with all that belongs to it, or the numbers alone as CSV, with all their digits."""
    from harness import console
    from harness.reports.pair_tables import csv_text
    from harness.runs.verdict_words import headline, weakness

    if form == "csv":
        console.result(csv_text(("metric", "value", "low", "high"), _numbers(verdict)).rstrip("\n"))
        return
    rows = [COLUMNS, ("---", "---:", "---:"), *_rows(verdict)]
    drawn = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    notes = (*found.notes, *found.read_as.get(name, ()), *_remarks(name, verdict, found))
    said = [f"- {remark}." for remark in notes] + [f"- Hint: {hint}" for hint in found.hints.get(name, ())]
    lines = (*_subject_lines(verdict), *_ahead_lines(verdict, subjects))
    parts = (headline(name, verdict), _sentence(verdict), drawn, *lines, weakness(verdict))
    console.result("\n\n".join(filter(None, (*parts, "\n".join(said)))))


def _rows(verdict: Verdict) -> list[tuple[str, str, str]]:
    from eval_server.scoring.measures import MEASURES

    shown = [one for one in MEASURES.values() if one.brief and one.name in verdict.metrics]
    return [_row(one.brief, verdict, one.name) for one in shown]


def _numbers(verdict: Verdict) -> Iterator[tuple[Any, ...]]:
    for key, value in verdict.metrics.items():
        limits = verdict.intervals.get(key)
        yield key, value, *(limits.limits if limits is not None and limits.estimable else (None, None))


def _sentence(verdict: Verdict) -> str:
    limits = verdict.intervals["weighted_f1"]
    from eval_server.figures.statements.intervals import interval_means, interval_takes, no_interval

    if verdict.subjects is None or not limits.estimable:
        return no_interval(limits.remark)
    care = f" ({limits.remark})" if limits.remark else ""
    return f"{interval_takes(len(verdict.subjects))} {interval_means()}{care}."


def _row(title: str, verdict: Verdict, key: str) -> tuple[str, str, str]:
    from eval_server.figures.statements.intervals import MARK
    from eval_server.scoring.measures import measure

    limits = verdict.intervals.get(key)
    value = verdict.metrics[key]
    mark = f" {MARK}" if measure(key).marked else ""
    return (
        title,
        "—" if value is None else f"{value:.4f}",
        f"{_limits(limits)}{mark}" if limits and limits.estimable else "—",
    )


def _limits(interval: Interval) -> str:
    from harness.runs.verdict_words import interval_words

    return interval_words(interval)


def _subject_lines(verdict: Verdict) -> list[str]:
    from eval_server.figures.statements.intervals import MARK, marked_means, votes

    counts = verdict.confusion
    lines = [f"Cells: {counts.tp} TP, {counts.fn} FN, {counts.tn} TN, {counts.fp} FP (positive: ALL)."]
    told: Any = verdict.summary
    if told is None or verdict.subjects is None:
        return lines
    worst = min(verdict.subjects, key=lambda line: line.accuracy)
    between = f" {_limits(told.mean)} {MARK}" if told.mean.estimable else ""
    mean = f"{told.mean.estimate:.3f}{between}"
    if told.mean_over_classes is not None:
        leukemic, normal = told.by_class
        mean += (
            f" (leukemic {leukemic:.3f}, normal {normal:.3f}, of both classes {told.mean_over_classes:.3f})"
        )
    lines.append(
        f"Subjects: mean accuracy {mean}, median {told.median:.3f}, lowest {told.minimum:.3f} "
        f"({worst.subject}, {worst.correct} of {worst.cells} cells); {told.below_half} below one half."
    )
    named = (("ALL", told.diagnosis.sensitivity), ("HEM", told.diagnosis.specificity))
    shares = [f"{_share(share)} {name}" for name, share in named if share.of]
    lines.extend([votes(shares)] if shares else [])
    return [*lines, marked_means()] if MARK in between else lines


def _share(share: Proportion) -> str:
    return f"{share.hits} of {share.of} [{share.low:.2f}, {share.high:.2f}]"
