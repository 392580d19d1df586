"""Builders and finders that the tests share."""

from pathlib import Path

import pytest

from tests.support.stored import DATA, unpacked

SHARED = Path(__file__).resolve().parents[3] / "shared"


def stored(name: str) -> Path:
    """A file or folder of `tests/data`, as it was before it was packed."""
    found = unpacked() / name
    return found if found.exists() else DATA / name


def few_images() -> Path:
    """24 real images and the label file, in the published layout; never to be changed."""
    return stored("cnmc")


def whole_sample() -> Path:
    """All 332 images of the public sample; skips the test, with the reason, where they are absent."""
    path = SHARED / "cnmc-sample"
    if not path.exists():
        pytest.skip("needs all 332 images of the public sample in shared/cnmc-sample beside this checkout")
    return path
