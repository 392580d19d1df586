"""A very small network by the reference recipe: for tests and the demo, not for leukemia."""

from __future__ import annotations

from models.contract import EntryCard
from models.finetune.entry import PACKAGES, Finetuned
from models.finetune.recipe import REST, Recipe


class Tiny(Finetuned):
    """Starts from random weights, so it needs no connection."""

    uses_weights = False


ENTRY = Tiny(
    EntryCard(
        name="tiny",
        summary="timm's test_resnet (0.4 million parameters) on crops made small: quick, offline, weak",
        paper="none: it shows that everything works, and takes seconds",
        differences="the reference recipe with a small network, small input and one learning rate",
        requires=PACKAGES,
    ),
    Recipe(
        backbone="test_resnet",
        layers=(REST,),
        learning_rates=(2e-3,),
        side=100,
    ),
)
