"""The code that decides what an entry does: its file and all that it imports of its own, as one SHA-256.

What is only told to people does not count (comments, docstrings, layout, the texts of errors that are
raised, the words of a card), so that a better sentence throws nobody's fit away. Files are read, not
imported: the same code has the same SHA-256 in a checkout, after ``pip install`` and under any Python.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import importlib.util
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models import registry

_OURS = "models"
_OUR_OTHERS = frozenset({"harness", "submissions", "eval_server"})
"""Packages of this program that an entry may import and that learn nothing."""

_DOOR = "models.registry"
"""It finds entries; what is found is what counts."""

_WORDS_OF_A_CARD = frozenset({"summary", "paper", "year", "data", "reported", "differences", "licence"})


@dataclass(frozen=True, slots=True)
class Source:
    """SHA-256 of the code of each file by its name, and the packages of others that these files import."""

    files: Mapping[str, str]
    packages: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """One SHA-256 for all of the code."""
        return _sha256("".join(f"{name} {sha256}\n" for name, sha256 in sorted(self.files.items())))


def source_of(name: str) -> Source:
    """The code of the entry of this name, which `registry.find` has found before."""
    target, own = registry.target_of(name), frozenset({_OURS})
    if ".py:" in target:
        return _Walk(own).from_file(Path(target.rpartition(":")[0]).resolve())
    module = target.partition(":")[0]
    return _Walk(own | {module.partition(".")[0]} | _tops(name)).from_module(module)


def _tops(name: str) -> frozenset[str]:
    """The top-level modules of the installed package that registers this entry."""
    package = registry.package_of(name)
    try:
        listed = importlib.metadata.distribution(package).read_text("top_level.txt") or ""
    except importlib.metadata.PackageNotFoundError:
        listed = ""
    return frozenset(listed.split()) - _OUR_OTHERS


@dataclass(frozen=True, slots=True)
class _Module:
    """A module that was found: its dotted name, its file, and whether it is a package's `__init__`."""

    name: str
    file: Path
    package: bool


@dataclass(slots=True)
class _Walk:
    """From file to file along the imports: those of the entry's folder, of `own` packages, and of any
    package that lies outside the installed ones, because its owner is likely to edit it."""

    own: frozenset[str]
    folders: tuple[Path, ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    packages: set[str] = field(default_factory=set)

    def from_file(self, file: Path) -> Source:
        """Names are looked for beside the file, and where its folder is a package, beside that."""
        root = next(folder for folder in file.parents if not (folder / "__init__.py").is_file())
        self.folders = tuple(dict.fromkeys((root, file.parent)))
        name = ".".join(file.relative_to(root).with_suffix("").parts)
        self._look_at(_Module(name, file, package=False))
        return self._found()

    def from_module(self, name: str) -> Source:
        self._follow(name)
        return self._found()

    def _found(self) -> Source:
        return Source(self.files, tuple(sorted(self.packages)))

    def _follow(self, name: str) -> None:
        top = name.partition(".")[0]
        if top in _OUR_OTHERS:
            return
        for place in self._places(top):
            for module in _modules(place, name):
                self._look_at(module)

    def _places(self, top: str) -> Iterator[Path]:
        """The folders to look for this top-level module in; notes a package of others."""
        yield from (folder for folder in self.folders if next(_modules(folder, top), None))
        place = None if top in sys.stdlib_module_names else _place(top)
        if place is None:
            return
        if top in self.own or not _installed(place):
            yield place
        else:
            self.packages.add(top)

    def _look_at(self, module: _Module) -> None:
        if module.name == _DOOR or self._name(module) in self.files:
            return
        content = module.file.read_bytes()
        try:
            tree = ast.parse(content)
        except (SyntaxError, ValueError):  # not Python, or a compiled module
            self.files[self._name(module)] = hashlib.sha256(content).hexdigest()
            return
        self.files[self._name(module)] = _sha256(json.dumps(_plain(tree)))
        for name in _imported(tree, module):
            self._follow(name)

    def _name(self, module: _Module) -> str:
        """The name of a file, the same wherever its folder or package lies."""
        for folder in self.folders:
            if module.file.is_relative_to(folder):
                return module.file.relative_to(folder).as_posix()
        return module.name


def _place(top: str) -> Path | None:
    """The folder that holds a top-level module, without importing it."""
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError, AttributeError):
        return None
    if spec is None:
        return None
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations))).parent
    return Path(spec.origin).parent if spec.has_location and spec.origin else None


def _installed(place: Path) -> bool:
    return any(part in ("site-packages", "dist-packages") for part in place.parts)


def _modules(place: Path, name: str) -> Iterator[_Module]:
    """Every module that importing `name` from this folder runs: the packages on the way, and itself."""
    parts = name.split(".")
    for depth in range(1, len(parts) + 1):
        stem = place.joinpath(*parts[:depth])
        if (init := stem / "__init__.py").is_file():
            yield _Module(".".join(parts[:depth]), init, package=True)
            continue
        files = (stem.with_name(f"{stem.name}.py"), *sorted(stem.parent.glob(f"{stem.name}.*.so")))
        found = next((file for file in files if file.is_file()), None)
        if found is not None:
            yield _Module(".".join(parts[:depth]), found, package=False)
        if not stem.is_dir():
            return


def _imported(tree: ast.AST, module: _Module) -> Iterator[str]:
    """The dotted names that a module imports anywhere in its code; an attribute among them harms nothing."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, module)
            yield from (f"{base}.{alias.name}" if base else alias.name for alias in node.names)


def _base(node: ast.ImportFrom, module: _Module) -> str:
    """The dotted name that a ``from … import`` starts from."""
    if not node.level:
        return node.module or ""
    package = module.name.split(".") if module.package else module.name.split(".")[:-1]
    kept = package[: len(package) - (node.level - 1)]
    return ".".join((*kept, *([node.module] if node.module else [])))


def _plain(node: Any) -> Any:
    """A syntax tree as lists that `json` can write, without what is only told to people.

    Empty fields are left out, because each Python adds some.
    """
    if isinstance(node, list):
        return [_plain(one) for one in node if not _is_text(one)]
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = ((name, value) for name, value in ast.iter_fields(node) if value is not None and value != [])
    return [
        type(node).__name__,
        *([name, _plain(_what_counts(node, name, value))] for name, value in fields),
    ]


def _what_counts(node: ast.AST, name: str, value: Any) -> Any:
    """Of an error that is raised its class, of a card all but its words, of anything else all."""
    if isinstance(node, ast.Raise) and isinstance(value, ast.Call):
        return value.func
    if name == "keywords" and isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        words = _WORDS_OF_A_CARD if node.func.id == "EntryCard" else frozenset()
        return [one for one in value if one.arg not in words]
    return value


def _is_text(node: Any) -> bool:
    """Whether this is a text that stands alone: a docstring, also one below a constant."""
    alone = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return alone and isinstance(node.value.value, str)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
