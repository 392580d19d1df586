"""What `harness doctor` looks at: each check says what was found and how to mend it."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from harness.house import HOUSE
from models.entry_files import OURS, passed_over
from models.extras import install_command

if TYPE_CHECKING:
    from harness.data.layouts import FoundFiles

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
        *shadows(Path.cwd(), os.environ.get("PYTHONPATH", "")),
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
    return Finding(extra, State.NOTE, f"not installed: {', '.join(missing)}", install_command(extra))


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
import harness
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
        [sys.executable, "-P", "-c", _ASK_TORCH], capture_output=True, text=True, timeout=300, check=False
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
    """What is there of what, by name; whether the bytes are right is the audit's question."""
    from harness.data.layouts import find_files
    from harness.errors import DataWrong

    try:
        found = find_files(root)
        counts = _counts(found)
    except DataWrong as error:
        return Finding("data", State.NOTE, str(error), error.hint)
    parts = ", ".join(f"{part} {one.there:,} of {one.expected:,}" for part, one in counts.items())
    there, expected = (sum(getattr(one, name) for one in counts.values()) for name in ("there", "expected"))
    labels = "a label file" if found.label_files else "no label file"
    kind = "drawn images" if found.marker else "images"
    said = f"{there:,} of {expected:,} {kind} below {root}: {parts}; {labels}"
    if there == expected and found.label_files:
        return Finding("data", State.OK, said)
    return Finding("data", State.NOTE, said, _INCOMPLETE.format(root=shlex.quote(str(root))))


_INCOMPLETE = (
    "`harness data audit {root}` lists what is missing; with --allow-partial a run takes what is there, "
    "marked partial everywhere."
)


@dataclass(frozen=True, slots=True)
class _Count:
    there: int
    expected: int


def _counts(found: FoundFiles) -> dict[str, _Count]:
    """By part, how many of the expected images are there: the published ones, or those that were drawn."""
    from harness.data.marker import read_marker
    from harness.data.published import PARTS, published

    drawn = read_marker(found.marker).files if found.marker else None
    counts = {}
    for part in PARTS:
        wanted = set(drawn[part]) if drawn else {cell.name for cell in published().of(part)}
        there = {cell.name for cell in found.cells if cell.part == part}
        counts[part] = _Count(len(wanted & there), len(wanted))
    return counts


def shadows(folder: Path, python_path: str) -> tuple[Finding, ...]:
    """What lies in the working folder or on `PYTHONPATH` under the name of a module that we need."""
    named = [Path(entry).resolve() for entry in python_path.split(os.pathsep) if entry]
    return (_in_folder(folder.resolve()), *(_on_path(one) for one in named))


def _in_folder(folder: Path) -> Finding:
    hidden = _hiding(folder)
    if not hidden:
        return Finding("folder", State.OK, f"nothing in {folder} hides a module")
    return Finding(
        "folder",
        State.NOTE,
        f"{_some(hidden)} in {folder}: a notebook or script that starts here finds these in place of the "
        "modules of those names",
        "`harness` and `python -P -m harness` take no module from here; elsewhere write `import harness` "
        "first, or rename them.",
    )


def _on_path(folder: Path) -> Finding:
    hidden = _hiding(folder)
    if not hidden:
        return Finding("PYTHONPATH", State.OK, f"nothing in {folder} hides a module")
    broken = any(path.stem in sys.stdlib_module_names or path.stem == "harness" for path in hidden)
    found = (
        f"{_some(hidden)} in {folder}, which is on PYTHONPATH: these come before the modules of those names"
    )
    return Finding(
        "PYTHONPATH",
        State.WRONG if broken else State.NOTE,
        found,
        "Take the folder from PYTHONPATH, or rename them.",
    )


def _hiding(folder: Path) -> list[Path]:
    """The files of a folder with names that we need; where pip installs, the packages themselves lie."""
    found = list(passed_over(folder)) if folder != Path(HOUSE) else []
    if any(folder.glob("*.dist-info")):
        found = [path for path in found if path.stem in (*OURS, *sys.stdlib_module_names)]
    return found


def _some(paths: list[Path]) -> str:
    names = [f"{path.name}/" if path.is_dir() else path.name for path in paths]
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def _disk() -> Finding:
    from harness.data.cache import cache_folder

    cache = cache_folder()
    nearest = next(path for path in (cache, *cache.parents) if path.exists())
    free = shutil.disk_usage(nearest).free
    found = f"{free / 1e9:.1f} GB free for the cache; the crops of all images take {CROPS_BYTES / 1e9:.1f} GB"
    if free > 2 * CROPS_BYTES:
        return Finding("disk", State.OK, found)
    return Finding("disk", State.NOTE, found, "Set HARNESS_CACHE to a folder on a larger disk.")
