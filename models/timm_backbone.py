"""Any network of timm with the reference recipe: `timm:<name>`.

The three learning rates of Prellberg and Kramer go by depth. timm says of each network which of its
layers are the stem and the first stage; where it does not, all layers learn at one rate, the one of
their ablation NOSPECLR.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from models.contract import Entry, EntryCard, EntryUnavailable, Family
from models.finetune.entry import PACKAGES, Finetuned
from models.finetune.recipe import HEAD, REST, Recipe
from models.registry import missing_requirement, needs

PREFIX = "timm:"
_TRIAL_SIDES = (32, 64, 96, 128, 160, 224)
"""Sides tried from small to large: what networks halve five times takes 32, vision transformers take 224."""

_CARD = EntryCard(
    name="timm:<name>",
    summary="any network of timm with the reference recipe",
    paper="Prellberg, Kramer 2019 for the recipe; timm (Wightman) names the source of each network",
    differences=(
        "the smallest learning rate is for the stem and first stage, the largest for the head; the side "
        "of the input is 300 unless the network has a fixed one; mean and deviation of the channels are "
        "those of the network's own training (normalisation=none gives RGB / 255, as the paper's program)"
    ),
    licence="MIT; of the weights, see timm's card of the network",
    requires=PACKAGES,
)


class TimmEntry(Finetuned):
    """A network of timm, tried on the smallest images that it takes."""

    @property
    def trial_settings(self) -> Mapping[str, str]:  # type: ignore[override]
        """One epoch and one view, and a side that the network accepts: its own where that is fixed."""
        from models.finetune.trying import sketched, takes

        network = sketched(self.network)
        fits = (side for side in _TRIAL_SIDES if takes(network, replace(self.settings, side=side)))
        side = next(fits, self.settings.side)
        return {**Finetuned.trial_settings, "side": str(side)}

    def configured(self, texts: Mapping[str, str]) -> Entry:
        """As every entry; with another `backbone` come the mean and deviation that it was trained with."""
        import timm

        other = texts.get("backbone", self.settings.backbone)
        if other == self.settings.backbone or not timm.is_model(other):
            return super().configured(texts)
        own = {
            name: ",".join(map(str, value)) for name, value in _trained_with(_without_weights(other)).items()
        }
        return super().configured({**own, **texts})


class TimmFamily(Family):
    """One entry for each network that timm knows."""

    card = _CARD

    def member(self, name: str) -> Finetuned:
        _require_packages()
        card = EntryCard(
            name=f"{PREFIX}{name}",
            summary=f"timm's {name} with the reference recipe",
            paper=_CARD.paper,
            differences=_CARD.differences,
            licence=_CARD.licence,
            requires=PACKAGES,
        )
        return TimmEntry(card, recipe_for(name))

    def names(self, pattern: str) -> tuple[str, ...]:
        _require_packages()
        import timm

        return tuple(timm.list_models(pattern))


def recipe_for(name: str) -> Recipe:
    """The reference recipe for timm's network of this name; `EntryUnavailable` where there is none."""
    import timm

    if not timm.is_model(name):
        near = difflib.get_close_matches(name, timm.list_models(), n=3, cutoff=0.5)
        meant = f"Did you mean {' or '.join(PREFIX + one for one in near)}? " if near else ""
        raise EntryUnavailable(
            f"timm has no network {name!r}", f"{meant}`harness models 'timm:*'` lists them all."
        )
    module = _without_weights(name)
    fixed = module.default_cfg.get("fixed_input_size", False)
    side = int(module.default_cfg["input_size"][-1]) if fixed else Recipe().side
    first = first_layers(module)
    own: dict[str, Any] = {"normalisation": "own", **_trained_with(module)}
    if not first:
        return Recipe(backbone=name, layers=(REST,), learning_rates=(1e-4,), side=side, **own)
    return Recipe(backbone=name, layers=(" ".join(first), REST, HEAD), side=side, **own)


def _trained_with(module: Any) -> dict[str, tuple[float, ...]]:
    """The mean and deviation of each channel with which timm's weights of a network were trained."""
    told = module.pretrained_cfg
    return {"mean": tuple(map(float, told["mean"])), "deviation": tuple(map(float, told["std"]))}


def _without_weights(name: str) -> Any:
    """The network without memory for its weights: enough to ask it about its layers."""
    import timm
    import torch

    with torch.device("meta"):
        return timm.create_model(name, num_classes=1)


def first_layers(module: Any) -> tuple[str, ...]:
    """Prefixes of the layers in a timm network's stem and first stage; none where timm does not say."""
    from timm.models import group_parameters

    try:
        groups: Mapping[int, list[str]] = group_parameters(module, module.group_matcher(coarse=True))
    except (AttributeError, NotImplementedError, AssertionError, KeyError, ValueError):
        return ()
    depths = sorted(groups)
    if len(depths) < 3:  # stem, at least two stages
        return ()
    first = {name for depth in depths[:2] for name in groups[depth]}
    others = {name for name, _ in module.named_parameters()} - first
    return tuple(dict.fromkeys(_prefix(name, others) for name in sorted(first)))


def _prefix(name: str, others: set[str]) -> str:
    """The shortest prefix of a parameter's name that no parameter of the other layers has."""
    parts = name.split(".")
    prefixes = (".".join(parts[: depth + 1]) for depth in range(len(parts)))
    return next(one for one in prefixes if not any(other.startswith(f"{one}.") for other in others))


def _require_packages() -> None:
    missing = missing_requirement(_CARD)
    if missing:
        raise needs(_CARD.name, missing)


TIMM = TimmFamily()
