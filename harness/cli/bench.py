"""`harness bench`: the published pipeline and ours on this machine, in one run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness import console
from harness.cli.options import JSON, PATH

if TYPE_CHECKING:
    from harness.benchmark import Found
    from models.finetune.bench import Measured


@click.command()
@click.option(
    "--model", default="seresnext", show_default=True, help="An entry that is one fine-tuned network."
)
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, cuda:1, …")
@click.option("--quick", is_flag=True, help="Fewer cells and no compiler on a processor: rougher, sooner.")
@click.option("--to", type=PATH, help="A file that gets the JSON document after every way measured.")
@JSON
def bench(model: str, device: str, quick: bool, to: Path | None, as_json: bool) -> None:
    """Measure training, prediction and reading here: the published pipeline, then ours, on drawn cells.

    Everything starts from random weights, so nothing is said of how well a network judges. The published
    way takes the entry's own side, channels, views, batch and optimiser. `times` (of prediction and of
    training) is against the published way as it is measured first: in float32, on a GPU as torch comes, with
    convolutions in tf32.
    """
    from harness.bench import measured

    found = measured(model, device, quick=quick, to=to)
    if as_json:
        console.emit(found.to_json())
    else:
        _show(found)


def _show(found: Found) -> None:
    console.result(
        f"{found.machine}; {found.model}; {found.learnt} cells learnt, {found.predicted} predicted"
    )
    for way in found.ways:
        for line in _lines(way, found.ways[0]):
            console.result(line)
    for one in found.missing:
        console.result(f"\n{one.way}\n  not here: {one.reason}")
    if found.reading is not None:
        told = f"{found.reading.read_a_second:.0f} crops, {found.reading.decoded_a_second:.0f} images decoded"
        console.result(f"\nreading\n  {told} a second: {found.reading.times_faster:.1f} times")
    if found.auto is not None:
        console.result(f"\n--engine auto takes {found.auto.engine} for a final set: {found.auto.reason}")


def _lines(way: Measured, first: Measured) -> Iterator[str]:
    """One way in words, its ratios against the first."""
    told, times = way.estimates(), way.times(first)
    yield f"\n{way.way}"
    if way.trained_a_second and times["training"]:
        yield (
            f"  training    {way.trained_a_second:9.1f} images a second"
            f"{times['training']:7.2f} times the first"
            f"   one seed {told['hours_a_seed']:.2f} h, 24 seeds {told['hours_of_24_seeds']:.1f} h"
            f", first step {way.first_step_seconds:.1f} s"
            f", {way.processor_seconds_an_image:.3f} processor seconds an image"
        )
    yield (
        f"  prediction  {way.predicted_a_second:9.2f} cells a second "
        f"{times['prediction']:7.2f} times the first"
        f"   final set {told['minutes_of_a_final_prediction']:.1f} min"
        f", {100 * way.convolutions:.0f} % of the rate of convolutions"
        f", {way.processor_seconds_a_cell:.2f} processor seconds a cell"
    )
    yield (
        f"  largest difference of a logit {way.largest_difference:.1e}, labels equal "
        f"{100 * way.labels_equal:.2f} %, {way.memory_mib:.0f} MiB"
    )
