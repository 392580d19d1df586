"""Where the numbers of a run came from: versions, machine, code."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

PACKAGES = (
    "cnmc-harness",
    "torch",
    "torchvision",
    "timm",
    "openvino",
    "numpy",
    "scipy",
    "scikit-learn",
    "scikit-image",
    "pandas",
    "pillow",
)

_DISTRIBUTIONS = {"sklearn": "scikit-learn", "skimage": "scikit-image", "PIL": "pillow"}
"""Packages whose module is called otherwise."""

_REVISION = "revision.txt"
"""Written beside this package when a wheel is built from a checkout (`setup.py`)."""


def package_versions(names: Iterable[str] = PACKAGES) -> dict[str, str]:
    """The installed version of each package; one that is not installed is left out."""
    return {name: version for name in names if (version := _version(name))}


@cache  # what is loaded does not change any more, and a run is asked three times
def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def distributions(modules: Iterable[str]) -> tuple[str, ...]:
    """The packages that top-level modules come from, as far as their names tell."""
    return tuple(_DISTRIBUTIONS.get(module, module) for module in modules)


def environment(device: str, modules: Iterable[str] = ()) -> dict[str, Any]:
    """Versions, machine and device, without anything that names a person or a computer.

    `modules` are what an entry imports beyond the packages that are always named.
    """
    card = _card(device)
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "device": device,
        **({"card": card} if card else {}),
        "packages": package_versions(dict.fromkeys((*PACKAGES, *distributions(modules)))),
        "revision": revision(),
    }


def _card(device: str) -> str | None:
    """What the GPU is called; a processor is named by `system` alone, as it was before."""
    if device.partition(":")[0] != "cuda":
        return None
    from models.finetune.precision import device_name

    return device_name(device)


def changes(
    before: Mapping[str, Any], now: Mapping[str, Any], modules: Iterable[str]
) -> dict[str, list[str | None]]:
    """What differs between two environments and can change a result: name to [before, now].

    Of the packages only those that the entry imports count.
    """
    told = {name: (before.get(name), now.get(name)) for name in ("python", "system", "device", "card")}
    versions = [one.get("packages", {}) for one in (before, now)]
    told |= {name: (versions[0].get(name), versions[1].get(name)) for name in distributions(modules)}
    return {name: [old, new] for name, (old, new) in told.items() if old != new}


def told(changed: Mapping[str, Iterable[str | None]]) -> str:
    """These changes in words."""
    return ", ".join(f"{name} {old or 'none'}, now {new or 'none'}" for name, (old, new) in changed.items())


@cache
def revision() -> str | None:
    """The git commit that the running code was made from; None where nobody wrote it down.

    Git is asked only in a checkout of this program: an installed copy may lie in somebody else's.
    """
    package = Path(__file__).resolve().parent.parent
    return next((found for found in (_described(package.parent), _written(package)) if found), None)


def _described(checkout: Path) -> str | None:
    if not (checkout / ".git").exists():
        return None
    asked = ["git", "-C", str(checkout), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        answer = subprocess.run(asked, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() or None


def _written(package: Path) -> str | None:
    try:
        return (package / _REVISION).read_text().strip() or None
    except (OSError, ValueError):
        return None


def digest(texts: Iterable[str]) -> str:
    """SHA-256 over lines of text, in order."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def bytes_sha256(content: bytes) -> str:
    """SHA-256 of these bytes."""
    return hashlib.sha256(content).hexdigest()
