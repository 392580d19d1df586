"""Both databases for whoever asks for `database`, and a store in each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from eval_server.store.store import Store
from tests.support.desk import Place, a_place
from tests.support.postgres import a_database
from tests.support.server import DATABASES


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest) -> str | None:
    """The URL of an empty database, None for SQLite in the data folder."""
    return None if request.param == "sqlite" else a_database()


@pytest.fixture
def store(tmp_path: Path, database: str | None) -> Iterator[Store]:
    """An empty store on either database."""
    opened = Store.open(tmp_path / "data", database)
    yield opened
    opened.close()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """An open server on loopback, with the small phase."""
    with a_place(tmp_path / "open") as found:
        found.phase()
        yield found


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Place]:
    """A server that asks for tokens, under a public name, with the small phase."""
    with a_place(tmp_path / "guarded", access="tokens", public_names=("board.example",)) as found:
        found.phase()
        yield found
