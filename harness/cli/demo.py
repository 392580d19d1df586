"""`harness demo`: everything, on drawn cells, offline."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness import console
from harness.cli.compare import show_table
from harness.cli.options import JSON, PATH, SEED

if TYPE_CHECKING:
    from harness.demo import Story


@click.command()
@click.option(
    "--folder",
    type=PATH,
    default=Path("demo"),
    show_default=True,
    help="Where everything is put.",
)
@click.option("--seed", type=SEED, default=0, show_default=True, help="Another seed draws other cells.")
@click.option("--scale", type=float, help="Share of the published number of cells to draw.")
@click.option("--serve", "serves", is_flag=True, help="End with a server that shows the board.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The server's port; 0 picks one.")
@JSON
def demo(folder: Path, seed: int, scale: float | None, serves: bool, port: int, as_json: bool) -> None:
    """Draw a small data set, train three entries, pack, check, score, and show the leaderboard."""
    from harness.demo import SCALE, serving, tell

    story = tell(folder, seed, SCALE if scale is None else scale)
    if not serves:
        _show(story, None, as_json=as_json)
        return
    with serving(story, port) as url:
        _show(story, url, as_json=as_json)
        console.say("press Ctrl-C to stop the server")
        signal.pause()


def _show(story: Story, url: str | None, *, as_json: bool) -> None:
    if as_json:
        runs = {name: outcome.to_json() for name, outcome in story.outcomes.items()}
        console.emit({"runs": runs, "leaderboard": story.shown.report.to_json(), "url": url})
        return
    show_table(story.shown)
    console.result(f"data          {story.folder / 'data'} (drawn, not real cells)")
    for name, outcome in story.outcomes.items():
        console.result(f"{name:13} {outcome.submission}")
    console.result(f"server        {url}" if url else "next          harness demo --serve, or harness models")
