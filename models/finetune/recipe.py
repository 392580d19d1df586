"""The recipe of a fine-tuned entry: every value that training and prediction depend on.

The defaults are those of Prellberg and Kramer 2019, including what only their published program
says. This module imports no torch.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from models.settings import check, number

HEAD = "head"
REST = "*"
EPOCHS, BATCH, VIEWS = (1, 10_000), (1, 65_536), (1, 360)
SIDE = (1, 4096)
MINUTES = (0, 525_600)
"""What these settings may be, from and to, here and in other entries that fine-tune."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network is fine-tuned and how it predicts; each value is changed with ``--set``.

    `layers` names the groups of layers that learn at their own rate: name prefixes apart by blanks,
    ``head`` for the classifier, ``*`` for what no other group names. `learning_rates` holds one rate
    a group, and `schedule` the factor on all of them in each epoch (the last factor stays).
    `positive_weight` is the weight of ALL in the loss; None means n_HEM / n_ALL of the training
    cells. `translation` is the largest shift, as a share of the side. `side` is the network's input
    side in pixels; 300 takes the crops as they are. `views` rotations are predicted and averaged.
    `normalisation` is what is done to the channels in [0, 1]: nothing, ImageNet's mean and deviation, or
    ``own``, which takes those of `mean` and `deviation`. `optimiser` is a class of `torch.optim`;
    None for `weight_decay` and `momentum` means that class's own. `checkpoint_minutes` 0 saves after every
    step; it does not change what is learnt.
    """

    backbone: str = "legacy_seresnext50_32x4d"
    epochs: int = number(6, *EPOCHS)
    batch: int = number(16, *BATCH)
    layers: tuple[str, ...] = ("layer0 layer1", "layer2 layer3 layer4", HEAD)
    learning_rates: tuple[float, ...] = number((1e-6, 1e-4, 1e-2), 0, 10)
    schedule: tuple[float, ...] = number((1.0, 1.0, 0.1, 0.1, 0.01, 0.01), 0, 100)
    positive_weight: float | None = number(None, 1e-6, 1e6)
    dropout: float = number(0.0, 0, 1, below=True)
    flips: bool = True
    rotation: bool = True
    translation: float = number(0.2, 0, 1, below=True)
    views: int = number(8, *VIEWS)
    side: int = number(300, *SIDE)
    normalisation: Literal["none", "imagenet", "own"] = "none"
    mean: tuple[float, ...] = number((), 0, 1)
    deviation: tuple[float, ...] = number((), 1e-6, 1)
    optimiser: str = "Adam"
    weight_decay: float | None = number(None, 0, 100)
    momentum: float | None = number(None, 0, 1, below=True)
    precision: Literal["float32", "tf32", "bf16"] = "float32"
    channels_last: bool = True
    checkpoint_minutes: float = number(5.0, *MINUTES)

    def __post_init__(self) -> None:
        check(self)
        if len(self.layers) != len(self.learning_rates):
            raise ValueError(
                f"expected one learning rate for each of the {len(self.layers)} groups of layers, "
                f"found {len(self.learning_rates)}"
            )
        if self.normalisation == "own" and (len(self.mean), len(self.deviation)) != (3, 3):
            raise ValueError(
                "expected three numbers each in mean and deviation, which normalisation=own takes, found "
                f"{len(self.mean)} and {len(self.deviation)}"
            )
        for name in ("layers", "schedule"):
            if not getattr(self, name):
                raise ValueError(f"expected at least one value in {name}, found none")

    def rates(self, epoch: int) -> tuple[float, ...]:
        """The learning rate of every group in this epoch, counted from 1."""
        factor = self.schedule[min(epoch, len(self.schedule)) - 1]
        return tuple(factor * rate for rate in self.learning_rates)

    def what_is_learnt(self) -> dict[str, Any]:
        """The values on which the trained weights depend: all but the saving."""
        values = dataclasses.asdict(self)
        del values["checkpoint_minutes"]
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Recipe:
        """Read back what `dataclasses.asdict` gave after a trip through JSON."""
        read: dict[str, Any] = {}
        for name, one in values.items():
            read[name] = tuple(one) if isinstance(one, list) else one
        read.pop("compiled", None)  # until 0.1.0 the engine was a setting
        return cls(**read)
