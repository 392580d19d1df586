"""`harness seeds`: methods over many seeds, as the paper's Table 2, with effect sizes and tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import DATA, JSON, KNOWN_TRUTH, PATH, TRUST_LABELS, asked_truth, split_option
from submissions.writing import write_whole

if TYPE_CHECKING:
    from eval_server.scoring.seeds import SeedSummary
    from harness.reports.known_truth import Asked
    from harness.reports.seeds import Method, MethodPair, SeedReport

SOURCE = "Prellberg and Kramer 2019, Table 2 (24 runs, best epoch of each on the test set)"


@click.command()
@click.argument("runs", nargs=-1, required=True)
@KNOWN_TRUTH
@split_option()
@DATA
@click.option(
    "--metric", default="weighted_f1", show_default=True, help="What the tests compare, or a table holds."
)
@click.option("--published", is_flag=True, help="Print the paper's own Table 2 below.")
@click.option(
    "--better", help="The method that was expected to be better, named before looking: one-sided tests."
)
@click.option("--pairs", "pairs_file", type=PATH, help="Write every pair with its tests as a CSV file.")
@TRUST_LABELS
@JSON
def seeds(
    runs: tuple[str, ...],
    truth_file: Path | None,
    split: str | None,
    data_root: Path,
    metric: str,
    published: bool,
    better: str | None,
    pairs_file: Path | None,
    trust_labels: bool,
    as_json: bool,
) -> None:
    """Compare methods over seeds.

    RUNS is one table with a column seed and a column of shares for each method, or run folders, zips
    and predictions.csv files of several seeds, grouped as METHOD=PATTERN or by their names.
    """
    from harness import console

    asked = asked_truth(truth_file, split, data_root, trust_labels=trust_labels)
    report = _reported(runs, asked, metric, better)
    if pairs_file is not None:
        from harness.reports.pair_tables import pairs_of_methods

        write_whole(pairs_file, pairs_of_methods(report))
        console.say(f"wrote {pairs_file}")
    if as_json:
        console.emit({**report.to_json(), **({"published": _published_document()} if published else {})})
    else:
        _show(report, published=published)


def _reported(runs: tuple[str, ...], asked: Asked, metric: str, better: str | None) -> SeedReport:
    from harness.errors import UsageWrong
    from harness.reports.known_truth import truth_of
    from harness.reports.seed_runs import (
        fitting_runs,
        is_table,
        named_pattern,
        read_seed_runs,
        read_seed_table,
    )
    from harness.reports.seeds import report_of_runs, report_of_table

    if any(is_table(Path(text)) for text in runs):
        if len(runs) > 1:
            raise UsageWrong("a table of seeds stands alone", "Put every method into one table, as a column.")
        return report_of_table(read_seed_table(Path(runs[0]), metric), better)
    _check_metric(metric)
    paths = [path for text in runs for path in fitting_runs(named_pattern(text)[1])]
    return report_of_runs(read_seed_runs(runs, truth_of(paths, asked)), metric, better)


def _check_metric(metric: str) -> None:
    from eval_server.scoring.metrics import METRICS
    from harness.errors import UsageWrong

    if metric not in METRICS:
        raise UsageWrong(f"there is no metric {metric!r}", f"The metrics are {', '.join(METRICS)}.")


def _published_document() -> dict[str, object]:
    from dataclasses import asdict

    from harness.reports.seeds import PUBLISHED

    return {"source": SOURCE, "summary": {metric: asdict(found) for metric, found in PUBLISHED.items()}}


def _show(report: SeedReport, *, published: bool) -> None:
    from textwrap import fill

    from harness import console
    from harness.reports.seeds import PUBLISHED

    if all(len(method.summaries) == 1 for method in report.methods):
        rows = {_title(method): method.summaries[report.metric] for method in report.methods}
        _show_table(f"{_words(report.metric)}, %", rows)
    else:
        for method in report.methods:
            _show_table(_title(method), {_words(name): one for name, one in method.summaries.items()})
    if published:
        _show_table(f"published: {SOURCE}", {_words(name): one for name, one in PUBLISHED.items()})
    width = min(console.width(), 100)
    for pair in report.pairs:
        console.result(f"{pair.a} against {pair.b}, {_words(report.metric)}")
        for line in _pair_lines(pair, alone=len(report.pairs) == 1):
            console.result(fill(f"  {line}", width, subsequent_indent="    "))
        console.result("")
    for sentence in _notes(report):
        console.say(fill(f"Note: {sentence}", width))


def _title(method: Method) -> str:
    from eval_server.figures.wording import counted

    seeds = method.seeds
    count = counted(next(iter(method.summaries.values())).seeds, "seed")
    which = "" if seeds is None else f", {seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else f", {seeds[0]}"
    remarks = f" ({', '.join(method.remarks)})" if method.remarks else ""
    return f"{method.name}: {count}{which}{remarks}"


def _show_table(title: str, summaries: Mapping[str, SeedSummary]) -> None:
    from harness import console

    rows = [_row(name, found) for name, found in summaries.items()]
    console.table(("%", "min", "mean ± sd", "max", "sd (ddof 1)"), rows, title=title)


def _row(name: str, found: SeedSummary) -> tuple[str, ...]:
    from eval_server.figures.wording import percent

    mean = f"{percent(found.mean)} ± {percent(found.sd)}"
    return name, percent(found.minimum), mean, percent(found.maximum), percent(found.sd_sample)


def _words(metric: str) -> str:
    return metric.replace("_", " ").replace(" f1", " F1")


def _pair_lines(pair: MethodPair, *, alone: bool) -> Iterator[str]:
    from eval_server.figures.statements import seeds as said

    yield from _over_seeds(pair, alone=alone)
    if pair.both is None:
        yield said.not_both(pair.why_not_both)
    else:
        yield from said.both_lines(pair.both)


def _over_seeds(pair: MethodPair, *, alone: bool) -> Iterator[str]:
    """What the seeds alone say; a single seed each says nothing but the difference of the two runs."""
    from eval_server.figures.statements import seeds as said

    found = pair.seeds
    if found.a12 is None:
        yield said.two_runs(found)
        return
    yield said.mann_whitney(found.u, pair.p, None if alone else pair.p_holm, pair.better)
    yield said.effects(pair.a, pair.b, found)
    yield said.shift(found.shift)
    if found.paired is not None:
        yield said.paired(pair.a, found.paired)


def _notes(report: SeedReport) -> Iterator[str]:
    from eval_server.figures.statements.seeds import both_speak, over_seeds

    if report.pairs:
        which = "these cells" if report.subjects is None else f"these {report.subjects} subjects"
        yield over_seeds(which)
    if any(pair.both is not None for pair in report.pairs):
        yield both_speak()
    yield "sd is the population sd (ddof 0) as in the paper; the sample sd (ddof 1) stands beside it."
