"""`pytest --fast`: without browsers, crashes and training; files that it leaves out are not even imported."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

LEFT_OUT = ("browser", "crash", "training", "slow")
_WHOLE_FILE = re.compile(rf"^pytestmark = pytest\.mark\.({'|'.join(LEFT_OUT)})$", re.MULTILINE)


def pytest_addoption(parser: pytest.Parser) -> None:
    words = f"leave out what is marked {', '.join(LEFT_OUT)}"
    parser.addoption("--fast", action="store_true", help=words)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A file that is left out as a whole is not even imported: loading torch takes seconds."""
    if not config.getoption("--fast") or collection_path.suffix != ".py":
        return None
    return True if _WHOLE_FILE.search(collection_path.read_text(encoding="utf-8")) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--fast"):
        left_out = [item for item in items if any(item.get_closest_marker(name) for name in LEFT_OUT)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
