"""`--from RUN` of `predict` and `submit`: a finished run predicts other cells, and nothing is trained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from harness import console
from harness.cli.run_options import model_of, settings_of, show_outcome
from harness.errors import UsageWrong

if TYPE_CHECKING:
    from harness.data.dataset import Dataset
    from harness.runs.finished import FinishedRun
    from harness.runs.outcome import Outcome
    from harness.runs.predicting import Prediction

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--from",
        "from_runs",
        multiple=True,
        metavar="RUN",
        help="Predict with this finished run and train nothing: its folder, its name below --runs, or a "
        "pattern of several ('runs/seresnext-prelim-seed*'). Give it again for more.",
    ),
    click.option(
        "--trained",
        metavar="FILE",
        help="With --model: a finished network of this entry, such as a checkpoint of the published program, "
        "predicts as it is, last layer included, and nothing is trained.",
    ),
    click.option(
        "--join", is_flag=True, help="With several runs: also join them, by the mean of their logits."
    ),
)

_OF_TRAINING = {
    "model": "--model",
    "seed": "--seed",
    "weights": "--weights",
    "changes": "--set",
    "select": "--select",
    "shared_cells": "--shared-cells",
    "precision": "--precision",
    "watch": "--watch",
    "tensorboard": "--tensorboard",
    "mlflow": "--mlflow",
}
"""Options that decide about a training, which a finished run has behind it."""


def from_options(command: Command) -> Command:
    """Give a command the options by which a finished run predicts."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def require_no_training(context: click.Context) -> None:
    """Raise `UsageWrong` where the command line asks a finished run for another training."""
    file = context.params.get("trained")
    if file and context.params.get("from_runs"):
        raise UsageWrong("--from and --trained both say which network predicts", "Leave one of them out.")
    kept = ("model", "changes") if file else ()
    asked = [
        flag
        for name, flag in _OF_TRAINING.items()
        if name not in kept and context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]
    if asked:
        raise UsageWrong(
            f"{'--trained' if file else '--from'} trains nothing, so {' and '.join(asked)} cannot be had",
            "Leave them out; without --from and --trained a run of its own is trained.",
        )


def predicted_from(options: dict[str, Any], *, whole: bool) -> list[Outcome] | None:
    """Let every named run predict the split; None after a dry run.

    With --join the joined run stands last. `whole` refuses a part of the cells without --allow-partial.
    """
    from harness.data.dataset import open_dataset
    from harness.runs.predicting import predict_with

    runs = runs_of(options)
    require_several_to_join(options, runs)
    dataset = open_dataset(options["data_root"], console.progress, accept_resaved=options["accept_resaved"])
    planned = [_planned(run, dataset, options, whole=whole) for run in runs]
    if options["dry_run"]:
        _show_dry(planned, as_json=options["as_json"])
        return None
    outcomes = []
    for one in planned:
        for line in prediction_lines(one):
            console.say(line)
        outcomes.append(predict_with(one))
    return [*outcomes, _joined(outcomes, planned[0], options)] if options["join"] else outcomes


def require_several_to_join(options: dict[str, Any], runs: Sequence[FinishedRun]) -> None:
    """Raise `UsageWrong` where one run is to be joined."""
    if options["join"] and len(runs) < 2:
        raise UsageWrong(
            "--join needs two runs or more", "Name them with --from RUN --from RUN, or a pattern."
        )


def runs_of(options: dict[str, Any]) -> list[FinishedRun]:
    """The runs that are to predict: those named, or the network of a file made into one."""
    from harness.runs.finished import named_runs, open_finished

    if not options["trained"]:
        return [open_finished(path) for path in named_runs(options["from_runs"], options["runs_root"])]
    from harness.runs.trained_elsewhere import trained_elsewhere

    settings, root, dry = settings_of(options["changes"]), options["runs_root"], options["dry_run"]
    return [trained_elsewhere(model_of(options["model"]), options["trained"], settings, root, to_plan=dry)]


def _planned(run: FinishedRun, dataset: Dataset, options: dict[str, Any], *, whole: bool) -> Prediction:
    from harness.runs.plan import require_whole
    from harness.runs.predicting import Asked, plan_prediction

    names = ("split", "runs_root", "device", "engine", "limit", "allow_seen", "fresh")
    prediction = plan_prediction(run, dataset, Asked(**{name: options[name] for name in names}))
    if whole:
        require_whole(dataset.audit, prediction.side, allow_partial=options["allow_partial"])
    return prediction


def _joined(outcomes: Sequence[Outcome], first: Prediction, options: dict[str, Any]) -> Outcome:
    from harness.runs.ensemble import ensemble, equal_weights, open_part
    from harness.runs.finishing import truth_of

    parts = [open_part(one.folder.path.name, one.folder.path) for one in outcomes]
    truth = truth_of(first.side.phase, first.side.cells)
    return ensemble(parts, options["runs_root"], by="logits", weighing=equal_weights(parts), truth=truth)


def _show_dry(planned: Sequence[Prediction], *, as_json: bool) -> None:
    if as_json:
        documents = [one.to_json() for one in planned]
        console.emit(documents[0] if len(documents) == 1 else {"predictions": documents})
        return
    for one in planned:
        for line in prediction_lines(one):
            console.result(line)


def prediction_lines(prediction: Prediction) -> list[str]:
    """The resolved prediction in words."""
    from harness.runs.provenance import told

    facts = prediction.to_json()
    by = prediction.predicted_by()
    marks = [word for word in ("partial", "drawn") if facts[word]]
    marks += ["epoch chosen on the test set"] if facts["chosen_on_test"] else []
    marks += ["cells seen in training"] if facts["seen"] else []
    marks += ["trained elsewhere, on what is not known"] if prediction.run.elsewhere else []
    rows = [
        ("by", f"{by['run']} (entry {by['entry']}, seed {by['seed']}, weights {by['weights_sha256'][:12]})"),
        ("trained on", prediction.run.trained_on),
        ("predicts", f"{facts['predicted']} cells of split {facts['split']}"),
        ("seen", str(prediction.seen) if facts["seen"] else ""),
        ("device", prediction.device),
        ("marked", ", ".join(marks)),
        ("steps", ", ".join(f"{step} ({state})" for step, state in facts["steps"].items())),
        ("run", facts["run"]),
        ("trained with", told(facts["environment"].get("changed", {}))),
    ]
    return [f"{name:12} {text}" for name, text in rows if text]


def show_outcomes(
    outcomes: Sequence[Outcome], *, as_json: bool, received: dict[str, Any] | None = None
) -> None:
    """The end of one prediction or of several: one document, or one table each.

    `received` is what an evaluation server said of the last one.
    """
    *others, last = outcomes
    if as_json and others:
        told = {"runs": [one.to_json() for one in outcomes]}
        console.emit(told | ({"server": received} if received else {}))
        return
    for outcome in others:
        show_outcome(outcome, as_json=False)
    show_outcome(last, as_json=as_json, received=received)


def require_one_run(options: dict[str, Any]) -> None:
    """Raise `UsageWrong`, before any work, where several zips would come out and one can be handed in."""
    from harness.runs.finished import named_runs

    paths = named_runs(options["from_runs"], options["runs_root"])
    if len(paths) > 1:
        raise UsageWrong(
            f"{len(paths)} runs make as many zips, of which one can be handed in",
            "Add --join, or leave --server out and hand one in: harness upload ZIP.",
        )
