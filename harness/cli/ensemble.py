"""`harness ensemble`: several finished runs become one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from harness.cli.options import JSON, PATH, RUNS, TRUST_LABELS
from harness.cli.run_options import show_outcome
from harness.errors import UsageWrong


@click.command()
@click.argument("named", nargs=-1, required=True, metavar="NAME=RUN ...")
@click.option(
    "--by",
    type=click.Choice(["logits", "votes"]),
    default="logits",
    show_default=True,
    help="Average the logits, or count the votes.",
)
@click.option(
    "--weights",
    default="equal",
    show_default=True,
    help="`equal`, or `fit:<split>` with the same runs there.",
)
@click.option(
    "--truth",
    "truth_file",
    type=PATH,
    help="Label file, to score the ensemble or to fit weights on a numbered split.",
)
@TRUST_LABELS
@RUNS
@JSON
def ensemble(
    named: tuple[str, ...],
    by: str,
    weights: str,
    truth_file: Path | None,
    trust_labels: bool,
    runs_root: Path,
    as_json: bool,
) -> None:
    """Average the logits or the votes of finished runs into a new run that names its parts.

    Seeds of one entry are joined in the same way. Weights are never fitted on the split that is judged.
    """
    from eval_server.judging.truth import read_truth
    from harness.runs.ensemble import ensemble as joined
    from harness.runs.ensemble import equal_weights, fitted_weights, open_part

    if len(named) < 2:
        raise UsageWrong("an ensemble needs two runs or more", "Write NAME=RUN NAME=RUN …")
    asked = [_name_and_path(text) for text in named]
    _require_all_different(asked)
    rule, split = _rule_and_split(weights)
    parts = [open_part(name, path) for name, path in asked]
    truth = read_truth(truth_file, trust_labels=trust_labels) if truth_file else None
    weighing = fitted_weights(parts, split, truth) if rule == "fit" else equal_weights(parts)
    show_outcome(joined(parts, runs_root, by=by, weighing=weighing, truth=truth), as_json=as_json)


def _name_and_path(text: str) -> tuple[str, Path]:
    name, equals, path = text.partition("=")
    return (name, Path(path)) if equals else (Path(text).name, Path(text))


def _require_all_different(asked: Sequence[tuple[str, Path]]) -> None:
    """Raise `UsageWrong` where a name or a run stands twice: it would count twice, or hide another."""
    names, runs = [name for name, _ in asked], [path.resolve() for _, path in asked]
    for name, path in asked:
        if names.count(name) > 1:
            raise UsageWrong(f"two runs are called {name}", "Give each a name of its own: NAME=RUN.")
        if runs.count(path.resolve()) > 1:
            raise UsageWrong(f"the run {path} is named twice", "Name each run once.")


def _rule_and_split(weights: str) -> tuple[str, str]:
    from harness.data.splits import SPLITS

    rule, _, split = weights.partition(":")
    if rule not in ("equal", "fit") or (rule == "fit") != bool(split):
        raise UsageWrong(f"--weights {weights} is not known", "Write `equal` or `fit:<split>`.")
    if rule == "fit" and split not in (*SPLITS, "test"):
        raise UsageWrong(
            f"there is no split {split!r} to fit weights on", f"The splits are {', '.join(SPLITS)}."
        )
    return rule, split
