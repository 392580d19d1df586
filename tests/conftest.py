"""What every test leaves as it found it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.support.fast import pytest_addoption, pytest_collection_modifyitems, pytest_ignore_collect
from tests.support.skips import (
    pytest_collectreport,
    pytest_runtest_logreport,
    pytest_sessionfinish,
    pytest_terminal_summary,
)

__all__ = [
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_collectreport",
    "pytest_ignore_collect",
    "pytest_runtest_logreport",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
]


@pytest.fixture(autouse=True)
def environment_as_before() -> Iterator[None]:
    """The command line and the server set variables for their children, which later tests must not meet."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)
