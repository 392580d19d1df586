"""The options of `train`, `predict` and `submit`, and how they become a plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from harness import console
from harness.cli.options import ACCEPT_RESAVED, DATA, JSON, RUNS, SEED, SHARED_CELLS
from harness.errors import UsageWrong

if TYPE_CHECKING:
    from harness.runs.outcome import Outcome
    from harness.runs.plan import Plan, Request

Command = TypeVar("Command", bound=Callable[..., Any])

_ONE_ENTRY = (
    click.option("--model", help="Entry name, or path/to/file.py:entry."),
    click.option("--seed", type=SEED, default=0, show_default=True, help="All randomness follows from it."),
)
_WHAT = (
    click.option(
        "--split",
        type=click.Choice(["prelim", "final", "fold0", "fold1", "fold2"]),
        default="prelim",
        show_default=True,
        help="What is predicted; everything else that is labelled and allowed is learnt from.",
    ),
    click.option(
        "--select",
        default="last",
        show_default=True,
        help="Epoch that predicts: `last`, `best:fold1` and the like, or, as published, `best:test`.",
    ),
)
_WATCH = (
    click.option(
        "--watch",
        type=click.Choice(["prelim", "fold0", "fold1", "fold2"]),
        help="Judge every epoch by this part without choosing by it: curves for --select last. The same is "
        "learnt without.",
    ),
    click.option(
        "--tensorboard",
        is_flag=True,
        help="Write the curves for TensorBoard too, into the run's folder (needs the extra `tensorboard`).",
    ),
    click.option(
        "--mlflow",
        metavar="URI",
        help="Send the curves to this MLflow server or store too (needs the extra `mlflow`).",
    ),
    click.option(
        "--allow-seen",
        is_flag=True,
        help="Let a finished run predict, or --watch judge by, cells that are seen in training; marked "
        "wherever it is shown.",
    ),
)
_COMMON = (
    DATA,
    RUNS,
    click.option(
        "--weights",
        default="hub",
        show_default=True,
        help="Pre-trained weights: `hub` (timm's, needs a network), a FILE or FILE#part of a checkpoint, "
        "a folder, `none` (random).",
    ),
    click.option("--set", "changes", multiple=True, metavar="NAME=VALUE", help="Change a setting."),
    SHARED_CELLS,
    click.option("--device", default="auto", show_default=True, help="cpu, cuda, cuda:1, …"),
    click.option(
        "--engine",
        type=click.Choice(["auto", "eager", "folded", "compile", "openvino"]),
        default="auto",
        show_default=True,
        help="How a network is computed: they differ in speed and by float32's rounding. `auto` tries them "
        "for some seconds where the work ahead is worth it.",
    ),
    click.option(
        "--precision",
        type=click.Choice(["auto", "float32", "bf16", "tf32"]),
        default="auto",
        show_default=True,
        help="Of a network's arithmetic; `auto` is the entry's own, float32 unless it says otherwise. "
        "bf16 and tf32 are faster where the machine has them, and change some labels.",
    ),
    click.option(
        "--limit", type=click.IntRange(min=1), help="Use only so many cells; marks the run partial."
    ),
    click.option("--allow-partial", is_flag=True, help="Go on with part of the data, marked as partial."),
    ACCEPT_RESAVED,
)
_DRY_RUN = click.option(
    "--dry-run", is_flag=True, help="Show the plan and stop; refuses what the run would refuse."
)
_FRESH = click.option(
    "--fresh", is_flag=True, help="Throw away what the run has so far, checkpoints too, and start over."
)
_FRESH_DAMAGED = click.option(
    "--fresh",
    is_flag=True,
    help="Start over the runs whose folders are damaged, as the dry run names them; all others go on.",
)


def run_options(command: Command) -> Command:
    """Give a command every option that decides about a run."""
    return _with(command, (*_ONE_ENTRY, *_WHAT, *_WATCH, *_COMMON, _FRESH, _DRY_RUN, JSON))


def sweep_options(command: Command) -> Command:
    """Give a command the options that the runs of a sweep have in common."""
    return _with(command, (*_WHAT, *_COMMON, _FRESH_DAMAGED, _DRY_RUN))


def reproduce_options(command: Command) -> Command:
    """The same without the split and the choice of epoch, which the paper decides."""
    return _with(command, (*_COMMON, _FRESH_DAMAGED, _DRY_RUN))


def _with(command: Command, options: Iterable[Callable[[Command], Command]]) -> Command:
    for option in reversed(tuple(options)):
        command = option(command)
    return command


def resolve_plan(options: dict[str, Any], until: str) -> Plan:
    """Look up all that the options name; raises wherever the run would end before it has begun."""
    from harness.runs.plan import resolve

    request = replace(
        common_request(options, until),
        model=model_of(options["model"]),
        seed=options["seed"],
        fresh=options["fresh"],
        watch=options["watch"] or "",
        allow_seen=options["allow_seen"],
        tensorboard=options["tensorboard"],
        mlflow=options["mlflow"] or "",
    )
    return resolve(request, console.progress)


def common_request(options: dict[str, Any], until: str) -> Request:
    """What these options ask for, of an entry and a seed that are still to be named."""
    from harness.runs.folder import Status
    from harness.runs.plan import Request

    return Request(
        model="",
        split=options["split"],
        data_root=options["data_root"],
        runs_root=options["runs_root"],
        weights=options["weights"],
        settings=settings_of(options["changes"]),
        select=options["select"],
        shared_cells=options["shared_cells"],
        device=options["device"],
        engine=options["engine"],
        precision=options["precision"],
        limit=options["limit"],
        accept_resaved=options["accept_resaved"],
        until=Status(until),
        allow_partial=options["allow_partial"],
    )


def model_of(named: str | None) -> str:
    if not named:
        raise UsageWrong(
            "no entry is named",
            "Add --model NAME (`harness models` lists them); `predict` and `submit` also take a finished "
            "run: --from RUN.",
        )
    return named


def settings_of(changes: tuple[str, ...]) -> dict[str, str]:
    pairs = [change.partition("=") for change in changes]
    bad = next((name for name, equals, _ in pairs if not (name and equals)), None)
    if bad is not None:
        raise UsageWrong(f"--set {bad} is not a setting", "Write --set NAME=VALUE, such as --set epochs=1.")
    return {name: value for name, _, value in pairs}


def run_command(options: dict[str, Any], until: str) -> Outcome | None:
    """Resolve, show the plan, and unless this is a dry run do the work up to a status."""
    from harness.runs.workflow import run

    plan = resolve_plan(options, until)
    if options["dry_run"]:
        _show_dry(plan, as_json=options["as_json"])
        return None
    for line in plan_lines(plan):
        console.say(line)
    return run(plan)


def _show_dry(plan: Plan, *, as_json: bool) -> None:
    if as_json:
        console.emit(plan.to_json())
        return
    for line in plan_lines(plan):
        console.result(line)


def plan_lines(plan: Plan) -> list[str]:
    """The resolved plan in words."""
    from harness.runs.provenance import told

    facts = plan.to_json()
    training = facts["training"]
    classes = ", ".join(f"{count} {name}" for name, count in training["classes"].items())
    marks = [word for word in ("partial", "drawn") if facts[word]]
    marks += ["epoch chosen on the test set"] if facts["chosen_on_test"] else []
    marks += ["random weights"] if facts["weights"].get("source") == "none" else []
    settings = ", ".join(f"{name}={value}" for name, value in facts["settings"].items())
    rows = [
        ("entry", f"{facts['entry']} ({plan.origin})"),
        ("learns from", f"{training['cells']} cells ({classes}) of {training['subjects']} subjects"),
        *(
            ("left out", f"{one['subject']}, {one['cells']} cells: {one['reason']}")
            for one in training["dropped"]
        ),
        ("predicts", f"{facts['predicted']} cells of split {facts['split']}"),
        ("saved again", _resaved(plan)),
        ("settings", settings),
        ("weights", ", ".join(str(value) for value in facts["weights"].values())),
        ("epoch", facts["select"]),
        ("watched", _watched(plan)),
        ("device", plan.device),
        ("engine", "" if facts["engine"] == "auto" else facts["engine"]),
        *(("note", note) for note in facts["without_effect"]),
        ("marked", ", ".join(marks)),
        ("fresh", _thrown_away(plan)),
        ("steps", ", ".join(f"{step} ({state})" for step, state in facts["steps"].items())),
        ("run", str(plan.folder.path)),
        ("begun with", told(facts["changed"])),
        ("note", "" if plan.earlier is None else str(plan.earlier)),
    ]
    return [f"{name:12} {text}" for name, text in rows if text]


def _watched(plan: Plan) -> str:
    """By which cells every epoch is judged; empty where none is."""
    found = plan.watched
    return "" if found is None else f"{found.name}, {len(found.cells)} cells: judge every epoch, choose none"


def _resaved(plan: Plan) -> str:
    """How many of the images were saved again, and with which pixels."""
    counts = {name.replace("_", " "): count for name, count in plan.dataset.resaved.items()}
    return ", ".join(f"{count} images, {words}" for words, count in counts.items() if count)


def _thrown_away(plan: Plan) -> str:
    """What ``--fresh`` does to the run's folder; empty where it was not asked for."""
    if not plan.request.fresh:
        return ""
    there = sorted(path.name for path in plan.folder.path.glob("[!.]*"))
    return f"to throw away first: {', '.join(there)}" if there else "nothing is there to throw away"


def show_outcome(outcome: Outcome | None, *, as_json: bool, received: dict[str, Any] | None = None) -> None:
    """The end of a run: one document, or one table and where everything lies.

    `received` is what an evaluation server said of the submission.
    """
    if outcome is None:
        return
    if as_json:
        console.emit(outcome.to_json() | ({"server": received} if received else {}))
        return
    if outcome.verdict is not None:
        shown = ("weighted_f1", "accuracy", "balanced_accuracy", "sensitivity", "specificity", "mcc")
        metrics = outcome.to_json()["metrics"]
        console.table(("metric", "value"), [(name, f"{metrics[name]:.4f}") for name in shown])
    remarks = ", ".join(outcome.manifest.remarks) if outcome.manifest else ""
    rows = [
        *_worth(outcome),
        ("marked", remarks),
        ("run", str(outcome.folder.path)),
        ("submission", str(outcome.submission or "")),
        ("server", f"{received['status']}, submission {received['id']}" if received else ""),
        ("next", "" if received else _next(outcome)),
    ]
    for name, text in rows:
        if text:
            console.result(f"{name:12} {text}")


def _worth(outcome: Outcome) -> list[tuple[str, str]]:
    """The one number with its interval and what is weak about it, or why there is none."""
    from harness.runs.cards import why_no_score
    from harness.runs.verdict_words import interval_words, weakness

    if outcome.manifest is None:
        return []
    if outcome.verdict is None:
        return [("score", why_no_score(outcome.manifest.split))]
    limits = outcome.verdict.intervals["weighted_f1"]
    between = f", 95 % interval {interval_words(limits)}" if limits.estimable else ""
    value = f"weighted F1 {outcome.verdict.weighted_f1:.4f}{between}"
    return [("score", value), ("", weakness(outcome.verdict))]


def _next(outcome: Outcome) -> str:
    """The command that one gives after this."""
    if outcome.manifest is None or outcome.submission is None:
        return ""
    if outcome.manifest.split == "final":
        return f"harness upload {outcome.submission} --server URL --phase final --entry NAME"
    return f"harness score {outcome.folder.path}, or harness compare with other runs"
