"""A fine-tuned network as a file that timm, torch or an ONNX runtime loads without this program.

Each file is loaded back by the library it is for and held to our logits before it is handed out.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from models.contract import Crops, EntryUnavailable
from models.drawn_cells import drawn_cells
from models.exports import AGREE, ONNX, STATE_DICT, TIMM, Export, Exported
from models.finetune.examples import CROP, example_of
from models.finetune.fitted import FittedNetwork
from models.finetune.graphs import graph_of, run_graph
from models.finetune.networks import Network
from models.finetune.predict import as_input, normalised_by
from models.finetune.recipe import Recipe
from models.finetune.tensors import save
from models.finetune.views import turned
from submissions.writing import naming, write_whole

_TRIED = 3
"""Drawn cells on which the file is held to ours: not one and not two, the sizes a graph may be fixed to."""
_CLASSES = ("HEM", "ALL")


def exported(network: Network, fitted: FittedNetwork, asked: Export) -> Exported:
    """Write the network in the form that is asked for; `network` says how its library builds it.

    Raises `EntryUnavailable` where there is no such form of it, or where the file computes something else.
    """
    recipe = fitted.recipe
    module = fitted.module.cpu().eval()
    _WRITERS[asked.form](network, module, recipe, asked)
    crops = drawn_cells(_TRIED).crops()
    views = recipe.views if asked.with_views else 1
    apart = float(np.abs(_loaded(network, recipe, asked, crops) - _ours(module, recipe, crops, views)).max())
    if not apart <= AGREE:
        raise EntryUnavailable(
            f"the {asked.form} file computes other logits than {network.name} here: {apart:.2g} apart",
            f"Logits agree to {AGREE:g} for the networks that were tried; use another form, or report this.",
        )
    facts = {**described(network, recipe, asked), "largest_difference": apart}
    return Exported(facts, example_of(network, recipe, asked))


def described(network: Network, recipe: Recipe, asked: Export) -> dict[str, Any]:
    """What goes into the network, what comes out, and which library builds it."""
    mean, deviation = normalised_by(recipe)
    prepared = {"size": [recipe.side, recipe.side], "mean": list(mean), "deviation": list(deviation)}
    inside = asked.form == ONNX
    return {
        "form": asked.form,
        "network": network.call or network.name,
        "input": {
            "colour": "RGB",
            "crop": f"the middle {CROP} x {CROP} pixels of an image, background exactly 0",
            "as": f"uint8, (n, {CROP}, {CROP}, 3)" if inside else "float32, (n, 3, side, side), RGB / 255",
            **({"inside": prepared} if inside else prepared),
        },
        "output": "logit of ALL; the score is 1 / (1 + exp(-logit)), and above 0.5 it means ALL",
        "classes": list(_CLASSES),
        "views": recipe.views if asked.with_views else 1,
        "views_of_the_entry": recipe.views,
        "precision": "float32",
    }


def _write_timm(network: Network, module: nn.Module, recipe: Recipe, asked: Export) -> None:
    if network.library != TIMM:
        raise EntryUnavailable(
            f"timm has no network {network.name}: it is {network.library or 'a network of its own'}",
            f"Take another form: --to {STATE_DICT} or --to {ONNX}.",
        )
    save(module.state_dict(), asked.file, {"manifest": json.dumps(asked.told, sort_keys=True)})


def _write_state(network: Network, module: nn.Module, recipe: Recipe, asked: Export) -> None:
    plain = {name: one.detach().contiguous() for name, one in module.state_dict().items()}
    with naming(asked.file):
        torch.save(plain, asked.file)


def _write_onnx(network: Network, module: nn.Module, recipe: Recipe, asked: Export) -> None:
    views = recipe.views if asked.with_views else 1
    told: Mapping[str, Any] = {**asked.told, **described(network, recipe, asked)}
    write_whole(asked.file, graph_of(module, recipe, views, told))


_WRITERS = {TIMM: _write_timm, STATE_DICT: _write_state, ONNX: _write_onnx}


def _loaded(network: Network, recipe: Recipe, asked: Export, crops: Crops) -> npt.NDArray[np.float64]:
    """The logits of these crops by the library that the file is for."""
    if asked.form == ONNX:
        return run_graph(asked.file, crops)
    if asked.form == TIMM:
        import timm

        name = network.name
        module: Any = timm.create_model(name, num_classes=1, checkpoint_path=str(asked.file))
    else:
        module = network.module
        module.load_state_dict(torch.load(asked.file, weights_only=True))
    return _ours(module.eval(), recipe, crops, 1)


def _ours(module: nn.Module, recipe: Recipe, crops: Crops, views: int) -> npt.NDArray[np.float64]:
    """The logits of these crops as prediction computes them, in float32."""
    plain = dataclasses.replace(recipe, channels_last=False)
    with torch.inference_mode():
        images = as_input(turned(torch.from_numpy(crops), views), plain)
        logits: npt.NDArray[np.float64] = module(images).double().view(-1, views).mean(dim=1).numpy()
    return logits
