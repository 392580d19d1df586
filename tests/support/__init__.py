"""Builders and finders that the tests share."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared"


def shared(name: str) -> Path:
    """A file or folder of the specification data; skips the test, with the reason, where it is absent."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"the specification data is not beside this checkout: shared/{name}")
    return path
