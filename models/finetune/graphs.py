"""A fine-tuned network as an ONNX graph: crops go in; views, size, normalisation and the mean are inside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import nn

from models.contract import Crops, EntryUnavailable
from models.finetune.examples import CROP
from models.finetune.predict import normalised_by
from models.finetune.recipe import Recipe
from models.finetune.views import rotation_table

if TYPE_CHECKING:
    from onnx import ModelProto

INPUT, OUTPUTS = "crops", ("logit", "score")
_MOST_BYTES = 2**31 - 2**24
"""What one ONNX file holds (protobuf's 2 GB), with room for the graph beside the weights."""


class Whole(nn.Module):
    """A network with all that stands before and behind it in prediction."""

    mean: torch.Tensor
    deviation: torch.Tensor
    sources: torch.Tensor | None
    sizing: torch.Tensor | None

    def __init__(self, module: nn.Module, recipe: Recipe, views: int) -> None:
        super().__init__()
        self.module = module
        self.views = views
        mean, deviation = (torch.tensor(one).view(1, 3, 1, 1) for one in normalised_by(recipe))
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)
        self.register_buffer("sources", rotation_table(views, CROP).reshape(-1) if views > 1 else None)
        self.register_buffer("sizing", sizing(recipe.side) if recipe.side != CROP else None)

    def forward(self, crops: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Crops, uint8 (n, 300, 300, 3), to logits and scores, float32 (n,)."""
        images = self._turned(crops).permute(0, 3, 1, 2).float() / 255
        if self.sizing is not None:
            images = self.sizing @ images @ self.sizing.transpose(0, 1)
        logits = self.module((images - self.mean) / self.deviation)
        logit = logits.reshape(-1, self.views).mean(dim=1)
        return logit, torch.sigmoid(logit)

    def _turned(self, crops: torch.Tensor) -> torch.Tensor:
        """All views of each crop, one after the other: as `views.turned`, in operations that ONNX has."""
        if self.sources is None:
            return crops
        flat = F.pad(crops.reshape(-1, CROP * CROP, 3), (0, 0, 0, 1))
        return flat.index_select(1, self.sources).reshape(-1, CROP, CROP, 3)


def sizing(side: int) -> torch.Tensor:
    """Bilinear resampling with antialiasing as a matrix (side, 300): it is linear, and one for each axis."""
    unit = torch.eye(CROP).view(1, 1, CROP, CROP)
    return F.interpolate(unit, size=(side, CROP), mode="bilinear", antialias=True)[0, 0]


def graph_of(module: nn.Module, recipe: Recipe, views: int, told: Mapping[str, Any]) -> bytes:
    """The ONNX file's bytes, for any number of crops; `told` stands in its metadata under ``manifest``.

    Raises `EntryUnavailable` for a network that one file cannot hold, or that torch cannot put into a graph.
    """
    import onnx
    import onnxscript  # noqa: F401 - torch's exporter needs it; what is missing is told here

    whole = Whole(module, recipe, views).eval()
    _require_size(whole)
    example = torch.zeros(2, CROP, CROP, 3, dtype=torch.uint8)
    try:
        program: Any = torch.onnx.export(
            whole,
            (example,),
            dynamo=True,
            verbose=False,
            input_names=[INPUT],
            output_names=list(OUTPUTS),
            dynamic_shapes=({0: torch.export.Dim("n")},),
        )
    except torch.onnx.OnnxExporterError as error:
        reason = next(iter(str(error).splitlines()), "")
        raise EntryUnavailable(
            f"torch cannot put this network into an ONNX graph: {reason}", "Take --to state-dict."
        ) from error
    found: ModelProto = program.model_proto
    _forget_sources(found)
    onnx.helper.set_model_props(found, {"manifest": json.dumps(told, sort_keys=True)})
    onnx.checker.check_model(found)
    return found.SerializeToString(deterministic=True)


def _require_size(whole: nn.Module) -> None:
    size = sum(one.numel() * one.element_size() for one in whole.state_dict().values())
    if size > _MOST_BYTES:
        raise EntryUnavailable(
            f"expected at most {_MOST_BYTES:,} bytes of weights for one ONNX file, found {size:,}",
            "Take --to timm or --to state-dict.",
        )


def _forget_sources(model: ModelProto) -> None:
    """Take out where each operation was written: paths of this machine, and nothing that computes."""
    for one in (model.graph, *model.graph.node, *model.graph.value_info, *model.graph.initializer):
        one.ClearField("metadata_props")
        one.ClearField("doc_string")
    for one in (*model.graph.input, *model.graph.output):
        one.ClearField("metadata_props")


def run_graph(file: Path, crops: Crops) -> npt.NDArray[np.float64]:
    """The logits of these crops by onnxruntime."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    logits: npt.NDArray[np.float64] = session.run(["logit"], {INPUT: crops})[0].astype(np.float64)
    return logits
