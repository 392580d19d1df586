"""What `harness doctor` looks at: each check says what was found and how to mend it."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

REINSTALL = "pip install --force-reinstall torch torchvision timm   (all three in one command)"

CROPS_BYTES = 15_114 * 300 * 300 * 3
"""Disk that the decoded centre crops of the whole data set take."""


class State(StrEnum):
    """How a check ended: `NOTE` is good to know, `WRONG` has to be mended."""

    OK = "ok"
    NOTE = "note"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    state: State
    found: str
    mend: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def diagnose(data_root: Path) -> tuple[Finding, ...]:
    """Every check, in the order a person would make them."""
    return (
        _python(),
        *(_extra(extra) for extra in ("train", "descriptors", "server", "cluster")),
        *_torch(),
        _data(data_root),
        _disk(),
    )


def _python() -> Finding:
    version = sys.version.split()[0]
    harness = importlib.metadata.version("cnmc-harness")
    return Finding("harness", State.OK, f"cnmc-harness {harness} on Python {version}")


def _installed(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _extra(extra: str) -> Finding:
    """Whether every package of an extra is installed."""
    marker = re.compile(rf"""extra == ["']{extra}["']""")
    lines = [line for line in importlib.metadata.requires("cnmc-harness") or () if marker.search(line)]
    names = [re.split(r"[\s<>=!~;\[(]", line, maxsplit=1)[0] for line in lines]
    versions = {name: _installed(name) for name in names if name != "cnmc-harness"}
    missing = [name for name, version in versions.items() if version is None]
    if not missing:
        return Finding(extra, State.OK, ", ".join(f"{name} {version}" for name, version in versions.items()))
    return Finding(
        extra, State.NOTE, f"not installed: {', '.join(missing)}", f"pip install 'cnmc-harness[{extra}]'"
    )


def torch_pairing(torch: str | None, torchvision: str | None, wanted: SpecifierSet) -> Finding:
    """Whether torch and torchvision belong together.

    `wanted` is what torchvision's own metadata asks of torch: each torchvision is compiled against
    one torch, and with another one `import torchvision` ends in
    ``operator torchvision::nms does not exist``.
    """
    if torch is None or torchvision is None:
        return Finding("torch pair", State.NOTE, "torch and torchvision are not both installed")
    found = f"torch {torch} with torchvision {torchvision}"
    if wanted.contains(torch, prereleases=True):
        return Finding("torch pair", State.OK, found)
    return Finding(
        "torch pair",
        State.WRONG,
        f"{found}, which asks for torch {wanted}: importing it ends in "
        "'operator torchvision::nms does not exist'",
        REINSTALL,
    )


def _wanted_torch() -> SpecifierSet:
    """The versions of torch that the installed torchvision asks for."""
    try:
        lines = importlib.metadata.requires("torchvision") or []
    except importlib.metadata.PackageNotFoundError:
        return SpecifierSet()
    wishes = [Requirement(line) for line in lines]
    return next((wish.specifier for wish in wishes if wish.name == "torch"), SpecifierSet())


def _torch() -> tuple[Finding, ...]:
    pairing = torch_pairing(_installed("torch"), _installed("torchvision"), _wanted_torch())
    if _installed("torch") is None:
        return (pairing,)
    return (pairing, _device())


_ASK_TORCH = """
import torch, torchvision
from models.finetune.precision import best_device
device = best_device()
name = torch.cuda.get_device_name() if device == "cuda" else f"{torch.get_num_threads()} threads"
bf16 = device == "cuda" and torch.cuda.is_bf16_supported()
print(f"{device} ({name}), precision {'bfloat16' if bf16 else 'float32'}")
"""


def _device() -> Finding:
    """Ask torch in a process of its own: a broken installation must not break the doctor."""
    answer = subprocess.run(
        [sys.executable, "-c", _ASK_TORCH], capture_output=True, text=True, timeout=300, check=False
    )
    if answer.returncode == 0:
        return Finding("device", State.OK, answer.stdout.strip())
    lines = answer.stderr.strip().splitlines()
    why = lines[-1] if lines else "no message"
    return Finding(
        "device",
        State.WRONG,
        f"torch or torchvision does not start: {why}",
        REINSTALL,
    )


def _data(root: Path) -> Finding:
    from harness.data.layouts import find_files
    from harness.errors import DataWrong

    try:
        found = find_files(root)
    except DataWrong as error:
        return Finding("data", State.NOTE, str(error), error.hint)
    return Finding("data", State.OK, f"{len(found.cells)} images below {root}")


def _disk() -> Finding:
    from harness.data.cache import cache_folder

    cache = cache_folder()
    nearest = next(path for path in (cache, *cache.parents) if path.exists())
    free = shutil.disk_usage(nearest).free
    found = f"{free / 1e9:.1f} GB free for the cache; the crops of all images take {CROPS_BYTES / 1e9:.1f} GB"
    if free > 2 * CROPS_BYTES:
        return Finding("disk", State.OK, found)
    return Finding("disk", State.NOTE, found, "Set HARNESS_CACHE to a folder on a larger disk.")
