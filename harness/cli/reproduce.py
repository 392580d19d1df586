"""`harness reproduce prellberg2019`: the paper's tables, figures and tests in one command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from harness import console
from harness.cli.options import PATH
from harness.cli.run_options import common_request, reproduce_options
from harness.cli.seed_list import Seeds
from harness.cli.sweep import done_by, where_of, where_options
from harness.errors import UsageWrong

if TYPE_CHECKING:
    from harness.reports.reproduction.report import Reproduction
    from harness.reports.reproduction.study import Study
    from harness.runs.plan import Plan, Request

PROPOSAL, NOSPECLR = "seresnext", "seresnext-nospeclr"

_OF_GIVEN = {"paper", "entries", "truth_file", "seeds", "out", "dry_run", "as_json"}
"""The parameters that mean something with --entries."""


@click.command()
@click.argument("paper", type=click.Choice(["prellberg2019"]))
@click.option("--seeds", type=Seeds(), default="0-23", show_default=True, help="Such as 0-23 or 0,3,5-7.")
@reproduce_options
@where_options
@click.option(
    "--as-published",
    is_flag=True,
    help="Leave out the files of h3, and keep shared cells (in place of --shared-cells).",
)
@click.option(
    "--entries",
    type=PATH,
    help="A folder of predictions, METHOD-seedNN.csv, in place of runs; needs --truth. All their seeds, or "
    "those of --seeds; options of runs are refused.",
)
@click.option("--truth", "truth_file", type=PATH, help="Label file for --entries.")
@click.option(
    "--out", type=PATH, default=Path("reproduction"), show_default=True, help="Where the report goes."
)
@click.option("--json", "as_json", is_flag=True, help="Print every event, then the report, a line each.")
def reproduce(
    paper: str,
    seeds: tuple[int, ...],
    out: Path,
    entries: Path | None,
    truth_file: Path | None,
    **options: Any,
) -> int:
    """Run the proposal and its ablations with many seeds, every epoch judged, and report as the paper does.

    Ends with report.html and report.md: Table 2 beside the published one, Figures 2 to 4, the tests over
    seeds and over subjects, and the final-phase zip of the best checkpoint. The same command again goes on.
    """
    context = click.get_current_context()
    if entries is not None:
        return _of_entries(context, entries, truth_file, out)
    _require_runs_only(context)
    return _of_runs(seeds, out, options)


def _of_entries(context: click.Context, folder: Path, truth_file: Path | None, out: Path) -> int:
    """Report what is given, or say what would be written; options of runs are refused."""
    from eval_server.judging.truth import read_truth
    from harness.reports.reproduction.from_entries import study_of_entries

    _require_given_only(context)
    if truth_file is None:
        raise UsageWrong("entries need the label file", "Name it with --truth or HARNESS_TRUTH.")
    asked = context.params["seeds"] if _is_chosen(context, "seeds") else None
    study, as_json = study_of_entries(folder, read_truth(truth_file), asked), context.params["as_json"]
    if context.params["dry_run"]:
        return _told_beforehand(study, out, as_json=as_json)
    return _told(study, (), out, as_json=as_json)


def _require_given_only(context: click.Context) -> None:
    """Raise `UsageWrong` where the command line asks given predictions for what only runs can do."""
    from eval_server.figures.wording import listed

    typed = [
        option.opts[0]
        for option in context.command.params
        if option.name not in _OF_GIVEN and _is_typed(context, str(option.name))
    ]
    if typed:
        raise UsageWrong(
            f"--entries runs nothing, so {listed(typed)} cannot be had",
            "Leave them out; without --entries the runs are done.",
        )


def _require_runs_only(context: click.Context) -> None:
    """Raise `UsageWrong` where an option would have no effect on the runs."""
    if _is_typed(context, "truth_file"):
        raise UsageWrong("--truth is for --entries only", "Runs know the labels of their data: leave it out.")
    if context.params["as_published"] and _is_chosen(context, "shared_cells"):
        raise UsageWrong(
            "--as-published keeps shared cells, so --shared-cells says the same or the contrary",
            "Leave one of the two out (HARNESS_SHARED_CELLS counts too).",
        )


def _is_typed(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is ParameterSource.COMMANDLINE


def _is_chosen(context: click.Context, name: str) -> bool:
    """Whether the user said it, by a variable too."""
    return context.get_parameter_source(name) is not ParameterSource.DEFAULT


def _of_runs(seeds: tuple[int, ...], out: Path, options: dict[str, Any]) -> int:
    """Sweep over both trainings, then judge every epoch."""
    from harness.runs.sweep.jobs import laid_out, requests_of
    from harness.runs.sweep.lookup import Lookup

    where, as_json = where_of(options), options["as_json"]
    lookup = Lookup(console.progress, here=where.here)
    requests = requests_of(_request(options), (PROPOSAL, NOSPECLR), seeds)
    jobs = laid_out(requests, lookup)
    code = done_by(where, jobs, lookup, options, as_json=as_json)
    if code or options["dry_run"]:
        return code
    plans = [lookup.draft(request) for request in requests]
    return _reported(plans, out, as_json=as_json)


def _request(options: dict[str, Any]) -> Request:
    """The published choice of epoch, so that each is judged."""
    asked = common_request({**options, "split": "prelim", "select": "best:test"}, "packed")
    if not options["as_published"]:
        return asked
    return replace(asked, shared_cells="keep", published_names=True)


def _reported(plans: Sequence[Plan], out: Path, *, as_json: bool) -> int:
    from harness.reports.reproduction.final_zip import write_final
    from harness.reports.reproduction.from_runs import study_of_runs

    by_entry = {name: [plan for plan in plans if plan.request.model == name] for name in (PROPOSAL, NOSPECLR)}
    console.say("judging every epoch")
    study = study_of_runs(by_entry[PROPOSAL], by_entry[NOSPECLR])
    seed = study.arms[0].best_run().seed
    best = next(plan for plan in by_entry[PROPOSAL] if plan.request.seed == seed)
    console.say(f"predicting the final phase by the best checkpoint, seed {seed}")
    out.mkdir(parents=True, exist_ok=True)
    final = write_final(best, out)
    note = f"{final.name}: the final phase by the best checkpoint (seed {seed}, run {best.folder.path.name})."
    return _told(study, (note,), out, as_json=as_json)


def _told_beforehand(study: Study, out: Path, *, as_json: bool) -> int:
    """What a report of given predictions would be of, and which files it would be; writes none."""
    from eval_server.figures.wording import counted
    from harness.reports.reproduction.rendering import files_of
    from harness.reports.reproduction.report import reproduction

    files = files_of(out, reproduction(study))
    methods = [{"name": arm.name, "seeds": [run.seed for run in arm.runs]} for arm in study.arms]
    if as_json:
        console.emit({"methods": methods, "would_write": [str(path) for path in files]})
        return 0
    for arm in study.arms:
        seeds = ", ".join(str(run.seed) for run in arm.runs)
        console.result(f"{arm.name}: {counted(len(arm.runs), 'seed')} ({seeds})")
    for path in files:
        console.result(f"would write  {path}")
    return 0


def _told(study: Study, notes: tuple[str, ...], out: Path, *, as_json: bool) -> int:
    from harness.reports.reproduction.rendering import write_report
    from harness.reports.reproduction.report import reproduction

    report = reproduction(study, notes)
    page, text = write_report(out, report)
    if as_json:
        console.event({"event": "report", **report.to_json(), "html": str(page), "markdown": str(text)})
        return 0
    _show(report)
    for name, path in (("page", page), ("text", text), ("pictures", page.parent / "pictures")):
        console.result(f"{name:12} {path}")
    return 0


def _show(report: Reproduction) -> None:
    """The main tables in the terminal."""
    from harness.reports.reproduction.tables import Rows

    console.result(report.answer)
    for section in report.sections[:2]:
        for block in section.blocks:
            if isinstance(block, Rows):
                console.table(block.columns, block.rows, title=block.title)
