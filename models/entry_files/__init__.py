"""Entries in files of the user: each sees the modules beside it, and nobody else does.

A file ``/home/me/mine.py`` is loaded as ``models.entry_files.in_<folder>.mine``, where ``<folder>`` spells
``/home/me`` in hexadecimal digits. Its siblings lie beside it under the same prefix, so that modules of the
same name in two folders are two modules, nothing in the folder stands in the way of others, and a worker
process or a later run finds by the name alone what was pickled.

An import statement in such a file looks beside the file first. Names of the standard library, of this
program and of the packages that it stands on always mean those: `passed_over` says which files that hides.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from models.extras import BASE, EXTRAS

OURS = ("harness", "models", "submissions", "eval_server")
_PREFIX = f"{__name__}.in_"
_NEVER_BESIDE = frozenset(
    {*OURS, *BASE, *sys.builtin_module_names, *sys.stdlib_module_names}.union(*EXTRAS.values())
)


def load(path: Path) -> ModuleType:
    """Run an entry's file and return its module; what was loaded from its folder before is forgotten."""
    package = _package_of(path.parent)
    for name in [name for name in sys.modules if f"{name}.".startswith(f"{package}.")]:
        del sys.modules[name]
    parent = importlib.import_module(package)
    name = f"{package}.{path.stem.replace('.', '_')}"
    spec = importlib.util.spec_from_file_location(name, path, loader=_Beside(name, str(path)))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    setattr(parent, name.rpartition(".")[2], module)
    spec.loader.exec_module(module)
    return module


def is_beside(module: str) -> bool:
    """Whether a module of this name was loaded from a user's folder."""
    return module.startswith(_PREFIX)


def plain_name(module: str) -> str:
    """The name as the user's import statement says it: what follows the folder."""
    return module.removeprefix(_PREFIX).partition(".")[2] if is_beside(module) else module


def plain_words(text: str) -> str:
    """A message with the modules of users' folders under the names that their files have."""
    return re.sub(rf"{re.escape(_PREFIX)}\w+\.?", "", text)


def passed_over(folder: Path) -> tuple[Path, ...]:
    """What lies in a folder under a name that an import never looks for there."""
    try:
        found = sorted(folder.iterdir())
    except OSError:
        return ()
    return tuple(path for path in found if _is_taken(path))


def _is_taken(path: Path) -> bool:
    if path.is_dir():
        return path.name in OURS or (path.name in _NEVER_BESIDE and _holds_python(path))
    return path.suffix == ".py" and path.stem in _NEVER_BESIDE


def _holds_python(folder: Path) -> bool:
    return any(folder.glob("*.py"))


def _package_of(folder: Path) -> str:
    return _PREFIX + os.fsencode(folder).hex()


def _folder_of(package: str) -> Path:
    return Path(os.fsdecode(bytes.fromhex(package.removeprefix(_PREFIX).partition(".")[0])))


class _Finder:
    """Finds the modules whose names say in which folder they lie."""

    @classmethod
    def find_spec(
        cls, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not is_beside(name):
            return None
        if "." not in name.removeprefix(_PREFIX):
            return _folder_spec(name)
        spec = PathFinder.find_spec(name, path)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Beside(name, spec.loader.path)
        return spec


def _folder_spec(name: str) -> ModuleSpec:
    spec = ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = [str(_folder_of(name))]
    return spec


class _Beside(SourceFileLoader):
    """Runs a file whose import statements look beside it; always from its text, as it is now."""

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)

    def exec_module(self, module: ModuleType) -> None:
        folder = module.__name__.removeprefix(_PREFIX).partition(".")[0]
        module.__dict__["__builtins__"] = {**vars(builtins), "__import__": _import_beside(_PREFIX + folder)}
        super().exec_module(module)


def _import_beside(package: str) -> Callable[..., ModuleType]:
    """The ``__import__`` of the modules of one folder."""
    searched = _searched(package)

    def import_(
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] = (),
        level: int = 0,
    ) -> ModuleType:
        top = name.partition(".")[0]
        home = "" if level else next((one for one in searched if _lies_in(one, top)), "")
        if not home:
            return builtins.__import__(name, globals, locals, fromlist, level)
        module = builtins.__import__(f"{home}.{name}", globals, locals, fromlist or ("__name__",), 0)
        return module if fromlist else sys.modules[f"{home}.{top}"]

    return import_


def _searched(package: str) -> tuple[str, ...]:
    """A folder's package, and where the folder is itself a Python package, that of the folder above all."""
    own = _folder_of(package)
    above = next(folder for folder in (own, *own.parents) if not (folder / "__init__.py").is_file())
    return (package,) if above == own else (package, _package_of(above))


def _lies_in(package: str, top: str) -> bool:
    """Whether an import of `top` means what lies in this folder.

    A folder without ``__init__.py`` gives way to an installed package of its name: most such folders hold
    no Python at all.
    """
    if top in _NEVER_BESIDE:
        return False
    name = f"{package}.{top}"
    if name in sys.modules:
        return True
    folder = _folder_of(package)
    spec = PathFinder.find_spec(name, [str(folder)])
    if spec is None:
        return False
    return spec.origin is not None or (_holds_python(folder / top) and importlib.util.find_spec(top) is None)


sys.meta_path.insert(0, _Finder)
