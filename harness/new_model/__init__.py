"""Write a small installable package with an entry of one's own: it learns something, and is tested."""

from __future__ import annotations

import importlib.util
import keyword
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from string import Template

from harness.errors import DataWrong, UsageWrong
from models import registry
from submissions.writing import write_whole

FILES = {
    "pyproject.toml": "pyproject.toml.in",
    "README.md": "README.md.in",
    "{module}.py": "entry.py.in",
    "tests/test_{module}.py": "test_entry.py.in",
}
"""The files of a package, and the templates beside this module that they are written from."""
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class NewPackage:
    """What was written: the folder, and its files relative to it."""

    folder: Path
    files: tuple[str, ...]


def write_package(name: str, folder: Path) -> NewPackage:
    """Write the package of entry `name` into a folder that does not exist yet, whole or not at all.

    Raises `UsageWrong` for a name that cannot be used, `DataWrong` where something lies there.
    """
    module = _module_of(name)
    if folder.exists():
        raise DataWrong(f"{folder} is there already", "Choose another place: --folder DIR.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    words = {"name": name, "module": module, "kind": "".join(map(str.capitalize, name.split("-")))}
    files = {path.format(**words): _filled(template, words) for path, template in FILES.items()}
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _write(aside, files)
        aside.chmod(0o755)
        aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return NewPackage(folder, tuple(files))


def _filled(template: str, words: dict[str, str]) -> str:
    return Template(Path(__file__).with_name(template).read_text(encoding="utf-8")).substitute(words)


def _write(folder: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(exist_ok=True)
        write_whole(folder / path, text)


def _module_of(name: str) -> str:
    """The module that a name gives; raises `UsageWrong` where another one would be shadowed."""
    module = name.replace("-", "_")
    if not _NAME.fullmatch(name) or keyword.iskeyword(module):
        raise UsageWrong(
            f"{name!r} cannot name an entry", "Use small letters, digits and single hyphens: my-network."
        )
    if any(one.name == name for one in registry.listings()):
        raise UsageWrong(f"there is an entry {name!r} already", "`harness models` lists the names taken.")
    if importlib.util.find_spec(module) is not None:
        raise UsageWrong(f"there is a Python module {module!r} already", "Choose another name.")
    return module
