"""`harness bench`: the published pipeline and ours on this machine, in one run."""

from __future__ import annotations

from typing import Any

import click

from harness import console
from harness.cli.options import JSON


@click.command()
@click.option("--model", default="seresnext", show_default=True, help="A fine-tuned entry.")
@click.option("--device", default="auto", show_default=True, envvar="HARNESS_DEVICE", help="cpu, cuda, …")
@click.option("--quick", is_flag=True, help="Fewer cells: rougher numbers sooner.")
@JSON
def bench(model: str, device: str, quick: bool, as_json: bool) -> None:
    """Measure training and prediction here: the published pipeline, then ours, on the same drawn cells.

    Everything starts from random weights, so nothing is said of how well a network judges.
    """
    from harness.benchmark import measured

    found = measured(model, device, quick=quick)
    if as_json:
        console.emit(found.to_json())
    else:
        _show(found)


def _show(found: Any) -> None:
    console.result(
        f"{found.machine}; {found.model}; {found.learnt} cells learnt, {found.predicted} predicted"
    )
    first = found.ways[0]
    for way in found.ways:
        told = way.estimates()
        console.result(f"\n{way.way}")
        console.result(
            f"  training    {way.trained_a_second:9.1f} images a second"
            f"{way.trained_a_second / first.trained_a_second:7.2f} times the first"
            f"   one seed {told['hours_a_seed']:.2f} h, 24 seeds {told['hours_of_24_seeds']:.1f} h"
        )
        console.result(
            f"  prediction  {way.predicted_a_second:9.1f} cells a second "
            f"{way.predicted_a_second / first.predicted_a_second:7.2f} times the first"
            f"   final set {told['minutes_of_a_final_prediction']:.1f} min"
        )
        console.result(
            f"  largest difference of a logit {way.largest_difference:.1e}, labels equal "
            f"{100 * way.labels_equal:.2f} %, first step {way.first_step_seconds:.1f} s"
            + (f", {way.memory_mib:.0f} MiB" if way.memory_mib else "")
        )
