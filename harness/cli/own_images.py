"""`harness predict --from RUN --images FOLDER`: scores for images of one's own, and no diagnosis."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from harness import console
from harness.cli.from_run import require_no_training, require_several_to_join, runs_of
from harness.errors import UsageWrong

if TYPE_CHECKING:
    from harness.runs.own_folder import ImagesOutcome

_OF_A_SPLIT = {
    "split": "--split",
    "limit": "--limit",
    "fresh": "--fresh",
    "dry_run": "--dry-run",
}
_SHOWN = 20
"""Images without a score that a terminal names; the table and the page name all."""


def predicted_images(context: click.Context, images: Path, options: dict[str, Any]) -> None:
    """Let every named run score the images, and say what came out."""
    from harness.data.own_images import own_files
    from harness.reports.own_page import own_page
    from harness.runs.own_folder import join_images, predict_images

    _require_sense(context, options)
    files, outcomes, runs = own_files(images), [], runs_of(options)
    require_several_to_join(options, runs)
    for run in runs:
        asked = {name: options[name] for name in ("device", "allow_seen")}
        outcomes.append(predict_images(run, files, options["runs_root"], own_page, **asked))
    if options["join"]:
        outcomes.append(join_images(outcomes, options["runs_root"], own_page))
    if options["as_json"]:
        documents = [one.to_json() for one in outcomes]
        console.emit(documents[0] if len(documents) == 1 else {"runs": documents})
        return
    for outcome in outcomes:
        _show(outcome)


def _require_sense(context: click.Context, options: dict[str, Any]) -> None:
    if not (options["from_runs"] or options["trained"]):
        raise UsageWrong(
            "--images needs a finished network that scores them",
            "Add --from RUN, or --model NAME --trained FILE.",
        )
    require_no_training(context)
    asked = [
        flag
        for name, flag in _OF_A_SPLIT.items()
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]
    if asked:
        raise UsageWrong(f"{' and '.join(asked)} cannot be had with --images", "Leave it out.")


def _show(outcome: ImagesOutcome) -> None:
    scored = outcome.scored
    console.result(f"{scored.scored:,} of {len(scored.images):,} images scored by {scored.by}")
    for line in scored.unlike():
        console.say(f"Note: {line}.", style="yellow")
    without = [one for one in scored.images if one.problem]
    for one in without[:_SHOWN]:
        console.say(f"No score: {one.name} {one.problem}.", style="yellow")
    if len(without) > _SHOWN:
        console.say(f"… and {len(without) - _SHOWN:,} more without a score: see the table.", style="yellow")
    rows = (("marked", ", ".join(scored.remarks)), ("table", str(outcome.table)), ("page", str(outcome.page)))
    for name, text in rows:
        if text:
            console.result(f"{name:12} {text}")
    console.result(outcome.remarks[-1])
