"""Tensors by name out of a file: which part of it, and nothing unpickled but tensors.

A checkpoint often holds several parts (raw weights, their moving average, the optimiser's state).
The average (EMA) is taken where there is one, as timm's own loader does, unless a part is named.
"""

from __future__ import annotations

import contextlib
import pickle
import re
import struct
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from models.contract import EntryUnavailable
from models.finetune.file_kinds import AGAIN, HOW, Format, format_of
from submissions.problems import bare

_USUAL = ("state_dict", "model_state_dict", "model", "model_state", "net", "network", "weights", "params")
_NOT_OURS = re.compile(r"optim|sched|scaler|amp$|callback")
_SAVE_AGAIN = "Save the tensors alone: torch.save(network.state_dict(), FILE)."
_UNSUPPORTED = re.compile(r"GLOBAL (\S+)")
_MOST_NAMES = 5


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """Tensors by name; `part` is where in the file they were, `others` are its other parts."""

    tensors: Mapping[str, torch.Tensor]
    part: str = ""
    others: tuple[str, ...] = ()

    @property
    def is_ema(self) -> bool:
        """Whether this part is a moving average of weights."""
        return is_ema(self.part)


def is_ema(name: str) -> bool:
    """Whether a part's or a prefix's name says that it is a moving average."""
    return "ema" in re.split(r"[^a-z]+", name.lower())


def read(file: Path, part: str = "") -> Given:
    """The state dict in a file; `EntryUnavailable` says what the file is where it holds none."""
    loaded = _loaded(file, format_of(file))
    parts = dict(_parts(loaded))
    if not parts:
        raise EntryUnavailable(
            f"{file}: expected a state dict of names and tensors, found {_described(loaded)}", HOW
        )
    if part:
        return _asked(file, part, parts)
    chosen = _chosen(file, parts)
    return Given(parts[chosen], chosen, tuple(name for name in parts if name != chosen))


def _loaded(file: Path, stored: Format) -> Any:
    try:
        return _read_safetensors(file) if stored == "safetensors" else _read_pth(file)
    except pickle.UnpicklingError as error:
        raise _not_only_tensors(file, error) from error
    except (MemoryError, OverflowError) as error:
        raise EntryUnavailable(f"{file} is damaged: it claims more than fits into memory", AGAIN) from error
    except (OSError, RuntimeError, ValueError, EOFError, LookupError, struct.error) as error:
        raise _damaged(file, stored) from error
    except (TypeError, AttributeError, AssertionError) as error:  # what a damaged pickle makes of itself
        raise _damaged(file, stored) from error


def _read_safetensors(file: Path) -> Any:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(file)
    except SafetensorError as error:
        raise ValueError(str(error)) from error


def _read_pth(file: Path) -> Any:
    with warnings.catch_warnings(), _inert():
        warnings.simplefilter("ignore")  # about pickle protocols; what matters raises
        return torch.load(file, map_location="cpu", weights_only=True)


class _Unread:
    """Stands for an object beside the weights, such as a training program's options; holds nothing."""

    def __init__(self, *_values: Any, **_named: Any) -> None:
        pass

    def __setstate__(self, _state: Any) -> None:
        pass


class _UnreadMapping:
    """The same for a dict of another class: a plain dict stands for it."""

    def __new__(cls, *_values: Any) -> Any:
        return {}


_OBJECTS = (
    "argparse.Namespace",
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar",
    "numpy.dtype",
    *(f"numpy.dtypes.{kind}DType" for kind in ("Float64", "Float32", "Int64", "Int32", "Bool")),
    "pathlib.PosixPath",
    "pathlib.WindowsPath",
    "pathlib._local.PosixPath",
    "pathlib._local.WindowsPath",
)
_MAPPINGS = (
    "lightning.fabric.utilities.data.AttributeDict",
    "lightning_fabric.utilities.data.AttributeDict",
    "lightning.pytorch.utilities.parsing.AttributeDict",
    "pytorch_lightning.utilities.parsing.AttributeDict",
)
"""Classes that training programs leave in their checkpoints beside the weights (options, paths, numbers)."""


def _inert() -> Any:
    """Those classes are read as empty things of our own while this lasts; all others are refused by torch."""
    allowing = getattr(torch.serialization, "safe_globals", None)  # since torch 2.5
    if allowing is None:
        return contextlib.nullcontext()
    return allowing(
        [*((_Unread, name) for name in _OBJECTS), *((_UnreadMapping, name) for name in _MAPPINGS)]
    )


def _not_only_tensors(file: Path, error: Exception) -> EntryUnavailable:
    """Torch's own words go on to advise reading such a file all the same; ours do not."""
    found = _UNSUPPORTED.search(str(error))
    if found:
        what = f"a Python object, {bare(found[1])}; it is not opened, because that could run its code"
        return EntryUnavailable(f"{file} holds more than tensors: {what}", _SAVE_AGAIN)
    return EntryUnavailable(f"{file} is a pickle of other things than a state dict, or damaged", _SAVE_AGAIN)


_STORED = {
    "safetensors": "a safetensors file",
    "zip": "a file of torch.save",
    "pickle": "a pickle, as torch.save wrote before 2020",
}


def _damaged(file: Path, stored: Format) -> EntryUnavailable:
    return EntryUnavailable(
        f"{file} is cut off or damaged: it begins as {_STORED[stored]}, and its bytes are no whole one", AGAIN
    )


def _parts(loaded: Any, name: str = "", depth: int = 0) -> list[tuple[str, Mapping[str, torch.Tensor]]]:
    """Everything in a loaded file that is a state dict, by its path of keys."""
    if not isinstance(loaded, Mapping):
        return []
    if _is_state(loaded):
        return [(name, _tensors(loaded))]
    found = []
    for key, one in loaded.items():
        if depth < 2 and isinstance(key, str) and not _NOT_OURS.search(key.lower()):
            found += _parts(one, f"{name}.{key}" if name else key, depth + 1)
    return found


def _is_state(loaded: Mapping[Any, Any]) -> bool:
    """Whether this maps names to tensors, perhaps with a few plain values beside them."""
    tensors = sum(isinstance(one, torch.Tensor) for one in loaded.values())
    plain = sum(one is None or isinstance(one, str | int | float) for one in loaded.values())
    return all(isinstance(key, str) for key in loaded) and tensors > plain and tensors + plain == len(loaded)


def _tensors(state: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    return {name: one.detach() for name, one in state.items() if isinstance(one, torch.Tensor)}


def _chosen(file: Path, parts: Mapping[str, Any]) -> str:
    """The part that is meant where nobody names one: the moving average, then the usual names."""
    averaged = [name for name in parts if is_ema(name)]
    usual = [name for key in _USUAL for name in parts if name.rpartition(".")[2] == key]
    names = averaged or usual[:1] or list(parts)
    if len(names) == 1:
        return names[0]
    raise EntryUnavailable(
        f"{file} holds several state dicts: {listed(names)}",
        f"Say which: --weights {file.name}#{bare(names[0])}",
    )


def _asked(file: Path, part: str, parts: Mapping[str, Mapping[str, torch.Tensor]]) -> Given:
    """The part that was named: a key of the file, or the first part of its tensors' names."""
    if part in parts:
        return Given(parts[part], part)
    for state in parts.values():
        start = f"{part}."
        under = {name.removeprefix(start): one for name, one in state.items() if name.startswith(start)}
        if under:
            return Given(under, part)
    there = listed([name for name in parts if name]) or "none with a name"
    raise EntryUnavailable(f"{file} has no part {bare(part)}", f"Its parts are: {there}.")


def listed(names: list[str] | tuple[str, ...], most: int = _MOST_NAMES) -> str:
    """The first few of some names, as they may be printed."""
    told = ", ".join(bare(name, 90) for name in names[:most])
    return f"{told}, …" if len(names) > most else told


def _described(loaded: Any) -> str:
    if not isinstance(loaded, Mapping):
        return "something else" if isinstance(loaded, _Unread) else f"a {type(loaded).__name__}"
    if not loaded:
        return "an empty one"
    others = [str(name) for name, one in loaded.items() if not isinstance(one, torch.Tensor)]
    return f"other things in {listed(others)}"
