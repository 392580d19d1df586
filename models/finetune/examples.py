"""A script of a few lines that scores one image with an exported network, and without this program."""

from __future__ import annotations

from models.exports import ONNX, TIMM, Export
from models.finetune.networks import Network
from models.finetune.predict import normalised_by
from models.finetune.recipe import Recipe

CROP = 300
"""Side of the crops that entries are given (`models.contract.Crops`)."""
_SAYS = "# Probability of ALL of one image, as python EXAMPLE IMAGE. Research software: no diagnosis.\n"


def example_of(network: Network, recipe: Recipe, asked: Export) -> str:
    """Python's text; it looks for the network's file beside itself."""
    if asked.form == ONNX:
        return _SAYS + _ONNX.format(file=asked.name, crop=CROP)
    if not network.call:
        return _LIST.format(file=asked.name)
    mean, deviation = normalised_by(recipe)
    sized = f"T.Resize(({recipe.side}, {recipe.side})), " if recipe.side != CROP else ""
    file = f'str(pathlib.Path(__file__).with_name("{asked.name}"))'
    return _SAYS + _TORCH.format(
        library=network.call.partition(".")[0],
        network=_from_file(network.call, file) if asked.form == TIMM else network.call,
        filled="" if asked.form == TIMM else _FILLED.format(file=file),
        crop=CROP,
        prepared=f"{sized}T.Normalize({mean}, {deviation})",
    )


def _from_file(call: str, file: str) -> str:
    """timm's call with the file of weights."""
    return f"{call.removesuffix(')')}, checkpoint_path={file})"


_TORCH = """\
import pathlib, sys, PIL.Image, {library}, torch, torchvision.transforms as T
network = {network}.eval()
{filled}read = T.Compose([T.CenterCrop({crop}), T.ToTensor(), {prepared}])
print(torch.sigmoid(network(read(PIL.Image.open(sys.argv[1]).convert("RGB"))[None])).item())
"""

_FILLED = "network.load_state_dict(torch.load({file}, weights_only=True))\n"

_ONNX = """\
import pathlib, sys, numpy, onnxruntime, PIL.Image
network = onnxruntime.InferenceSession(str(pathlib.Path(__file__).with_name("{file}")))
image = PIL.Image.open(sys.argv[1]).convert("RGB")
left, top = (image.width - {crop}) // 2, (image.height - {crop}) // 2
crop = numpy.asarray(image.crop((left, top, left + {crop}, top + {crop})))
print(network.run(["score"], {{"crops": crop[None]}})[0][0])
"""

_LIST = """\
# The names and shapes of the weights: the network itself is built by the entry's own code.
import pathlib, torch
weights = torch.load(str(pathlib.Path(__file__).with_name("{file}")), weights_only=True)
for name, tensor in weights.items():
    print(name, tuple(tensor.shape))
"""
