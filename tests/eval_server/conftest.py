"""Both databases for whoever asks for `database`, and a store in each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from eval_server.store.store import Store
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
