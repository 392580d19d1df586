"""Weights of entries that start from several networks: a folder with a file for each, named after it."""

from __future__ import annotations

from pathlib import Path

from models.contract import EntryUnavailable
from models.weights_source import NOT_FILES

_ENDINGS = (".safetensors", ".pth")


def weights_of(backbone: str, backbones: tuple[str, ...], weights: str) -> str:
    """Where the weights of one backbone are, for `Session.weights`.

    A file is named after the network, with or without timm's name for its weights: ``resnet50.tv_in1k.pth``,
    ``resnet50.pth``. A single network may have a single file.
    """
    folder = Path(weights)
    if weights in NOT_FILES or (not folder.is_dir() and len(set(backbones)) == 1):
        return weights
    if not folder.is_dir():
        raise EntryUnavailable(
            f"expected a folder with the weights of {', '.join(backbones)}, found {weights}",
            "Name the files in it after the networks, such as resnet50.pth, or choose one network: "
            "--set backbones=NAME.",
        )
    found = _first(folder, backbone)
    if found is None:
        raise EntryUnavailable(
            f"there is neither {backbone}.safetensors nor {backbone}.pth in {folder}",
            "Put the weights there, or leave this network out: --set backbones=…",
        )
    return str(found)


def require_no_others(backbones: tuple[str, ...], weights: str) -> None:
    """Raise `EntryUnavailable` where a folder of weights holds files that none of the networks takes."""
    folder = Path(weights)
    if weights in NOT_FILES or not folder.is_dir():
        return
    files = sorted(file for file in folder.iterdir() if file.suffix in _ENDINGS)
    taken = {_first(folder, name) for name in backbones}
    others = [file.name for file in files if file not in taken]
    if others:
        raise EntryUnavailable(
            f"{folder} holds weights that none of {', '.join(backbones)} takes: {', '.join(others[:3])}",
            "Move them elsewhere, or name the networks that are meant: --set backbones=NAME,NAME.",
        )


def _first(folder: Path, backbone: str) -> Path | None:
    names = dict.fromkeys((backbone, backbone.partition(".")[0]))
    files = (folder / (name + ending) for name in names for ending in _ENDINGS)
    return next((file for file in files if file.is_file()), None)
