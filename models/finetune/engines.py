"""Ways to compute a network's logits: they differ by the rounding of their precision, and in speed.

`eager` runs the network as it is. `folded` works its batch norms into the convolutions before them. `compile`
has torch's compiler write the loops, for prediction with the weights built in. `openvino` is Intel's library
for processors. No way is the fastest on every machine: `choosing` measures.
"""

from __future__ import annotations

import copy
import importlib.util
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import nn

from models.extras import install_command
from models.finetune.compiling import require_compiler
from models.finetune.precision import autocast
from models.finetune.recipe import Recipe

Forward = Callable[[torch.Tensor], torch.Tensor]
"""Images, float32 (n, 3, side, side) on the network's device, to logits, float32 (n,)."""

EAGER = "eager"


class EngineMissing(Exception):
    """This machine has no such engine, or it cannot run this network; the text says why."""


@dataclass(frozen=True, slots=True, eq=False)
class Engine:
    """One way to compute a network's logits: its name, and what does it."""

    name: str
    forward: Forward


def engine(name: str, module: nn.Module, recipe: Recipe, example: torch.Tensor) -> Engine:
    """The engine of this name for a network that predicts with the weights it has now.

    `example` holds images as every pass will, and goes through it once. Raises `EngineMissing`.
    """
    module.eval()
    try:
        forward = _BUILDERS[name](module, recipe, example)
        with torch.no_grad():
            forward(example)
    except (EngineMissing, torch.cuda.OutOfMemoryError):
        raise
    except Exception as error:
        if name == EAGER:
            raise
        # Compilers and converters refuse a network in any way.
        raise EngineMissing(f"{name} cannot run this network: {first_line(error)}") from error
    return Engine(name, forward)


def calls(module: Callable[[torch.Tensor], torch.Tensor], recipe: Recipe, device: torch.device) -> Forward:
    """A network's calls in the recipe's precision, one logit an image, whatever its weights become."""

    def forward(images: torch.Tensor) -> torch.Tensor:
        with autocast(device, recipe):
            return module(images).float().view(-1)

    return forward


def compiled(module: nn.Module) -> Callable[[torch.Tensor], torch.Tensor]:
    """The network's calls compiled, with its weights as they will be; raises `EngineMissing`."""
    _require_compiler(module)
    return torch.compile(module, dynamic=False)


def _eager(module: nn.Module, recipe: Recipe, example: torch.Tensor) -> Forward:
    return calls(module, recipe, example.device)


def _folded(module: nn.Module, recipe: Recipe, example: torch.Tensor) -> Forward:
    return calls(_without_norms(module, recipe), recipe, example.device)


def _compiled(module: nn.Module, recipe: Recipe, example: torch.Tensor) -> Forward:
    """On a processor the weights are built into what is compiled, so that they lie as its loops want them."""
    if example.device.type != "cpu":
        return calls(compiled(module), recipe, example.device)
    _require_compiler(module)
    made = torch.compile(_foldable(module, recipe), dynamic=False, options={"freezing": True})
    return calls(made, recipe, example.device)


def _openvino(module: nn.Module, recipe: Recipe, example: torch.Tensor) -> Forward:
    if lack := lack_of_engine("openvino", example.device.type):
        raise EngineMissing(lack)
    return _in_openvino(module, recipe, example)


def _in_openvino(module: nn.Module, recipe: Recipe, example: torch.Tensor) -> Forward:
    """Read by the frontend itself: `openvino.convert_model` would send usage numbers to its makers."""
    import openvino
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    plain = example.contiguous()
    frontend = FrontEndManager().load_by_framework("pytorch")
    with warnings.catch_warnings(action="ignore", category=FutureWarning):
        decoder = TorchScriptPythonDecoder(module, example_input=(plain,))
    model = frontend.convert(frontend.load(decoder))
    model.reshape({0: list(plain.shape)})
    wanted = {
        "INFERENCE_PRECISION_HINT": "bf16" if recipe.precision == "bf16" else "f32",
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
    }
    request = openvino.Core().compile_model(model, "CPU", wanted).create_infer_request()

    def forward(images: torch.Tensor) -> torch.Tensor:
        request.infer({0: openvino.Tensor(images.contiguous().numpy(), shared_memory=True)})
        return torch.from_numpy(request.get_output_tensor(0).data.copy()).float().view(-1)

    return forward


def _without_norms(module: nn.Module, recipe: Recipe) -> nn.Module:
    from torch.fx.experimental.optimization import fuse

    folded: nn.Module = fuse(copy.deepcopy(module).eval())
    layout = torch.channels_last if recipe.channels_last else torch.contiguous_format
    return folded.to(memory_format=layout)  # type: ignore[call-overload,no-any-return]


def _foldable(module: nn.Module, recipe: Recipe) -> nn.Module:
    """Without batch norms where that can be; the compiler takes the network as it is, too."""
    try:
        return _without_norms(module, recipe)
    except Exception:  # one whose path depends on its numbers cannot be traced
        return copy.deepcopy(module)


def _require_compiler(module: nn.Module) -> None:
    if lack := lack_of_engine("compile", next(module.parameters()).device.type):
        raise EngineMissing(lack)


def lack_of_engine(name: str, device: str) -> str:
    """What this machine lacks for an engine on such a device (cpu, cuda); empty where nothing is known to."""
    if name == "compile":
        reason = require_compiler(device)
        return f"nothing can be compiled here: {reason}" if reason else ""
    if name != "openvino":
        return ""
    if importlib.util.find_spec("openvino") is None:
        return f"the package openvino is missing (type: {install_command('openvino')})"
    return "" if device == "cpu" else f"openvino computes on processors, not on {device}"


def first_line(error: BaseException) -> str:
    """The first line of what an error says, or its kind."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


_BUILDERS: Mapping[str, Callable[[nn.Module, Recipe, torch.Tensor], Forward]] = {
    EAGER: _eager,
    "folded": _folded,
    "openvino": _openvino,
    "compile": _compiled,
}
"""In the order of what they cost to build."""

NAMES = tuple(_BUILDERS)
