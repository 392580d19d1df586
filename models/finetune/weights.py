"""Where a network's first weights come from: timm's hub, a file, or the seed.

Files are read without unpickling anything but tensors.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from models.contract import EntryUnavailable
from models.finetune.file_kinds import HOW
from models.finetune.matching import Match, match
from models.finetune.networks import Network, State
from models.finetune.renamed import renamed
from models.finetune.weight_files import Given, is_ema, listed, read
from models.weights_source import WeightsFile, weights_file
from submissions.problems import bare

_log = logging.getLogger(__name__)

_NUMBERS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
"""Kinds that turn into float32 by rounding alone; numbers of 8 bits mean nothing without their scale."""


def start(network: Network, source: str) -> dict[str, Any]:
    """Put the chosen weights into the network; returns what the manifest says about them.

    `source` is "hub", "none", a file or ``FILE#part``. Raises `EntryUnavailable` where they are not
    there or do not fit; the network is then as it was.
    """
    if source == "none":
        return {"source": "none", "remark": "random weights: this will not reach the published numbers"}
    if source == "hub":
        tensors = _from_hub(network)
        _fill(network, Given(tensors), "timm's hub")
        named = {"name": network.weights} if network.weights else {}
        return {"source": "hub", **named, "sha256": fingerprint(tensors)}
    file = weights_file(source)
    given = _read(network, file)
    found = _fill(network, given, str(file.path))
    facts = {"source": "file", "file": file.path.name, "sha256": file_digest(file.path)}
    return facts | _taken(given, found)


def require_fit(network: Network, source: str) -> None:
    """Raise `EntryUnavailable` where `start` would, for a file; says what of it is taken.

    The network may lie on the meta device, without memory for its weights.
    """
    file = weights_file(source)
    given = _read(network, file)
    found = match(network, given.tensors, str(file.path), given.others)
    _require_numbers(network, given.tensors, found, str(file.path))
    words = ", ".join(
        f"{what.replace('_', ' ')} {word}" for what, word in _taken(given, found).items() if what != "head"
    )
    head = f"its last layer {bare(found.head)} is taken" if found.head else ""
    if words or head:
        _log.warning("weights of %s: %s", file.path, "; ".join(filter(None, (words, head))))


def _read(network: Network, file: WeightsFile) -> Given:
    """What a file holds, under the names of this network where it is known to call them otherwise."""
    given = read(file.path, file.part)
    return replace(given, tensors=renamed(given.tensors, network.module.state_dict()))


def _taken(given: Given, found: Match) -> dict[str, str]:
    """What was taken of a file and what was not, where that is more than all of it."""
    average = " (moving average, EMA)" if given.is_ema or is_ema(found.prefix) else ""
    said = {
        "part": f"{bare(given.part)}{average}" if given.part else "",
        "prefix": bare(found.prefix) + ("" if given.part else average) if found.prefix else "",
        "head": f"taken from {bare(found.head)}" if found.head else "random",
        "passed_over": _grouped(found.passed_over),
    }
    return {name: word for name, word in said.items() if word}


def _grouped(names: tuple[str, ...]) -> str:
    """Many names in a few words: how many tensors begin with each first name."""
    groups = Counter(name.partition(".")[0] for name in names)
    return listed([f"{name} ({count})" for name, count in groups.items()])


def file_digest(file: Path) -> str:
    """SHA-256 of a file; `EntryUnavailable` where there is none."""
    if not file.is_file():
        raise EntryUnavailable(f"there is no weights file {file}", HOW)
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def named(source: str) -> str:
    """What a file of weights and the part of it are known by: SHA-256 and the part's name."""
    file = weights_file(source)
    return file_digest(file.path) + (f"#{file.part}" if file.part else "")


def fingerprint(tensors: State) -> str:
    """SHA-256 of named tensors: names, shapes and bytes, in the order of the names."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _from_hub(network: Network) -> State:
    try:
        with contextlib.redirect_stdout(sys.stderr):  # torch.hub prints there what it downloads
            return network.fetch()
    except (OSError, RuntimeError, ValueError) as error:  # no connection, or no weights published
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise EntryUnavailable(f"pre-trained weights could not be fetched: {reason}", HOW) from error


def _fill(network: Network, given: Given, source: str) -> Match:
    """Copy tensors into the network; what has no place in the file stays as it is."""
    found = match(network, given.tensors, source, given.others)
    _require_numbers(network, given.tensors, found, source)
    state = {name: given.tensors[held] for name, held in found.names.items()}
    network.module.load_state_dict(state, strict=False)
    return found


def _require_numbers(network: Network, given: State, found: Match, source: str) -> None:
    """Raise `EntryUnavailable` where a tensor that is taken holds no numbers to learn from."""
    wanted = network.module.state_dict()
    for what, hint, bad in _WRONG:
        names = [held for name, held in found.names.items() if bad(given[held], wanted[name])]
        if names:
            told = ", ".join(f"{name} {_kind(given[name])}" for name in names[:3])
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            raise EntryUnavailable(f"{source}: weights are {what}: {told}{more}", hint)


def _is_foreign(tensor: torch.Tensor, wanted: torch.Tensor) -> bool:
    """Whether numbers would be lost or made up: quantised, sparse, without content, whole for real ones."""
    plain = tensor.layout == torch.strided and not tensor.is_quantized and not tensor.is_meta
    return not plain or (wanted.is_floating_point() and tensor.dtype not in _NUMBERS)


def _is_wild(tensor: torch.Tensor, wanted: torch.Tensor) -> bool:
    return wanted.is_floating_point() and not bool(torch.isfinite(tensor.to(wanted.dtype)).all())


_WRONG = (
    ("of a kind that is not read", "Save them as float32.", _is_foreign),
    (
        "not finite (NaN or infinity)",
        "Their training had failed: take weights of an earlier epoch.",
        _is_wild,
    ),
)


def _kind(tensor: torch.Tensor) -> str:
    return "(no numbers, only a shape)" if tensor.is_meta else f"({str(tensor.dtype).removeprefix('torch.')})"


def parameters(module: nn.Module) -> int:
    """How many numbers a network learns."""
    return sum(parameter.numel() for parameter in module.parameters())
