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
    files = {path.format(**words): text.safe_substitute(words) for path, text in _FILES.items()}
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _write(aside, files)
        aside.chmod(0o755)
        aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return NewPackage(folder, tuple(files))


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


_PYPROJECT = Template(
    """[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "harness-$name"
version = "0.1.0"
description = "An entry for the C-NMC 2019 harness"
requires-python = ">=3.11"
dependencies = ["cnmc-harness"]

[project.entry-points."harness.models"]
$name = "$module:ENTRY"

[tool.setuptools]
py-modules = ["$module"]
"""
)

_MODULE = Template(
    '''"""$name: size and mean colour of a cell, weighed by logistic regression. Put your own idea here."""

from pathlib import Path

import harness  # noqa: F401  first, so that `models` is the harness's also beside a folder of that name
import numpy as np
from models.contract import Cells, Entry, EntryCard, Fitted, Scores, Session
from sklearn.linear_model import LogisticRegression


def seen(cells: Cells) -> np.ndarray:
    """What is looked at: size and mean colour of each cell, shape (n, 4)."""
    looks = []
    for _, crops in cells.batches(64):
        size = crops.any(axis=3).mean(axis=(1, 2))[:, None]
        looks.append(np.hstack([size, crops.mean(axis=(1, 2)) / (255 * size + 1)]))
    return np.concatenate(looks)


class Fitted$kind(Fitted):
    def __init__(self, weights: np.ndarray) -> None:
        self.weights = weights

    def predict(self, cells: Cells, session: Session) -> Scores:
        return 1 / (1 + np.exp(-self.weights[0] - seen(cells) @ self.weights[1:]))

    def save(self, folder: Path) -> None:
        np.save(folder / "weights.npy", self.weights)


class $kind(Entry):
    card = EntryCard(
        name="$name",
        summary="size and mean colour of a cell, weighed by logistic regression",
        paper="none yet: written by `harness new-model`",
    )

    def fit(self, cells: Cells, session: Session) -> Fitted:
        labels = cells.require_labels()
        learnt = LogisticRegression(C=100.0, class_weight="balanced").fit(seen(cells), labels)
        return Fitted$kind(np.concatenate([learnt.intercept_, learnt.coef_[0]]))

    def load(self, folder: Path) -> Fitted:
        return Fitted$kind(np.load(folder / "weights.npy", allow_pickle=False))


ENTRY = $kind()
'''
)

_TEST = Template(
    '''"""$name keeps the contract of an entry, and learns something."""

import harness  # noqa: F401  first: see $module.py
import numpy as np
from models.contract import Session
from models.contract_tests import ContractTests
from models.drawn_cells import drawn_cells

from $module import ENTRY


class TestContract(ContractTests):
    entry = ENTRY


def test_it_tells_most_drawn_cells_apart():
    cells = drawn_cells(60)
    asked = cells.take(np.arange(40, 60))
    scores = ENTRY.fit(cells.take(np.arange(40)), Session()).predict(asked, Session())
    assert ((scores > 0.5) == asked.labels).mean() >= 0.8
'''
)

_README = Template(
    """# $name

An entry for the C-NMC 2019 harness. Research software, not a medical device.

```
pip install -e .                 # the entry is listed by `harness models` from now on
harness models $name --check     # does it keep the contract? in seconds, on drawn cells
pytest                           # the same as tests, and that it learns something
harness submit --model $name     # trains, predicts, packs, checks and scores
```

`$module.py` holds the whole entry: `fit` learns from labelled cells, `predict` gives every cell the
probability that it is leukemic, `save` and `load` keep what was learnt. Fill in the card: it is what
readers of the leaderboard see.
"""
)

_FILES = {
    "pyproject.toml": _PYPROJECT,
    "README.md": _README,
    "{module}.py": _MODULE,
    "tests/test_{module}.py": _TEST,
}
