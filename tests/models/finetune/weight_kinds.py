"""Files of many kinds that people give as weights, each made small, and what each gets.

The rows of `KINDS` are the table in docs/entries.md; `outcome` says what really happens.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import pickle
import sys
import tarfile
import types
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import timm
import torch
from PIL import Image
from safetensors.torch import save_file

from models.contract import EntryUnavailable
from models.finetune.networks import Network, timm_network
from models.finetune.recipe import REST, Recipe
from models.finetune.weights import start

State = dict[str, torch.Tensor]
SMALL = "test_resnet"


def network_of(backbone: str, device: str = "cpu") -> Network:
    with torch.device(device):
        return timm_network(Recipe(backbone=backbone, layers=(REST,), learning_rates=(1e-3,)))


def state(classes: int = 1000, seed: int = 1) -> State:
    """Weights of a very small network, with a head of so many classes (0: none)."""
    torch.manual_seed(seed)
    body = timm.create_model(SMALL, num_classes=0).state_dict()
    head = {"fc.weight": torch.full((classes, 96), 0.25), "fc.bias": torch.full((classes,), -0.5)}
    return {**body, **(head if classes else {})}


def shapes(backbone: str) -> State:
    """The names and shapes of a large network's weights, without the numbers."""
    with torch.device("meta"):
        return timm.create_model(backbone).state_dict()


def named(prefix: str, tensors: State) -> State:
    return {f"{prefix}{name}": one for name, one in tensors.items()}


def with_head(name: str, classes: int = 1) -> State:
    """The network with its head under another name."""
    return {one.replace("fc.", f"{name}."): tensor for one, tensor in state(classes).items()}


class AttributeDict(dict):
    """What Lightning keeps its options in; saved under Lightning's name for it."""

    __module__ = "lightning.fabric.utilities.data"


class Malicious:
    """A pickle that makes a folder when it is opened by pickle itself."""

    def __init__(self, target: Path) -> None:
        self.target = str(target)

    def __reduce__(self):
        return os.makedirs, (self.target,)


def saved(content: object, name: str = "w.pth", **options: bool) -> Callable[[Path], str]:
    def make(folder: Path) -> str:
        torch.save(content() if callable(content) else content, folder / name, **options)
        return name

    return make


def safe(content: Callable[[], State]) -> Callable[[Path], str]:
    def make(folder: Path) -> str:
        save_file(content(), folder / "w.safetensors")
        return "w.safetensors"

    return make


def holding(content: bytes, name: str = "w.pth") -> Callable[[Path], str]:
    def make(folder: Path) -> str:
        (folder / name).write_bytes(content)
        return name

    return make


def cut(make: Callable[[Path], str], share: float = 0.5) -> Callable[[Path], str]:
    """The first part of a file."""

    def made(folder: Path) -> str:
        name = make(folder)
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: int(share * len(content))])
        return name

    return made


def part(make: Callable[[Path], str], name: str) -> Callable[[Path], str]:
    return lambda folder: f"{make(folder)}#{name}"


def zipped(members: dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as opened:
        for name, content in members.items():
            opened.writestr(name, content)
    return held.getvalue()


def tarred() -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as opened:
        opened.addfile(tarfile.TarInfo("weights.pth"))
    return held.getvalue()


def npz() -> bytes:
    held = io.BytesIO()
    np.savez(held, **{"conv1.weight": np.zeros(3)})
    return held.getvalue()


def png() -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (4, 4)).save(held, "png")
    return held.getvalue()


def lying_header() -> bytes:
    """A safetensors file whose header names more bytes than follow."""
    header = json.dumps({"conv1.weight": {"dtype": "F32", "shape": [9], "data_offsets": [0, 36]}}).encode()
    return len(header).to_bytes(8, "little") + header + bytes(8)


def changed(name: str, tensor: torch.Tensor) -> Callable[[], State]:
    return lambda: {**state(), name: tensor}


def without(name: str) -> Callable[[], State]:
    return lambda: {one: tensor for one, tensor in state().items() if one != name}


def cadene() -> State:
    renamed = with_head("last_linear", 1000)
    return {name: one for name, one in renamed.items() if not name.endswith("num_batches_tracked")}


def renamed() -> State:
    return {f"block{at}.{name.rpartition('.')[2]}": one for at, (name, one) in enumerate(state(1).items())}


def optimiser() -> dict[str, object]:
    module = torch.nn.Linear(2, 1)
    made = torch.optim.Adam(module.parameters())
    module(torch.ones(1, 2)).sum().backward()
    made.step()
    return made.state_dict()


def lightning() -> dict[str, object]:
    return {
        "epoch": 3,
        "pytorch-lightning_version": "2.4.0",
        "state_dict": {**named("model.", state(1)), "criterion.pos_weight": torch.ones(1)},
        "optimizer_states": [optimiser()],
        "hyper_parameters": AttributeDict(lr=0.1),
    }


def timm_checkpoint() -> dict[str, object]:
    return {
        "epoch": 3,
        "arch": SMALL,
        "state_dict": state(),
        "optimizer": optimiser(),
        "args": argparse.Namespace(lr=0.1),
        "metric": np.float64(77.5),
    }


def with_average() -> dict[str, object]:
    return {"state_dict": state(), "state_dict_ema": state(seed=2)}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file: what it is, how it is made (a name in a folder), and for which network."""

    what: str
    make: Callable[[Path], str]
    network: str = SMALL


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a file got, with ``FILE`` for its path, and the network that was filled or not."""

    words: str
    network: Network


def outcome(kind: Kind, folder: Path) -> Outcome:
    """What a file of this kind gets, in the words of the table."""
    name = kind.make(folder)
    network = network_of(kind.network, "cpu" if kind.network == SMALL else "meta")
    try:
        facts = start(network, str(folder / name))
    except EntryUnavailable as refused:
        return Outcome(f"refused: {_without_folder(str(refused), folder)}", network)
    told = [f"{key} {word}" for key, word in facts.items() if key not in ("source", "file", "sha256")]
    return Outcome(f"taken: {'; '.join(told)}", network)


def _without_folder(message: str, folder: Path) -> str:
    for name in ("w.pth.tar", *sorted(one.name for one in folder.iterdir()), "w.pth", ""):
        message = message.replace(str(folder / name), "FILE")
    return message


def table(outcomes: dict[Kind, str]) -> str:
    """The table of docs/entries.md."""
    lines = ["| file | for | what it gets |", "| --- | --- | --- |"]
    lines += [f"| {kind.what} | `{kind.network}` | {gets} |" for kind, gets in outcomes.items()]
    return "\n".join(lines)


_A = "timm's names"
KINDS = (
    Kind(f"{_A}, 1000 classes, `.safetensors`", safe(state)),
    Kind(f"{_A}, 1000 classes, `.pth`", saved(state)),
    Kind("the same as PyTorch wrote it before 2020", saved(state, _use_new_zipfile_serialization=False)),
    Kind("Cadene's names, no batch counters", saved(cadene)),
    Kind("half precision", saved(lambda: {k: v.half() for k, v in state().items()})),
    Kind("bfloat16", safe(lambda: {k: v.bfloat16() for k, v in state().items()})),
    Kind("no head", safe(lambda: state(0))),
    Kind("a head of one class", safe(lambda: state(1))),
    Kind("a head of one class, `last_linear`", safe(lambda: with_head("last_linear"))),
    Kind("a head of one class, `cls.2`", safe(lambda: with_head("cls.2"))),
    Kind("a head of one class, `head.fc`", safe(lambda: with_head("head.fc"))),
    Kind("DataParallel (`module.`)", saved(lambda: named("module.", state(1)))),
    Kind("`backbone.` and a head beside it", saved(lambda: _with_outer_head())),
    Kind("`encoder.` of a larger network", saved(lambda: _with_decoder())),
    Kind("compiled (`model._orig_mod.`)", saved(lambda: {"model": named("model._orig_mod.", state(1))})),
    Kind("compiled (`_orig_mod.model.`)", saved(lambda: named("_orig_mod.model.", state(1)))),
    Kind("Lightning's `.ckpt`, with its options and loss", lambda folder: _lightning_file(folder)),
    Kind("timm's checkpoint: options, optimiser's state", saved(timm_checkpoint, "w.pth.tar")),
    Kind("a moving average (EMA) beside raw weights", saved(with_average)),
    Kind("the same, `FILE#state_dict`", part(saved(with_average), "state_dict")),
    Kind("the same, `FILE#other`", part(saved(with_average), "other")),
    Kind("the network twice (`a.`, `b.`)", saved(lambda: {**named("a.", state()), **named("b.", state())})),
    Kind("its shapes under other names", saved(renamed)),
    Kind("ResNet-34", saved(lambda: shapes("resnet34")), "resnet18"),
    Kind("SE-ResNeXt101", saved(lambda: shapes("legacy_seresnext101_32x4d")), "legacy_seresnext50_32x4d"),
    Kind("SE-ResNet50", saved(lambda: shapes("seresnet50")), "resnet50"),
    Kind("EfficientNet-lite1", saved(lambda: shapes("efficientnet_lite1")), "efficientnet_lite0"),
    Kind("one tensor too few", safe(without("layer1.0.conv1.weight"))),
    Kind("one tensor too many", safe(changed("layer1.0.gate.weight", torch.zeros(3)))),
    Kind("one tensor of another shape", safe(changed("layer1.0.conv1.weight", torch.zeros(7, 7)))),
    Kind("a NaN in it", safe(changed("bn1.bias", torch.full((32,), torch.nan)))),
    Kind("whole numbers (int8) for real ones", safe(changed("bn1.bias", torch.ones(32, dtype=torch.int8)))),
    Kind("shapes without numbers (meta)", saved(lambda: shapes(SMALL))),
    Kind("an optimiser's state alone", saved(optimiser)),
    Kind("a whole network (`torch.save(network)`)", saved(lambda: timm.create_model(SMALL))),
    Kind("a pickle that would run code", lambda folder: _malicious(folder)),
    Kind("a pickle of NumPy arrays", holding(pickle.dumps({"a": np.zeros(2)}, protocol=2), "w.pkl")),
    Kind("a pickle of a list", holding(pickle.dumps([1, 2], protocol=2), "w.pkl")),
    Kind("`.pth` cut off", cut(saved(state))),
    Kind("`.pth` of before 2020, cut off", cut(saved(state, _use_new_zipfile_serialization=False))),
    Kind("`.safetensors` cut off", cut(safe(state))),
    Kind("`.safetensors` cut off in its header", holding(b"\x28\x23" + bytes(6) + b"{}", "w.safetensors")),
    Kind("`.safetensors` with a lying header", holding(lying_header(), "w.safetensors")),
    Kind("empty", holding(b"")),
    Kind("a Git LFS pointer", holding(b"version https://git-lfs.github.com/spec/v1\noid sha256:4d\n")),
    Kind("a web page", holding(b"\n<!DOCTYPE html>\n<html><body>404</body></html>")),
    Kind("a text", holding(b"\x1b[31mError\x1b[0m: quota exceeded\n")),
    Kind("a JSON text", holding(b'{"weight_map": {"conv1.weight": "part-1.safetensors"}}')),
    Kind("`.npz`", holding(npz(), "w.npz")),
    Kind("Keras's `.h5`", holding(b"\x89HDF\r\n\x1a\n" + bytes(88), "w.h5")),
    Kind("ONNX", holding(b"\x08\x08\x12\x07pytorch\x1a\x052.4.0", "w.onnx")),
    Kind("TorchScript", holding(zipped({"a/data.pkl": b"", "a/constants.pkl": b"", "a/code/x.py": b""}))),
    Kind("a zip around a `.pth`", holding(zipped({"weights.pth": b"1", "README": b"2"}), "w.zip")),
    Kind("a zip of something else", holding(zipped({"1.bmp": b"1", "2.bmp": b"2"}), "w.zip")),
    Kind("`.tar.gz`", holding(tarred(), "w.tar.gz")),
    Kind("an image", holding(png())),
    Kind("other bytes", holding(bytes(range(64)))),
    Kind("a folder", lambda folder: ""),
    Kind("not there", lambda folder: "w.pth"),
)  # fmt: skip


def _with_outer_head() -> State:
    tensors = named("backbone.", state(0))
    return {**tensors, "cls.weight": torch.full((1, 96), 0.25), "cls.bias": torch.full((1,), -0.5)}


def _with_decoder() -> State:
    return {**named("encoder.", state(0)), "decoder.0.weight": torch.ones(4, 4, 3, 3)}


def _lightning_file(folder: Path) -> str:
    """Saved as if Lightning were installed: pickle looks there for the class that it names."""
    parts = AttributeDict.__module__.split(".")
    names = [".".join(parts[: depth + 1]) for depth in range(len(parts))]
    sys.modules |= {name: types.ModuleType(name) for name in names}
    sys.modules[names[-1]].AttributeDict = AttributeDict
    try:
        torch.save(lightning(), folder / "w.ckpt")
    finally:
        for name in names:
            del sys.modules[name]
    return "w.ckpt"


def _malicious(folder: Path) -> str:
    torch.save({"layer": Malicious(folder / "proof")}, folder / "w.pth")
    return "w.pth"
