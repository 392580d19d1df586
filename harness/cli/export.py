"""`harness export`: the network of a finished run, for timm, torch or an ONNX runtime."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness import console
from harness.cli.options import JSON, PATH, RUNS

if TYPE_CHECKING:
    from harness.runs.exporting import ExportedRun


@click.command()
@click.argument("run")
@click.option(
    "--to",
    "form",
    type=click.Choice(("timm", "onnx", "state-dict")),
    required=True,
    help="A file for timm.create_model(…, checkpoint_path=FILE), an ONNX graph that takes crops, or the "
    "weights alone, as torch.load reads them.",
)
@click.option(
    "-o",
    "--out",
    "file",
    type=PATH,
    help="The file to write, in place of the run's name here; it ends in .safetensors (timm), .onnx or .pth "
    "(state-dict).",
)
@click.option("--with-views", is_flag=True, help="With --to onnx: turn each cell and average, in the graph.")
@click.option("--force", is_flag=True, help="Write over what is there.")
@RUNS
@JSON
def export(
    run: str, form: str, file: Path | None, with_views: bool, force: bool, runs_root: Path, as_json: bool
) -> None:
    """Write the network of RUN, a finished run, as a file that other programs load without this one.

    Beside it lie its manifest (FILE.json: what it was trained on, what goes in, what comes out) and a script
    that scores an image with it (FILE.example.py). The file is loaded back by its library and must agree
    with the run to 1e-4. Research only: a score is no diagnosis.
    """
    from harness.errors import UsageWrong
    from harness.runs.exporting import export_run
    from harness.runs.finished import named_runs, open_finished

    paths = named_runs((run,), runs_root)
    if len(paths) > 1:
        raise UsageWrong(f"{run} names {len(paths)} runs, and one file holds one network", "Name one run.")
    done = export_run(open_finished(paths[0]), form, file, with_views=with_views, force=force)
    if as_json:
        console.emit(done.to_json())
    else:
        _show(done)


def _show(done: ExportedRun) -> None:
    told = done.told
    rows = (
        ("file", str(done.file)),
        ("sha256", told["sha256"]),
        ("agrees", f"logits of the file and of the run differ by {told['largest_difference']:.1g} at most"),
        ("marked", ", ".join(told["remarks"])),
        ("manifest", str(done.manifest)),
        ("example", str(done.example)),
    )
    for name, text in rows:
        if text:
            console.result(f"{name:12} {text}")
    console.result(f"\n{done.example.read_text()}")
    console.result(told["warning"])
