"""`harness sweep`: many runs of a few entries, here or on a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from harness import console
from harness.cli.run_options import common_request, sweep_options
from harness.cli.seed_list import Seeds
from harness.errors import UsageWrong

if TYPE_CHECKING:
    from harness.runs.sweep.cost import Cost
    from harness.runs.sweep.crews import Where
    from harness.runs.sweep.jobs import Job

ANEW = "With --fresh the same command starts the damaged runs over; all others go on."

WHERE_OPTIONS = (
    click.option("--jobs", type=click.IntRange(1, 256), default=1, show_default=True, help="Processes here."),
    click.option("--gpus", help="One process on each of these GPUs: 0,1 or `all`."),
    click.option("--scheduler", metavar="tcp://HOST:PORT", help="Scheduler of a Dask cluster."),
    click.option(
        "--local-cluster", type=click.IntRange(1, 256), help="A Dask cluster here, of so many workers."
    ),
)


def where_options(command: Any) -> Any:
    """Give a command the options that say who does the runs."""
    for option in reversed(WHERE_OPTIONS):
        command = option(command)
    return command


@click.command()
@click.option("--model", "models", required=True, help="Entries, apart by commas.")
@click.option("--seeds", type=Seeds(), default="0-23", show_default=True, help="Such as 0-23 or 0,3,5-7.")
@sweep_options
@where_options
@click.option("--json", "as_json", is_flag=True, help="Print every event as a JSON document of one line.")
def sweep(models: str, seeds: tuple[int, ...], as_json: bool, **options: Any) -> int:
    """Do every entry with every seed; the same command again does what is left.

    A failed run stops no other. The exit code is that of the worst run. An entry that learns what another
    one learns, as seresnext-norot and seresnext, takes over its fit.
    """
    from harness.runs.sweep.jobs import laid_out, requests_of
    from harness.runs.sweep.lookup import Lookup

    where = where_of(options)
    names = [name.strip() for name in models.split(",") if name.strip()]
    if not names:
        raise UsageWrong("no entry is named", "Write --model seresnext,seresnext-norot.")
    lookup = Lookup(console.progress, here=where.here)
    jobs = laid_out(requests_of(common_request(options, "packed"), names, seeds), lookup)
    return done_by(where, jobs, lookup, options, as_json=as_json)


def where_of(options: dict[str, Any]) -> Where:
    """Who does the runs, as these options say; raises where nobody could."""
    from harness.runs.sweep.crews import Where, gpus_of, require_place

    gpus = gpus_of(options["gpus"])
    where = Where(options["jobs"], gpus, options["scheduler"], options["local_cluster"])
    require_place(where)
    return where


def done_by(
    where: Where, jobs: tuple[Job, ...], lookup: Any, options: dict[str, Any], *, as_json: bool
) -> int:
    """Tell the plan, do the runs, tell how they ended; returns the exit code."""
    from harness.runs.sweep.cost import costs
    from harness.runs.sweep.jobs import begun_anew

    found = costs(jobs, lookup)
    if options["dry_run"]:
        _show_plan(jobs, found, options, as_json=as_json)
        return _refused(jobs, fresh=options["fresh"])
    del lookup  # each process looks for itself
    tell_plan(jobs, found, options, as_json=as_json)
    from harness.cli.sweep_table import followed

    return followed(where, begun_anew(jobs) if options["fresh"] else jobs, as_json=as_json)


def _refused(jobs: tuple[Job, ...], *, fresh: bool) -> int:
    """The exit code of a plan: that of the runs that would be refused, which a fresh start mends."""
    stay = (job.refusal.exit_code for job in jobs if job.refusal and not (fresh and job.damaged))
    return max(stay, default=0)


def _plan_document(jobs: tuple[Job, ...], found: tuple[Cost, ...]) -> dict[str, Any]:
    return {"runs": [job.to_json() for job in jobs], "costs": [one.to_json() for one in found]}


def _show_plan(
    jobs: tuple[Job, ...], found: tuple[Cost, ...], options: dict[str, Any], *, as_json: bool
) -> None:
    if as_json:
        console.emit(_plan_document(jobs, found))
        return
    rows = [(job.entry, str(job.seed), _state(job), job.run) for job in jobs]
    console.table(("entry", "seed", "state", "run"), rows, left=(0, 2, 3))
    for line in (*plan_lines(jobs, found), *refused_lines(jobs, fresh=options["fresh"])):
        console.result(line)


def _state(job: Job) -> str:
    if job.refusal is not None:
        return "refused"
    return "done" if job.done else "to do"


def tell_plan(
    jobs: tuple[Job, ...], found: tuple[Cost, ...], options: dict[str, Any], *, as_json: bool
) -> None:
    """Say what is done and what is left, and what that will cost."""
    if as_json:
        console.event({"event": "planned", **_plan_document(jobs, found)})
        return
    for line in (*plan_lines(jobs, found), *refused_lines(jobs, fresh=options["fresh"])):
        console.say(line)


def refused_lines(jobs: tuple[Job, ...], *, fresh: bool) -> list[str]:
    """What each run is refused for, or that it starts over."""
    anew = " Starts over: all it has is thrown away." if fresh else ""
    lines = [
        f"{job.run}: {job.refusal.message}{anew if job.damaged else ''}"
        for job in jobs
        if job.refusal is not None
    ]
    return lines + [ANEW] * (not fresh and any(job.damaged for job in jobs))


def plan_lines(jobs: tuple[Job, ...], found: tuple[Cost, ...]) -> list[str]:
    """The plan of a sweep in words."""
    done = sum(job.done for job in jobs)
    runs = "1 run" if len(jobs) == 1 else f"{len(jobs)} runs"
    refused = sum(job.refusal is not None for job in jobs)
    told = f", {refused} refused" if refused else ""
    lines = [f"{runs}: {done} done, {len(jobs) - done - refused} to do{told}"]
    for cost in found:
        told = "" if not cost.seconds else f"about {console.duration(cost.seconds)} a fit, "
        whole = (
            "" if not cost.seconds else f", {console.duration(cost.runs * cost.seconds)} one after another"
        )
        lines.append(f"{cost.entry}: {cost.runs} to do, {told}{cost.source}{whole}")
        lines += [f"{cost.entry}: {note}" for note in cost.notes]
    return lines
