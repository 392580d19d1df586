"""Processor seconds of a pass and a step by each engine: for a machine that is never idle.

    GOMP_SPINCOUNT=0 python -m benchmarks.engines [--threads 2] [--engines eager,folded] [--steps]

`harness bench` measures by the clock, which a busy machine makes worthless. The processor's own seconds hold
there, as ratios, where threads that wait do not count as busy (`GOMP_SPINCOUNT`). With one thread torch takes
other convolutions than with several, so one thread says nothing about two. The published way is torch's
network as it comes, contiguous, without Pillow.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F

from models.contract import Session
from models.drawn_cells import drawn_cells
from models.finetune.checkpoints import Checkpoints
from models.finetune.engines import EngineMissing, engine
from models.finetune.loop import Training
from models.finetune.machine import processor
from models.finetune.networks import Network, parameter_groups
from models.finetune.precision import placed, reproducible, reseed
from models.finetune.predict import first_pass
from models.finetune.published import BATCH
from models.seresnext import SERESNEXT

CPU = torch.device("cpu")
RECIPE = SERESNEXT.settings
TRIES = 2


def network() -> Network:
    """The reference network with the same random weights every time."""
    reseed(Session(), 0)
    return SERESNEXT.network()


def seconds(action: Callable[..., object], *given: object) -> float:
    """Processor seconds of the cheaper of two tries, after one that does not count."""
    action(*given)
    taken = []
    for _ in range(TRIES):
        begun = time.process_time()
        action(*given)
        taken.append(time.process_time() - begun)
    return min(taken)


def passes(engines: list[str], precisions: list[str]) -> None:
    """One pass of prediction: a cell with its eight views."""
    images = first_pass(drawn_cells(4), RECIPE, CPU)
    plain, contiguous = network().module.eval(), images.contiguous()
    with torch.no_grad():
        expected = plain(contiguous).view(-1)
        published = seconds(plain, contiguous)
        print(f"pass, published network: {published:.3f} s", flush=True)
        for precision in precisions:
            for name in engines:
                recipe = dataclasses.replace(RECIPE, precision=precision)  # type: ignore[arg-type]
                try:
                    with reproducible(CPU, recipe):
                        module = placed(network().module, CPU, recipe)
                        forward = engine(name, module, recipe, images).forward
                        taken, apart = seconds(forward, images), forward(images) - expected
                except EngineMissing as error:
                    print(f"pass, {name}, {precision}: {error}", flush=True)
                    continue
                spread = float(apart.abs().max() / expected.std())
                told = f"{published / taken:.2f} times, largest difference {spread:.1e} of the logits' spread"
                print(f"pass, {name}, {precision}: {taken:.3f} s, {told}", flush=True)


def steps(engines: list[str], precisions: list[str]) -> None:
    """One step of training on sixteen images."""
    cells = drawn_cells(BATCH)
    print(f"step, published network: {(published := seconds(published_step())):.2f} s", flush=True)
    for precision in precisions:
        for name in (one for one in engines if one in ("eager", "compile")):
            recipe = dataclasses.replace(RECIPE, precision=precision)  # type: ignore[arg-type]
            with reproducible(CPU, recipe):
                there = network()
                placed(there.module, CPU, recipe)
                training = Training(recipe, there, cells, Session(), Checkpoints(None, ""), {})
                training.stepping = training.step_of(name)
                training.stepping.at_rates(recipe.rates(1))
                there.module.train()
                batch = training.batches(np.arange(BATCH))[0]
                taken = seconds(training.learn, batch)
            print(f"step, {name}, {precision}: {taken:.2f} s, {published / taken:.2f} times", flush=True)


def published_step() -> Callable[[], object]:
    there = network()
    module = there.module.train()
    optimiser = torch.optim.Adam(parameter_groups(there, RECIPE))
    images, labels = torch.rand(BATCH, 3, 300, 300), (torch.arange(BATCH) % 2).float()

    def step() -> None:
        loss = F.binary_cross_entropy_with_logits(module(images).view(-1), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    return step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engines", default="eager,folded,openvino,compile")
    parser.add_argument("--precisions", default="float32,bf16")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", action="store_true", help="steps of training in place of passes")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    print(processor(), f"torch {torch.__version__}", flush=True)
    measure = steps if asked.steps else passes
    measure(asked.engines.split(","), asked.precisions.split(","))


if __name__ == "__main__":
    main()
