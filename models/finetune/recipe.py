"""The recipe of a fine-tuned entry: every value that training and prediction depend on.

The defaults are those of Prellberg and Kramer 2019, including what only their published program
says. This module imports no torch.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

HEAD = "head"
REST = "*"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network is fine-tuned and how it predicts; each value is changed with ``--set``.

    `layers` names the groups of layers that learn at their own rate: name prefixes apart by blanks,
    ``head`` for the classifier, ``*`` for what no other group names. `learning_rates` holds one rate
    a group, and `schedule` the factor on all of them in each epoch (the last factor stays).
    `positive_weight` is the weight of ALL in the loss; None means n_HEM / n_ALL of the training
    cells. `translation` is the largest shift, as a share of the side. `side` is the network's input
    side in pixels; 300 takes the crops as they are. `views` rotations are predicted and averaged.
    `compiled` has torch compile the network, which takes about a minute at the first step and is faster
    afterwards; results differ by rounding. `checkpoint_minutes` 0 saves after every step; it does not
    change what is learnt.
    """

    backbone: str = "legacy_seresnext50_32x4d"
    epochs: int = 6
    batch: int = 16
    layers: tuple[str, ...] = ("layer0 layer1", "layer2 layer3 layer4", HEAD)
    learning_rates: tuple[float, ...] = (1e-6, 1e-4, 1e-2)
    schedule: tuple[float, ...] = (1.0, 1.0, 0.1, 0.1, 0.01, 0.01)
    positive_weight: float | None = None
    dropout: float = 0.0
    flips: bool = True
    rotation: bool = True
    translation: float = 0.2
    views: int = 8
    side: int = 300
    normalisation: Literal["none", "imagenet"] = "none"
    precision: Literal["float32", "tf32", "bf16"] = "float32"
    channels_last: bool = True
    compiled: bool = False
    checkpoint_minutes: float = 5.0

    def __post_init__(self) -> None:
        if len(self.layers) != len(self.learning_rates):
            raise ValueError(
                f"expected one learning rate for each of the {len(self.layers)} groups of layers, "
                f"found {len(self.learning_rates)}"
            )
        if not self.schedule:
            raise ValueError("expected at least one factor in schedule, found none")
        for name in ("epochs", "batch", "views", "side"):
            if getattr(self, name) < 1:
                raise ValueError(f"expected {name} of at least 1, found {getattr(self, name)}")
        if not 0 <= self.translation < 1:
            raise ValueError(f"expected translation in [0, 1), found {self.translation}")

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
        return cls(**read)
