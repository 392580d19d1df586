"""`harness new-model`: a package for an entry of one's own, ready to install."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from harness import console
from harness.cli.options import JSON, PATH


@click.command("new-model")
@click.argument("name")
@click.option("--folder", type=PATH, help="Where to write the package.  [default: ./NAME]")
@JSON
def new_model(name: str, folder: Path | None, as_json: bool) -> None:
    """Write a small package with an entry NAME, its card, its tests and a README.

    The entry learns from the size and colour of cells: change it to what you have in mind.
    """
    from harness.new_model import write_package

    written = write_package(name, Path(name) if folder is None else folder)
    if as_json:
        console.emit({"name": name, "folder": str(written.folder), "files": list(written.files)})
        return
    for file in written.files:
        console.result(str(written.folder / file))
    console.say(f"Install it with: pip install -e {shlex.quote(str(written.folder))}")
    console.say(f"Then try it:     harness models {name} --check")
