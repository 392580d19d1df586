"""How many labels bf16 leaves as float32 gives them, on real images: ``python -m benchmarks.labels DATA``.

The reference network, its head stretched until float32's logits straddle nought, so that half of the cells
are ALL and many of them barely. With random weights all cells look nearly the same to it, as they do to no
trained network; ``--learn N`` learns N epochs from the training part of DATA first.
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import sys
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from harness.data.crops import cells_of, open_crops
from harness.data.dataset import open_dataset
from models.contract import Cells, Session
from models.finetune.engines import EngineMissing, engine
from models.finetune.fitted import FittedNetwork
from models.finetune.machine import processor
from models.finetune.precision import placed, reproducible, reseed
from models.finetune.predict import first_pass, mean_logits
from models.seresnext import SERESNEXT

CPU = torch.device("cpu")
PARTS = ("train", "prelim")


def network(learning: Cells, epochs: int) -> nn.Module:
    """With random weights, or as it is after so many epochs of these cells."""
    if not epochs:
        reseed(Session(), 0)
        return SERESNEXT.network().module.eval()
    entry = SERESNEXT.configured({"epochs": str(epochs), "weights": "none"})
    fitted = entry.fit(learning, Session())
    assert isinstance(fitted, FittedNetwork)
    return fitted.module.eval()


def logits(module: nn.Module, cells: Cells, name: str, precision: str) -> npt.NDArray[np.float64]:
    """Mean over eight views of every cell's logit."""
    recipe = dataclasses.replace(SERESNEXT.settings, precision=precision)
    session = Session()
    with reproducible(CPU, recipe):
        module = placed(copy.deepcopy(module), CPU, recipe)
        forward = engine(name, module, recipe, first_pass(cells, recipe, CPU)).forward
        return mean_logits(forward, cells, recipe, session, "predicting", CPU)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.labels", description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--learn", type=int, default=0, metavar="N")
    parser.add_argument("--engines", nargs="+", default=["eager", "folded", "compile", "openvino"])
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as cache:
        dataset = open_dataset(chosen.data, cache=Path(cache))
        records = [one for part in PARTS for one in dataset.of(part)]
        cells = cells_of(records, open_crops(records, Path(cache)), labelled=False)
        learning = dataset.of("train")
        learnt = network(cells_of(learning, open_crops(learning, Path(cache)), labelled=True), chosen.learn)
        exact = logits(learnt, cells, "folded", "float32")
        middle, spread = np.median(exact), exact.std()
        print(
            f"{processor()}, torch {torch.__version__}, {len(exact)} cells, "
            f"{chosen.learn} epochs learnt, spread {spread:.2g}"
        )
        print("| way | labels equal | largest difference of a logit, of their spread |\n| --- | --- | --- |")
        for name in chosen.engines:
            try:
                found = logits(learnt, cells, name, "bf16")
            except EngineMissing as missing:
                print(f"| {name}, bf16 | {missing} | |")
                continue
            equal = int(((found > middle) == (exact > middle)).sum())
            largest = float(np.abs(found - exact).max() / spread)
            print(f"| {name}, bf16 | {equal} of {len(exact)} | {largest:.3g} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
