"""A fine-tuned network: predicts, and is written and read without pickles."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from models.contract import Cells, EntryUnavailable, Fitted, Maps, Scores, Session, reading_back
from models.finetune.choosing import Chosen, for_prediction
from models.finetune.maps import activation_maps
from models.finetune.networks import Network
from models.finetune.optimisers import optimiser_facts
from models.finetune.precision import device_of, placed, reproducible
from models.finetune.predict import cells_a_pass, first_pass, mean_logits, scores_of
from models.finetune.recipe import Recipe
from models.finetune.tensors import save
from models.finetune.weights import parameters, start
from submissions.writing import write_whole

_WEIGHTS = "model.safetensors"
_ABOUT = "entry.json"


class FittedNetwork(Fitted):
    """A network with its recipe and what is known about its training."""

    def __init__(self, module: nn.Module, recipe: Recipe, about: Mapping[str, Any]) -> None:
        self.module = module
        self.recipe = recipe
        self.about = about
        self._chosen: tuple[object, Chosen] | None = None

    def predict(self, cells: Cells, session: Session) -> Scores:
        if not len(cells):
            return np.zeros(0)
        device = device_of(session)
        with reproducible(device, self.recipe):
            forward = self._engine(cells, session, device).engine.forward
            logits = mean_logits(forward, cells, self.recipe, session, "predicting", device)
        return scores_of(logits)

    def maps(self, cells: Cells, session: Session) -> Maps | None:
        device = device_of(session)
        with reproducible(device, self.recipe):
            return activation_maps(placed(self.module, device, self.recipe), self.recipe, cells, device)

    def _engine(self, cells: Cells, session: Session, device: torch.device) -> Chosen:
        """What computes here, chosen at the first call: the calls that follow bring more of the same work."""
        asked = (device, session.engine, self.recipe)
        if self._chosen is None or self._chosen[0] != asked:
            module = placed(self.module, device, self.recipe)
            passes = -(-max(session.ahead, len(cells)) // cells_a_pass(device, self.recipe))
            example = first_pass(cells, self.recipe, device)
            self._chosen = asked, for_prediction(module, self.recipe, session, example, passes)
        return self._chosen[1]

    def predicting_by(self, recipe: Recipe, name: str) -> FittedNetwork:
        """The same network for the entry of this name, whose recipe differs in the views only.

        Raises `EntryUnavailable` where that entry would have learnt something else.
        """
        learnt, wanted = ({**one.what_is_learnt(), "views": 0} for one in (self.recipe, recipe))
        different = [setting for setting in wanted if learnt[setting] != wanted[setting]]
        if different:
            raise EntryUnavailable(
                f"{name} would have learnt with other settings than these: {', '.join(different)}",
                "Train it on its own, by `harness submit`.",
            )
        return FittedNetwork(self.module, recipe, self.about)

    def save(self, folder: Path) -> None:
        save(self.module.state_dict(), folder / _WEIGHTS)
        told = {"recipe": dataclasses.asdict(self.recipe), "about": dict(self.about)}
        write_whole(folder / _ABOUT, json.dumps(told, indent=2) + "\n")

    def facts(self) -> Mapping[str, Any]:
        return {
            "backbone": self.recipe.backbone,
            "parameters": parameters(self.module),
            "precision": self.recipe.precision,
            **optimiser_facts(self.recipe),
            "views": self.recipe.views,
            **self.about,
            **({"predicted_with": self._chosen[1].choice.to_json()} if self._chosen else {}),
        }


def load(name: str, network: Callable[[Recipe], Network], folder: Path) -> FittedNetwork:
    """Read back what `FittedNetwork.save` wrote for the entry of this name, whose `network` is built by a
    recipe; raises `EntryUnavailable` where that is not there."""
    from safetensors.torch import load_file

    with reading_back(folder, name):
        told = json.loads((folder / _ABOUT).read_text())
        recipe, about = Recipe.from_json(told["recipe"]), told["about"]
        state = load_file(folder / _WEIGHTS)
        module = network(recipe).module
        module.load_state_dict(state)
    return FittedNetwork(module, recipe, about)


def from_file(network: Network, recipe: Recipe, file: str) -> FittedNetwork:
    """A network that was trained elsewhere; raises `EntryUnavailable` where its last layer is not there."""
    origin = start(network, file)
    if origin.get("head") == "random":
        raise EntryUnavailable(
            f"{file} holds no last layer with one output: it is pre-trained, and no finished network",
            "Train it on cells first: harness submit --weights FILE.",
        )
    return FittedNetwork(network.module, recipe, {"chosen_by": "trained elsewhere", "first_weights": origin})
