"""A cache folder of its own for every test, and one small drawn data set for all of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.data.layouts import MARKER
from tests.support.dataset import a_dataset


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("HARNESS_CACHE", str(folder))
    return folder


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Read only: 118 subjects, one or more cells each."""
    return a_dataset(tmp_path_factory.mktemp("drawn") / "data", cells=124)


Rearranged = Callable[[Path, Callable[[Path], Path]], Path]


@pytest.fixture
def rearranged(drawn: Path) -> Rearranged:
    """Links every file of the drawn set into another folder, at the place that a function gives it."""

    def rearrange(target: Path, place: Callable[[Path], Path]) -> Path:
        for path in sorted(drawn.rglob("*")):
            if path.is_file():
                inner = path.relative_to(drawn)
                link = target / (inner if path.name == MARKER else place(inner))
                link.parent.mkdir(parents=True, exist_ok=True)
                os.link(path, link)
        return target

    return rearrange
