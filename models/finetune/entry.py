"""An entry that is a network and a recipe: what the fine-tuned approaches have in common.

This module imports no torch; `fit` and `load` do.
"""

from __future__ import annotations

import copy
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Self

from models.contract import Cells, Entry, EntryCard, Fitted, Session, SettingInvalid
from models.finetune.recipe import REST, Recipe
from models.registry import needs

if TYPE_CHECKING:
    from models.exports import Export, Exported
    from models.finetune.fitted import FittedNetwork
    from models.finetune.loop import Approach
    from models.finetune.networks import Network

PACKAGES = ("torch", "torchvision", "timm", "safetensors")


class Finetuned(Entry):
    """Fine-tunes a network by a `Recipe`; a subclass may bring another `network`."""

    settings: Recipe
    uses_weights = True
    uses_validation = True
    watches = True
    trial_settings: Mapping[str, str] = MappingProxyType({"epochs": "1", "views": "1", "side": "32"})

    def __init__(self, card: EntryCard, recipe: Recipe, fit_of: str = "") -> None:
        self.card = card
        self.settings = recipe
        self.fit_of = fit_of

    def network(self) -> Network:
        """The network with one output and random weights: timm's of the name in the recipe."""
        from models.finetune.networks import timm_network

        return timm_network(self.settings)

    def require_usable(self, weights: str) -> None:
        super().require_usable(weights)
        self._require_packages()
        from models.finetune.trying import try_out

        try_out(self.network, self.settings, weights if self.uses_weights else "none")

    def fit(self, cells: Cells, session: Session) -> Fitted:
        self._require_packages()
        from models.finetune.loop import fit

        return fit(self.approach(session), cells, session)

    def approach(self, session: Session) -> Approach:
        """What the training needs of this entry."""
        from models.finetune.loop import Approach

        weights = session.weights if self.uses_weights else "none"
        return Approach(self.card.name, self.card.version, self.settings, self.network, weights)

    def load(self, folder: Path) -> FittedNetwork:
        self._require_packages()
        from models.finetune.fitted import load

        return load(self.card.name, lambda recipe: self.with_recipe(recipe).network(), folder)

    def trained(self, file: str) -> FittedNetwork:
        self._require_packages()
        from models.finetune.fitted import from_file

        return from_file(self.network(), self.settings, file)

    def exported(self, fitted: Fitted, asked: Export) -> Exported:
        self._require_packages()
        from models.finetune.exporting import exported
        from models.finetune.fitted import FittedNetwork

        assert isinstance(fitted, FittedNetwork)
        return exported(self.with_recipe(fitted.recipe).network(), fitted, asked)

    def configured(self, texts: Mapping[str, str]) -> Entry:
        """As every entry; `learning_rate` is short for one group of all layers that learn at this rate."""
        rate = texts.get("learning_rate")
        if rate is None:
            return super().configured(texts)
        clash = [name for name in ("layers", "learning_rates") if name in texts]
        if clash:
            raise SettingInvalid(
                f"learning_rate is one rate for all layers, and {' and '.join(clash)} say otherwise",
                "Leave one of them out.",
            )
        others = {name: text for name, text in texts.items() if name != "learning_rate"}
        try:
            return super().configured({**others, "layers": REST, "learning_rates": rate})
        except SettingInvalid as refused:
            message = str(refused).replace("learning_rates", "learning_rate")
            hint = refused.hint.replace("--set layers=VALUE ", "").replace(
                "learning_rates=", "learning_rate="
            )
            raise SettingInvalid(message, hint) from None

    def adopt(self, folder: Path) -> Fitted:
        return self.load(folder).predicting_by(self.settings, self.card.name)

    def with_recipe(self, recipe: Recipe) -> Self:
        """The same entry with another recipe."""
        other = copy.copy(self)
        other.settings = recipe
        return other

    def _require_packages(self) -> None:
        for package in self.card.requires:
            if importlib.util.find_spec(package) is None:
                raise needs(self.card.name, package)
