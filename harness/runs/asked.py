"""What a command asks for by its options, looked up: weights, and the cells on which an epoch is chosen."""

from __future__ import annotations

from typing import Any

from harness.errors import DataWrong, UsageWrong
from harness.runs.provenance import digest, file_sha256
from models.contract import Entry
from models.weights_source import weights_file


def weights_asked(entry: Entry, asked: str) -> dict[str, Any]:
    """The weights a fit starts from; a file is named by its SHA-256, not by where it lies."""
    if not entry.uses_weights:
        return {}
    if asked in ("hub", "none"):
        return {"source": asked}
    named = weights_file(asked)
    path, part = named.path, {"part": named.part} if named.part else {}
    if path.is_dir():  # a file for each of several networks
        told = (f"{file.name} {file_sha256(file)}" for file in sorted(path.iterdir()) if file.is_file())
        return {"source": "folder", "name": path.name, "sha256": digest(told)}
    if not path.is_file():
        raise DataWrong(
            f"there is no weights file {asked}",
            "Give --weights a timm or Cadene state dict (.safetensors or .pth), `hub`, or `none`.",
        )
    return {"source": "file", "name": path.name, "sha256": file_sha256(path), **part}


def holdout_asked(select: str, split: str) -> str | None:
    """The part on which the best epoch is chosen; None for `--select last`."""
    if select == "last":
        return None
    rule, _, part = select.partition(":")
    if rule != "best" or part not in ("test", "fold0", "fold1", "fold2", "prelim"):
        raise UsageWrong(
            f"--select {select} is not known",
            "Write `last`, or `best:` followed by fold0, fold1, fold2, prelim, or test "
            "(the published choice, which looks at the cells that are judged).",
        )
    return None if part in ("test", split) else part


def require_epochs(entry: Entry, select: str) -> None:
    if select != "last" and not entry.uses_validation:
        raise UsageWrong(
            f"{entry.card.name} has no epochs to choose among: --select {select} would only take cells away",
            "Leave --select out; an entry of your own that does choose says so by `uses_validation = True`.",
        )
