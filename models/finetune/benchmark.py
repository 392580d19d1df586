"""Images a second of an entry, for training and prediction, at each precision.

Run ``python -m models.finetune.benchmark [--device cuda] [--entry seresnext]``.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from collections.abc import Callable, Iterator

import numpy as np
import torch

from models.contract import Cells, EntryUnavailable, Session
from models.finetune.entry import Finetuned
from models.finetune.loop import prepare
from models.finetune.precision import best_device, device_of, images_a_pass, reproducible
from models.finetune.predict import mean_logits
from models.finetune.recipe import Recipe
from models.registry import find


def noise(count: int) -> Cells:
    """Cells of random pixels: what they show does not matter to the clock."""
    crops = np.random.default_rng(0).integers(0, 256, (count, 300, 300, 3), dtype=np.uint8)
    labels = np.arange(count, dtype=np.uint8) % 2
    return Cells(tuple(f"{i}.bmp" for i in range(count)), (None,) * count, crops, labels)


def recipes(entry: Finetuned, device: torch.device) -> Iterator[Recipe]:
    """The precisions worth measuring on this device, with both memory layouts."""
    for precision in ("float32", "tf32", "bf16") if device.type == "cuda" else ("float32",):
        for channels_last in (True, False):
            yield dataclasses.replace(entry.settings, precision=precision, channels_last=channels_last)


def seconds(action: Callable[[], object], device: torch.device, repeats: int) -> float:
    """Mean seconds of an action, after one that is not counted."""
    action()
    _wait(device)
    begun = time.perf_counter()
    for _ in range(repeats):
        action()
    _wait(device)
    return (time.perf_counter() - begun) / repeats


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def measured(entry: Finetuned, recipe: Recipe, session: Session, repeats: int) -> dict[str, object]:
    """Images a second in training (forward, backward, Adam, augmentation) and in prediction."""
    device = device_of(session)
    with reproducible(device, recipe):
        training = prepare(entry.with_recipe(recipe), noise(recipe.batch), session)
        training.network.module.train()
        batch = training.batches(np.arange(recipe.batch))[0]
        step = seconds(lambda: training.learn(batch), device, repeats)
        cells = noise(max(1, images_a_pass(device) // recipe.views))
        once = seconds(
            lambda: mean_logits(training.network.module, cells, recipe, session, "predicting"),
            device,
            repeats,
        )
    return {
        "precision": recipe.precision,
        "channels_last": recipe.channels_last,
        "seconds_a_training_step": round(step, 4),
        "training_images_a_second": round(recipe.batch / step, 1),
        "seconds_a_predicted_cell": round(once / len(cells), 4),
        "predicted_images_a_second": round(len(cells) * recipe.views / once, 1),
    }


def main() -> None:
    reading = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    reading.add_argument("--device", default=best_device())
    reading.add_argument("--entry", default="seresnext")
    reading.add_argument("--repeats", type=int, default=3)
    options = reading.parse_args()
    entry, _ = find(options.entry)
    if not isinstance(entry, Finetuned):
        raise EntryUnavailable(f"{options.entry} is not fine-tuned", "Try --entry seresnext.")
    session = Session(device=options.device, weights="none")
    for recipe in recipes(entry, device_of(session)):
        print(json.dumps(measured(entry, recipe, session, options.repeats)), flush=True)


if __name__ == "__main__":
    main()
