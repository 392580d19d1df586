"""`harness score`: one verdict, with intervals that know that cells of a subject are alike."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import JSON, SCORES, TRUST_LABELS, TRUTH

if TYPE_CHECKING:
    from eval_server.judging.hints import Hint
    from eval_server.judging.verdict import Verdict
    from eval_server.scoring.intervals import Interval
    from eval_server.scoring.subjects import Proportion


@click.command()
@click.argument("entry")
@TRUTH
@TRUST_LABELS
@SCORES
@JSON
def score(entry: str, truth_file: Path, trust_labels: bool, scale: str | None, as_json: bool) -> None:
    """Judge one submission against a label file.

    ENTRY is a submission zip, a run folder or a table of predictions as any program writes it: cells with
    labels, scores or both, in any order. What was assumed about a table is said, and so is a mistake that
    only looks like a bad model (labels inverted, lines in another order), with the number it would have had.
    """
    from eval_server.judging.hints import hints
    from eval_server.judging.truth import read_truth
    from eval_server.judging.verdict import judge
    from harness.reports.entries import open_entry, truth_for

    truth = read_truth(truth_file, trust_labels=trust_labels)
    opened = open_entry(entry, truth, scale)
    own = truth_for(opened, truth)
    verdict = judge(opened.predictions, own)
    found = hints(verdict.cells, own.phase.cells)
    remarks = tuple(dict.fromkeys((*opened.remarks, *verdict.remarks)))
    if as_json:
        from harness.console import emit

        said = {"remarks": list(remarks), "read_as": list(opened.read_as)}
        mistakes = [hint.to_json() for hint in found]
        emit({"entry": opened.name, **verdict.to_json(), **said, "hints": mistakes})
    else:
        _show(opened.name, verdict, (*opened.read_as, *remarks), found)


def _show(name: str, verdict: Verdict, remarks: tuple[str, ...], found: tuple[Hint, ...]) -> None:
    from eval_server.scoring.measures import MEASURES
    from harness import console

    console.result(headline(name, verdict))
    console.result(_sentence(verdict))
    shown = [one for one in MEASURES.values() if one.brief and one.name in verdict.metrics]
    rows = [_row(one.brief, verdict, one.name) for one in shown]
    console.table(("metric", "value", "95 % interval"), rows)
    for line in _subject_lines(verdict):
        console.result(line)
    for remark in remarks:
        console.say(f"Note: {remark}.", style="yellow")
    for hint in found:
        console.say(f"Hint: {hint}", style="bold yellow")


def headline(name: str, verdict: Verdict) -> str:
    """The one line that says it: weighted F1 with its interval."""
    value = f"{name}: weighted F1 {verdict.weighted_f1:.4f}"
    limits = verdict.intervals["weighted_f1"]
    where = f"{len(verdict.cells.labels):,} cells of the phase {verdict.phase}"
    between = f", 95 % interval {_limits(limits)}" if limits.estimable else ""
    return f"{value}{between} ({where})"


def _sentence(verdict: Verdict) -> str:
    limits = verdict.intervals["weighted_f1"]
    if verdict.subjects is None or not limits.estimable:
        return f"An interval is {limits.remark}."
    care = f" ({limits.remark})" if limits.remark else ""
    return (
        f"The interval takes the {len(verdict.subjects)} subjects as the unit, because cells of a subject "
        f"are alike: it says how far the value could lie with other subjects{care}."
    )


def _row(title: str, verdict: Verdict, key: str) -> tuple[str, str, str]:
    limits = verdict.intervals.get(key)
    value = verdict.metrics[key]
    return (
        title,
        "—" if value is None else f"{value:.4f}",
        _limits(limits) if limits and limits.estimable else "—",
    )


def _limits(interval: Interval) -> str:
    return f"[{interval.low:.3f}, {interval.high:.3f}]"


def _subject_lines(verdict: Verdict) -> list[str]:
    counts = verdict.confusion
    lines = [f"Cells: {counts.tp} TP, {counts.fn} FN, {counts.tn} TN, {counts.fp} FP (positive: ALL)."]
    told: Any = verdict.summary
    if told is None or verdict.subjects is None:
        return lines
    worst = min(verdict.subjects, key=lambda line: line.accuracy)
    mean = f"{told.mean.estimate:.3f}{' ' + _limits(told.mean) if told.mean.estimable else ''}"
    lines.append(
        f"Subjects: mean accuracy {mean}, median {told.median:.3f}, lowest {told.minimum:.3f} "
        f"({worst.subject}, {worst.correct} of {worst.cells} cells); {told.below_half} below one half."
    )
    votes = (("ALL", told.diagnosis.sensitivity), ("HEM", told.diagnosis.specificity))
    said = ", ".join(f"{_share(share)} {name}" for name, share in votes if share.of)
    return [*lines, f"Majority vote of the cells names {said} subjects rightly."] if said else lines


def _share(share: Proportion) -> str:
    return f"{share.hits} of {share.of} [{share.low:.2f}, {share.high:.2f}]"
