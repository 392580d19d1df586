"""Where a network's first weights come from: timm's hub, a file, or the seed.

Files are read without unpickling anything but tensors.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import pickle
import struct
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from models.contract import EntryUnavailable
from models.finetune.networks import Network, State

_log = logging.getLogger(__name__)

_HOW = (
    "Give --weights FILE (a timm or Cadene state dict, .safetensors or .pth), or --weights none to "
    "start from random weights, which will not reach the published numbers."
)
_WRAPPERS = ("state_dict", "model", "model_state_dict")
_PREFIXES = ("module.", "_orig_mod.", "model.")


def start(network: Network, source: str) -> dict[str, Any]:
    """Put the chosen weights into the network; returns what the manifest says about them.

    `source` is "hub", "none" or a file. Raises `EntryUnavailable` where they are not there or do
    not fit.
    """
    if source == "none":
        return {"source": "none", "remark": "random weights: this will not reach the published numbers"}
    if source == "hub":
        given, facts = _from_hub(network), {"source": "hub"}
    else:
        given, facts = read(Path(source)), {"source": "file", "file": Path(source).name}
    passed_over = fill(network, given, source)
    facts["sha256"] = fingerprint(given) if source == "hub" else file_digest(Path(source))
    return {**facts, "passed_over": passed_over} if passed_over else facts


def file_digest(file: Path) -> str:
    """SHA-256 of a file; `EntryUnavailable` where there is none."""
    if not file.is_file():
        raise EntryUnavailable(f"there is no weights file {file}", _HOW)
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


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
        raise EntryUnavailable(f"pre-trained weights could not be fetched: {reason}", _HOW) from error


def read(file: Path) -> State:
    """The state dict in a ``.safetensors`` or ``.pth`` file, as plain names and tensors."""
    if not file.is_file():
        raise EntryUnavailable(f"there is no weights file {file}", _HOW)
    try:
        state = _read_safetensors(file) if file.suffix == ".safetensors" else _read_pth(file)
    except pickle.UnpicklingError as error:
        raise EntryUnavailable(
            f"{file} holds more than tensors and is not opened: {str(error).splitlines()[0]}",
            "Only state dicts of tensors are read (weights_only): torch.save(network.state_dict(), FILE).",
        ) from error
    except (OSError, RuntimeError, ValueError, EOFError, KeyError, struct.error) as error:
        raise EntryUnavailable(
            f"{file} cannot be read as a state dict: {type(error).__name__}: {error}", _HOW
        ) from error
    return _plain(state, file)


def _read_safetensors(file: Path) -> Any:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(file)
    except SafetensorError as error:
        raise ValueError(str(error)) from error


def _read_pth(file: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about pickle protocols; what matters raises
        return torch.load(file, map_location="cpu", weights_only=True)


def _plain(state: Any, file: Path) -> State:
    """Tensors by name, without a wrapping dict and without prefixes that wrappers leave."""
    for wrapper in _WRAPPERS:
        if isinstance(state, Mapping) and isinstance(state.get(wrapper), Mapping):
            state = state[wrapper]
    if not isinstance(state, Mapping) or not all(isinstance(one, torch.Tensor) for one in state.values()):
        raise EntryUnavailable(
            f"{file}: expected a state dict of names and tensors, found {_described(state)}", _HOW
        )
    named = dict(state)
    for prefix in _PREFIXES:
        if named and all(name.startswith(prefix) for name in named):
            named = {name.removeprefix(prefix): tensor for name, tensor in named.items()}
    return named


def _described(state: Any) -> str:
    if not isinstance(state, Mapping):
        return f"a {type(state).__name__}"
    return "other things in " + ", ".join(
        str(name) for name, one in state.items() if not isinstance(one, torch.Tensor)
    )


def fill(network: Network, given: State, source: str) -> list[str]:
    """Copy tensors into the network; returns the names that it has no place for.

    A head of another number of classes stays random, a missing `num_batches_tracked` (files older
    than PyTorch 0.4.1) stays zero, and Cadene's name for the head is understood. Anything else that
    is missing or of the wrong shape raises `EntryUnavailable`.
    """
    wanted = network.module.state_dict()
    given = _with_our_head(given, network, wanted)
    missing = [name for name in wanted if name not in given and not _may_be_missing(name, network.head)]
    wrong = [
        f"{name} {tuple(given[name].shape)} instead of {tuple(wanted[name].shape)}"
        for name in wanted
        if name in given and given[name].shape != wanted[name].shape
    ]
    if missing or wrong:
        lacks = _listed("missing", missing) + _listed("of the wrong shape", wrong)
        raise EntryUnavailable(
            f"the weights of {source} do not fit this network: {'; '.join(lacks)}",
            "Give the state dict of the same architecture (`harness models NAME` names it).",
        )
    network.module.load_state_dict({name: given[name] for name in wanted if name in given}, strict=False)
    passed_over = sorted(name for name in given if name not in wanted)
    if passed_over:
        _log.warning("weights of %s: passed over %s", source, ", ".join(passed_over))
    return passed_over


def _may_be_missing(name: str, head: str) -> bool:
    return name.startswith(f"{head}.") or name.endswith("num_batches_tracked")


def _with_our_head(given: State, network: Network, wanted: State) -> State:
    """The tensors with Cadene's ``last_linear`` under our head's name, or dropped if it is another head."""
    ours, cadene = f"{network.head}.", "last_linear."
    if not any(name.startswith(ours) for name in given):
        given = {
            ours + name.removeprefix(cadene) if name.startswith(cadene) else name: one
            for name, one in given.items()
        }
    fits = all(
        name in given and given[name].shape == wanted[name].shape for name in wanted if name.startswith(ours)
    )
    return given if fits else {name: one for name, one in given.items() if not name.startswith(ours)}


def _listed(what: str, names: list[str]) -> list[str]:
    if not names:
        return []
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return [f"{len(names)} {what}: {', '.join(names[:5])}{more}"]


def parameters(module: nn.Module) -> int:
    """How many numbers a network learns."""
    return sum(parameter.numel() for parameter in module.parameters())
