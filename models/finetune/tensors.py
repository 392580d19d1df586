"""Tensors to a `.safetensors` file, so that a disk without room says which file it was."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping
from pathlib import Path

import torch

_OS_ERROR = re.compile(r"\(os error (\d+)\)")


def _mode_of_new_files(folder: Path) -> int:
    """The mode that any other file gets there: safetensors writes for its owner alone."""
    probe = folder / f".mode.{os.getpid()}.{threading.get_ident()}"
    try:
        probe.touch()
        return probe.stat().st_mode & 0o777
    finally:
        probe.unlink(missing_ok=True)


def save(tensors: Mapping[str, torch.Tensor], file: Path, metadata: Mapping[str, str] | None = None) -> None:
    """Write named tensors; raises `OSError` naming the file where the system refuses.

    safetensors says so in an error of its own, with the system's number at the end of a text.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    try:
        save_file(plain, file, dict(metadata) if metadata else None)
        file.chmod(_mode_of_new_files(file.parent))
    except SafetensorError as error:
        found = _OS_ERROR.search(str(error))
        if found is None:
            raise
        raise OSError(int(found[1]), os.strerror(int(found[1])), str(file)) from error
