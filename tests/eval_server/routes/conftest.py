"""An open place, and one that asks for tokens, each with the small phase."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.desk import Place, a_place


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """An open server on loopback."""
    with a_place(tmp_path / "data") as found:
        found.phase()
        yield found


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Place]:
    """A server that asks for tokens, under a public name."""
    with a_place(tmp_path / "data", access="tokens", public_names=("board.example",)) as found:
        found.phase()
        yield found
